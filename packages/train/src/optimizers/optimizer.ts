/**
 * What an optimizer is: a pure pair {init, update}. It owns no state; the slots (momentum, moments) are tensors
 * that the caller keeps, stores in checkpoints and hands back. An update runs in one fused kernel where the
 * active backend has it, else in the engine's reference function; both compute one formula.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LatentClip } from '@surge-bnn/contract';

/** Slots of one parameter by name; every slot has the parameter's shape. */
export type OptimizerState = Readonly<Record<string, tf.Tensor>>;

export interface UpdateArguments {
  readonly parameter: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly state: OptimizerState;
  /** Steps counted from 1, as Adam's bias correction wants it. */
  readonly step: number;
  /** Multiplies the optimizer's own learning rate: schedule times the group's factor. Default 1. */
  readonly factor?: number;
  /** The new parameter is clipped to this range: latent weights of binarizers that ask for it. */
  readonly clip?: readonly [number, number];
}

export interface UpdateResult {
  readonly parameter: tf.Tensor;
  readonly state: OptimizerState;
}

export interface Optimizer {
  readonly name: string;
  /** Slot names, in the order of the kernel's outputs. */
  readonly slots: readonly string[];
  /** The slots before the first step: new tensors. */
  init(parameter: tf.Tensor): OptimizerState;
  /** What the parameter must be turned into before the first step: Bop wants signs. */
  prepare?(parameter: tf.Tensor): tf.Tensor;
  /** One step. Returns new tensors and disposes nothing. */
  update(args: UpdateArguments): UpdateResult;
  /** The rate that `factor` multiplies, for reports. */
  readonly learningRate: number;
}

/** Slots of zeros. */
export function zeroSlots(names: readonly string[], parameter: tf.Tensor): OptimizerState {
  return Object.fromEntries(names.map((name) => [name, tf.zeros(parameter.shape)]));
}

/** A range as the kernels' attributes. */
export function clipAttributes(clip: UpdateArguments['clip']): LatentClip {
  return clip === undefined ? {} : { clipMin: clip[0], clipMax: clip[1] };
}

/** How one kernel is called: its inputs in order, and the same formula on plain arrays. */
export interface StepKernel {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly attrs: object;
  /** Writes into `outputs`, arrays of the parameter's size, as many as `slots` + 1. */
  reference(inputs: readonly Float32Array[], outputs: readonly Float32Array[]): void;
}

/** Runs the step and names its outputs: the parameter first, then the slots. */
export function runStep(step: StepKernel, slots: readonly string[]): UpdateResult {
  const [parameter, ...rest] = outputsOf(step, slots.length + 1);
  return { parameter, state: Object.fromEntries(slots.map((name, i) => [name, rest[i]])) };
}

function outputsOf(step: StepKernel, count: number): tf.Tensor[] {
  if (tf.getKernel(step.kernel, tf.getBackend()) !== undefined) {
    // TF.js reads the inputs and says no more of it in its types.
    const inputs = step.inputs as tf.NamedTensorMap;
    const attrs = step.attrs as tf.NamedAttrMap;
    const outputs = tf.engine().runKernel(step.kernel, inputs, attrs);
    return Array.isArray(outputs) ? outputs : [outputs];
  }
  const inputs = Object.values(step.inputs);
  const shape = inputs[0].shape;
  const arrays = inputs.map((tensor) => Float32Array.from(tensor.dataSync()));
  const outputs = Array.from({ length: count }, () => new Float32Array(arrays[0].length));
  step.reference(arrays, outputs);
  return outputs.map((values) => tf.tensor(values, shape, 'float32'));
}
