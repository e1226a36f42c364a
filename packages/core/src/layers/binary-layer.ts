/**
 * What binary layers share: latent weights, binarizers, the compensator's weights and state, progress, and
 * statistics. The linear operator itself is the subclass's.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError, seedFor } from '@surge-bnn/contract';
import type { Binarizer, InputBinarizer, ParameterSpec } from '../binarizers/binarizer.js';
import type { BinarizerSpec, InputBinarizerName } from '../binarizers/registry.js';
import {
  binarizers,
  resolveBinarizer,
  resolveInputBinarizer,
  specOf,
} from '../binarizers/registry.js';
import type { LambdaState } from '../compensator/scaler.js';
import type { BackwardStatistics } from '../compensator/statistics.js';
import type { SurgeOptions } from '../compensator/surge.js';
import { parametersOf } from '../ops/binary-plan.js';
import { signed } from '../ops/input-side.js';
import { refuseNaN, signOf } from '../ops/sign.js';
import { weightParts } from '../ops/weight-side.js';
import { baseOptions } from './base-options.js';
import type { BaseOptions } from './base-options.js';
import { kernelInitializer } from './initializers.js';
import type { KernelInitializerName } from './initializers.js';
import { checkSaved, LayerCompensator } from './layer-compensator.js';
import type { SeededSurge } from './layer-compensator.js';

type LayerVariable = tfl.LayerVariable;

export interface BinaryLayerOptions extends BaseOptions {
  /** How inputs are binarized; 'none': they stay float, and only the weights are binary. Default 'ste'. */
  inputBinarizer?: InputBinarizerName | Binarizer;
  /** How weights are binarized. Default 'ste'. */
  weightBinarizer?: BinarizerSpec | Binarizer;
  /** Distribution of the latent weights at the start. Default 'glorotNormal'. */
  initializer?: KernelInitializerName;
  /** Seed of that distribution; absent: a new one each time. */
  seed?: number;
  /**
   * Training progress p that the layer starts with, in [0, 1]. Default 0. Written by getConfig for weights that are real until some p: without it
   * a trained network would be loaded with real weights. Use `setProgress` yourself.
   */
  progress?: number;
  /** Written by getConfig for a layer with a compensator; use `attachCompensator` yourself. */
  compensator?: SeededSurge;
}

// A record, so that an option which is added and not listed here is an error of the compiler.
const sharedKeys: Record<Exclude<keyof BinaryLayerOptions, keyof BaseOptions>, true> = {
  inputBinarizer: true,
  weightBinarizer: true,
  initializer: true,
  seed: true,
  progress: true,
  compensator: true,
};

/** A layer whose weights and, but for inputBinarizer 'none', inputs are binarized, with latent weights that an optimizer trains. */
export abstract class BinaryLayer extends tfl.layers.Layer {
  readonly inputBinarizer: InputBinarizer;
  readonly weightBinarizer: Binarizer;
  /** Training progress p in [0, 1] for everything scheduled; see `setProgress`. */
  progress: number;
  /**
   * Whether a forward in training first clips the latent weights to their range. TF.js's own optimizers apply no
   * constraint, so `model.fit` needs it: clipping before a forward equals clipping after the step before it
   * (signs do not change). A training loop that clips in its own step sets it to false.
   */
  clipsInForward = true;
  /** Called after each backward with what it measured. */
  onStatistics: ((statistics: BackwardStatistics) => void) | undefined;
  protected latent: LayerVariable | undefined;
  private branch: LayerCompensator | undefined;
  private operator = { inChannels: 0, groups: 1 };
  private inputParameters: LayerVariable[] = [];
  private weightParameters: LayerVariable[] = [];
  private startsFromNext = false;

  /** @param layer its factory function's name, for errors. @param ownKeys the options of the subclass. */
  protected constructor(
    protected readonly options: BinaryLayerOptions,
    layer: string,
    ownKeys: readonly string[],
  ) {
    super(baseOptions(options, layer, [...ownKeys, ...Object.keys(sharedKeys)]));
    this.inputBinarizer = resolveInputBinarizer(options.inputBinarizer ?? 'ste');
    this.weightBinarizer = resolveBinarizer(options.weightBinarizer ?? 'ste');
    this.progress = checkedProgress(options.progress ?? 0, this.name);
    if (options.compensator !== undefined) checkSaved(options.compensator, this.name);
    // TF.js's own training adds it; a training loop of its own asks for `latentPenalty`.
    if (this.weightBinarizer.penalty) this.addLoss(() => this.penalty() ?? tf.scalar(0));
  }

  /** The latent weights. @throws before the layer is built. */
  get binaryKernel(): LayerVariable {
    if (this.latent === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    return this.latent;
  }

  /** The auxiliary weights: W_a, or U and V; none without a compensator, and with a shared one. */
  get auxiliaries(): readonly LayerVariable[] {
    return this.branch?.weights ?? [];
  }

  /** The first of them: W_a itself, unless it is of low rank. */
  get auxiliary(): LayerVariable | undefined {
    return this.auxiliaries.at(0);
  }

  /** Whether the input binarizer has numbers that start from what a first batch is like. */
  get startsFromInput(): boolean {
    return this.inputBinarizer !== 'none' && this.inputBinarizer.transform.start !== undefined;
  }

  /** The next forward sets them; `startInputs` calls it for a model's layers. */
  startFromNextInput(): void {
    this.startsFromNext = this.startsFromInput;
  }

  /** The range that latent weights are clipped to after each step, if the binarizer wants one. */
  get latentRange(): readonly [number, number] | undefined {
    return this.weightBinarizer.latentRange;
  }

  /** The compensator's options, or undefined when there is none. */
  get compensator(): SurgeOptions | undefined {
    return this.branch?.options;
  }

  /** The memory of the moving-average lam, as plain data for a checkpoint. */
  compensatorState(): LambdaState {
    return this.branch?.save() ?? {};
  }

  /** @throws InputError for a memory that a layer without compensator has no place for. */
  restoreCompensatorState(state: LambdaState): void {
    if (this.branch === undefined && Object.keys(state).length > 0) {
      throw new InputError(
        `layer "${this.name}" has no compensator that the saved state ${JSON.stringify(state)} could be restored to; attach one first`,
      );
    }
    this.branch?.restore(state);
  }

  /**
   * Gives the layer its auxiliary branch; `attachCompensator` calls it for a model's layers.
   * @param seed with the layer's name it seeds the random stream of W_a, which is no other stream's.
   */
  attachCompensator(options: SurgeOptions, seed: number): void {
    if (this.branch !== undefined) {
      throw new InputError(`layer "${this.name}" already has a compensator; detach it first`);
    }
    this.branch = new LayerCompensator({ ...options, seed }, this.name);
    if (this.latent !== undefined) this.makeAuxiliary();
  }

  /** Takes the auxiliary branch away again: weights and parameter counts are as before. */
  detachCompensator(): void {
    const { auxiliaries } = this;
    this._trainableWeights = this._trainableWeights.filter((w) => !auxiliaries.includes(w));
    this.branch?.dispose();
    this.branch = undefined;
  }

  /** Clips the latent weights to their range. The training step does it; call it after a step of your own. */
  clipLatentWeights(): void {
    const range = this.latentRange;
    if (range === undefined) return;
    const kernel = this.binaryKernel;
    const clipped = tf.tidy(() => tf.clipByValue(kernel.read(), range[0], range[1]));
    kernel.write(clipped);
    clipped.dispose();
  }

  /** @param groups of the layer's linear operator. */
  protected makeWeights(kernelShape: number[], inChannels: number, groups = 1): void {
    this.operator = { inChannels, groups };
    const { initializer = 'glorotNormal', seed } = this.options;
    this.latent = this.addWeight(
      'kernel',
      kernelShape,
      'float32',
      kernelInitializer(initializer, seed),
    );
    const outChannels = kernelShape[kernelShape.length - 1];
    const make = (specs: readonly ParameterSpec[], channels: number) =>
      specs.map((spec) =>
        this.addWeight(
          spec.name,
          spec.shape === 'scalar' ? [1] : [channels],
          'float32',
          parameterInitializer(spec, seed),
        ),
      );
    this.inputParameters = make(parametersOf(this.inputBinarizer), inChannels);
    this.weightParameters = make(
      [
        ...this.weightBinarizer.transform.parameters,
        ...(this.weightBinarizer.scale?.parameters ?? []),
      ],
      outChannels,
    );
    const given = this.options.compensator;
    if (given !== undefined) this.branch = new LayerCompensator(given, this.name);
    this.makeAuxiliary();
  }

  /**
   * What evaluation computes with: the signs of the transformed latent weights, in the kernel's shape, and where the weight binarizer
   * has them scale and offset, [outChannels]; while its forward value is still real, `real` stands in the place of the signs, at which a
   * network is evaluated but not shipped. The caller disposes them.
   *
   * @throws InputError when a latent weight is NaN.
   */
  inferenceWeights(): { signs: Tensor; real?: Tensor; scale?: Tensor; offset?: Tensor } {
    return tf.tidy(() => {
      const { v, real, scale, offset } = this.parts();
      refuseNaN(v, 'kernel', this.name);
      return {
        signs: signOf(v),
        ...(real === undefined ? {} : { real }),
        ...(scale === undefined ? {} : { scale }),
        ...(offset === undefined ? {} : { offset }),
      };
    });
  }

  /** What the input binarizer does before its sign, and to it, with the layer's parameters; for the converter. The caller disposes. */
  inferenceInputs(): {
    factor?: Tensor;
    shift?: Tensor;
    set?: { scale: Tensor; offset: Tensor };
  } {
    const { inputBinarizer: input, progress } = this;
    if (input === 'none') return {};
    const parameters = this.inputParameters.map((w) => w.read());
    return tf.tidy(() => {
      // Copies: a parameter itself is not the caller's.
      const { factor, shift } = input.transform.signs?.(parameters, progress) ?? {};
      return {
        ...(factor === undefined ? {} : { factor: factor.clone() }),
        ...(shift === undefined ? {} : { shift: shift.clone() }),
        ...(input.set === undefined ? {} : { set: input.set.values(parameters, progress) }),
      };
    });
  }

  /** The signs that the layer takes of x, as numbers. The caller disposes. @throws InputError for a NaN. */
  inputSigns(x: Tensor): Tensor {
    const { inputBinarizer: input } = this;
    if (input === 'none') throw new Error(`layer "${this.name}" takes no signs of its input`);
    return tf.tidy(() => {
      const parameters = this.inputParameters.map((w) => w.read());
      const u = signed(x, input, parameters, this.progress);
      refuseNaN(u, 'input', this.name);
      return signOf(u);
    });
  }

  /** Whether the forward value of the weights is real at the layer's p, so that there are no signs to ship. */
  get isReal(): boolean {
    return this.weightBinarizer.real?.appliesAt(this.progress) === true;
  }

  /** The signs of the transformed latent weights, 1 where negative: the packed bits. NaN counts as positive. */
  signBits(): Uint8Array {
    const bits = new Uint8Array(this.binaryKernel.read().size);
    // Not as the tidy's result: tidy would look for tensors in it, entry by entry.
    tf.tidy(() => {
      const values = this.parts().v.dataSync();
      for (let i = 0; i < bits.length; i++) bits[i] = values[i] < 0 ? 1 : 0;
    });
    return bits;
  }

  /** The weight binarizer's term of the loss at the layer's p; undefined where there is none. Differentiable. */
  penalty(): tf.Scalar | undefined {
    const { penalty } = this.weightBinarizer;
    if (this.latent === undefined || penalty?.appliesAt(this.progress) !== true) return undefined;
    return penalty.value(this.latent.read(), this.progress);
  }

  private parts() {
    const parameters = this.weightParameters.map((w) => w.read());
    const ofTransform = this.weightBinarizer.transform.parameters.length;
    const tensors = {
      kernel: this.binaryKernel.read(),
      transformParameters: parameters.slice(0, ofTransform),
      scaleParameters: parameters.slice(ofTransform),
    };
    return weightParts(this.weightBinarizer, tensors, this.progress);
  }

  /** What the ops need from the layer. */
  protected opOptions(x: Tensor, training: boolean) {
    if (this.startsFromNext) this.startFrom(x);
    if (training && this.clipsInForward) this.clipLatentWeights();
    const read = (w: LayerVariable): Tensor => w.read();
    return {
      inputBinarizer: this.inputBinarizer,
      weightBinarizer: this.weightBinarizer,
      compensator: training ? this.branch?.forCall() : undefined,
      p: this.progress,
      name: this.name,
      onStatistics: this.onStatistics,
      inputParameters: this.inputParameters.map(read),
      weightParameters: this.weightParameters.map(read),
    };
  }

  override getConfig(): serialization.ConfigDict {
    const name = (binarizer: InputBinarizer) => {
      const spec = specOf(binarizer);
      if (spec !== undefined) return spec as string | serialization.ConfigDict;
      const own = binarizer === 'none' ? binarizer : binarizer.name;
      throw new InputError(
        `layer "${this.name}": binarizer "${own}" is not one of the published ones, so a saved model could not find it; allowed: ${Object.keys(binarizers).join(', ')}`,
      );
    };
    const { initializer, seed } = this.options;
    const config: serialization.ConfigDict = {
      ...super.getConfig(),
      inputBinarizer: name(this.inputBinarizer),
      weightBinarizer: name(this.weightBinarizer),
      ...(initializer === undefined ? {} : { initializer }),
      ...(seed === undefined ? {} : { seed }),
      ...(this.weightBinarizer.real === undefined ? {} : { progress: this.progress }),
    };
    if (this.branch !== undefined) config['compensator'] = this.branch.config();
    return config;
  }

  private startFrom(x: Tensor): void {
    this.startsFromNext = false;
    const { inputBinarizer: input, inputParameters: parameters } = this;
    if (input === 'none') return;
    const values = input.transform.start?.(
      x,
      parameters.map((w) => w.read()),
    );
    values?.forEach((value, i) => parameters[i].write(value));
    tf.dispose(values ?? []);
  }

  private makeAuxiliary(): void {
    this.branch?.make(this.binaryKernel.read(), this.operator);
    this._trainableWeights.push(...this.auxiliaries);
  }
}

/** A parameter at the start; a random one by the layer's seed, in a stream of its own. */
function parameterInitializer({ name, initialValue }: ParameterSpec, seed: number | undefined) {
  if (typeof initialValue === 'number') return tfl.initializers.constant({ value: initialValue });
  const [minval, maxval] = initialValue.uniform;
  const stream = seed === undefined ? undefined : seedFor(seed, name);
  return tfl.initializers.randomUniform({ minval, maxval, seed: stream });
}

function checkedProgress(p: number, layer: string): number {
  if (p >= 0 && p <= 1) return p;
  throw new InputError(`layer "${layer}": progress must lie in [0, 1], got ${p}`);
}
