/**
 * What one call of a binary op has decided, once its options are checked: the attributes of the kernel
 * BINARY_CONV_2D. Tensors are not in here; they travel as the kernel's inputs, in the order
 * x, kernel, [auxiliary or two of them], parameters of the input binarizer, of the weight binarizer's transform, of its scale.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ConvGeometry, PadValue } from '@surge-bnn/contract';
import type {
  Binarizer,
  InputBinarizer,
  ParameterSpec,
  Progress,
} from '../binarizers/binarizer.js';
import type { AuxiliaryForm, Scaling } from '../compensator/options.js';
import { tensorsOf } from '../compensator/options.js';
import type { LambdaState } from '../compensator/scaler.js';
import type { BackwardStatistics } from '../compensator/statistics.js';

export interface BinaryPlan {
  readonly geometry: ConvGeometry;
  readonly padValue: PadValue;
  /** 'none': the inputs stay float, and the products are floats times signs. */
  readonly input: InputBinarizer;
  readonly weight: Binarizer;
  readonly p: Progress;
  /** Name for errors. */
  readonly layer: string;
  /** Which auxiliary weights the call brought; all but shared ones are inputs of the kernel. */
  readonly auxiliaryForm?: AuxiliaryForm;
  /** Absent when there is no compensator or its eta is 0 at this p: then nothing of the branch is computed. */
  readonly compensator?: {
    readonly scaling: Scaling;
    readonly eta: number;
    readonly state: LambdaState;
  };
  readonly onStatistics?: (statistics: BackwardStatistics) => void;
}

/** The kernel's input list, taken apart. */
export interface PlanTensors {
  readonly x: Tensor;
  readonly kernel: Tensor;
  /** None without a compensator; W_a, or U and V. */
  readonly auxiliary: Tensor[];
  readonly inputParameters: Tensor[];
  readonly transformParameters: Tensor[];
  readonly scaleParameters: Tensor[];
}

export function takeApart(inputs: readonly Tensor[], plan: BinaryPlan): PlanTensors {
  const rest = inputs.slice(2);
  const form = plan.auxiliaryForm;
  const own = form === undefined ? 0 : tensorsOf[form];
  const auxiliary = form === 'shared' ? [inputs[1]] : rest.splice(0, own);
  return {
    x: inputs[0],
    kernel: inputs[1],
    auxiliary,
    inputParameters: rest.splice(0, parametersOf(plan.input).length),
    transformParameters: rest.splice(0, plan.weight.transform.parameters.length),
    scaleParameters: rest,
  };
}

/** The learnable tensors that come with the choice for the inputs. */
export function parametersOf(input: InputBinarizer): readonly ParameterSpec[] {
  return input === 'none' ? [] : input.transform.parameters;
}
