/**
 * What binary layers share: latent weights, binarizers, the compensator's weights and state, progress, and
 * statistics. The linear operator itself is the subclass's.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { serialization, Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import type { Binarizer, InputBinarizer, ParameterSpec } from '../binarizers/binarizer.js';
import type { BinarizerName, InputBinarizerName } from '../binarizers/registry.js';
import { binarizers, resolveBinarizer, resolveInputBinarizer } from '../binarizers/registry.js';
import type { CompensatorOptions, ScalingOptions } from '../compensator/options.js';
import type { LambdaState } from '../compensator/scaler.js';
import type { BackwardStatistics } from '../compensator/statistics.js';
import type { SurgeOptions } from '../compensator/surge.js';
import { auxiliaryInitialValue, scalingOf, surge } from '../compensator/surge.js';
import { parametersOf } from '../ops/binary-plan.js';
import { refuseNaN, signOf } from '../ops/sign.js';
import { baseOptions } from './base-options.js';
import type { BaseOptions } from './base-options.js';
import { kernelInitializer } from './initializers.js';
import type { KernelInitializerName } from './initializers.js';

type LayerVariable = tfl.LayerVariable;

export interface BinaryLayerOptions extends BaseOptions {
  /** How inputs are binarized; 'none': they stay float, and only the weights are binary. Default 'ste'. */
  inputBinarizer?: InputBinarizerName | Binarizer;
  /** How weights are binarized. Default 'ste'. */
  weightBinarizer?: BinarizerName | Binarizer;
  /** Distribution of the latent weights at the start. Default 'glorotNormal'. */
  initializer?: KernelInitializerName;
  /** Seed of that distribution; absent: a new one each time. */
  seed?: number;
  /** Written by getConfig for a layer with a compensator; use `attachCompensator` yourself. */
  compensator?: SurgeOptions & { seed: number };
}

// A record, so that an option which is added and not listed here is an error of the compiler.
const sharedKeys: Record<Exclude<keyof BinaryLayerOptions, keyof BaseOptions>, true> = {
  inputBinarizer: true,
  weightBinarizer: true,
  initializer: true,
  seed: true,
  compensator: true,
};

/** A layer whose weights and, but for inputBinarizer 'none', inputs are binarized, with latent weights that an optimizer trains. */
export abstract class BinaryLayer extends tfl.layers.Layer {
  readonly inputBinarizer: InputBinarizer;
  readonly weightBinarizer: Binarizer;
  /** Training progress p in [0, 1] for everything scheduled; see `setProgress`. */
  progress = 0;
  /**
   * Whether a forward in training first clips the latent weights to their range. TF.js's own optimizers apply no
   * constraint, so `model.fit` needs it: clipping before a forward equals clipping after the step before it
   * (signs do not change). A training loop that clips in its own step sets it to false.
   */
  clipsInForward = true;
  /** Called after each backward with what it measured. */
  onStatistics: ((statistics: BackwardStatistics) => void) | undefined;
  protected latent: LayerVariable | undefined;
  private auxiliaryWeights: LayerVariable | undefined;
  private inputParameters: LayerVariable[] = [];
  private weightParameters: LayerVariable[] = [];
  private surgeOptions: (SurgeOptions & { seed: number }) | undefined;
  /** The part of them that each call takes. */
  private scaling: ScalingOptions | undefined;
  private lambdaState: LambdaState = {};

  /** @param layer its factory function's name, for errors. @param ownKeys the options of the subclass. */
  protected constructor(
    protected readonly options: BinaryLayerOptions,
    layer: string,
    ownKeys: readonly string[],
  ) {
    super(baseOptions(options, layer, [...ownKeys, ...Object.keys(sharedKeys)]));
    this.inputBinarizer = resolveInputBinarizer(options.inputBinarizer ?? 'ste');
    this.weightBinarizer = resolveBinarizer(options.weightBinarizer ?? 'ste');
    if (options.compensator !== undefined) checkSaved(options.compensator, this.name);
  }

  /** The latent weights. @throws before the layer is built. */
  get binaryKernel(): LayerVariable {
    if (this.latent === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    return this.latent;
  }

  /** The auxiliary weights W_a: undefined without a compensator, and with a shared one. */
  get auxiliary(): LayerVariable | undefined {
    return this.auxiliaryWeights;
  }

  /** The range that latent weights are clipped to after each step, if the binarizer wants one. */
  get latentRange(): readonly [number, number] | undefined {
    return this.weightBinarizer.latentRange;
  }

  /** The compensator's options, or undefined when there is none. */
  get compensator(): SurgeOptions | undefined {
    return this.surgeOptions;
  }

  /** The memory of the moving-average lam, as plain data for a checkpoint. */
  compensatorState(): LambdaState {
    return { ...this.lambdaState };
  }

  restoreCompensatorState(state: LambdaState): void {
    this.lambdaState = { ...state };
  }

  /**
   * Gives the layer its auxiliary branch; `attachCompensator` calls it for a model's layers.
   * @param seed with the layer's name it seeds the random stream of W_a, which is no other stream's.
   */
  attachCompensator(options: SurgeOptions, seed: number): void {
    if (this.surgeOptions !== undefined) {
      throw new InputError(`layer "${this.name}" already has a compensator; detach it first`);
    }
    this.setSurge({ ...options, seed });
    this.lambdaState = {};
    if (this.latent !== undefined) this.makeAuxiliary();
  }

  /** Takes the auxiliary branch away again: weights and parameter counts are as before. */
  detachCompensator(): void {
    const auxiliary = this.auxiliaryWeights;
    this.setSurge(undefined);
    this.lambdaState = {};
    if (auxiliary === undefined) return;
    this.auxiliaryWeights = undefined;
    this._trainableWeights = this._trainableWeights.filter((w) => w !== auxiliary);
    auxiliary.dispose();
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

  protected makeWeights(kernelShape: number[], inChannels: number): void {
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
          tfl.initializers.constant({ value: spec.initialValue }),
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
    if (given !== undefined) this.setSurge(given);
    if (this.surgeOptions !== undefined) this.makeAuxiliary();
  }

  /**
   * What evaluation computes with: the signs of the transformed latent weights, in the kernel's shape, and the scale
   * [outChannels] where the weight binarizer has one. The caller disposes them.
   *
   * @throws InputError when a latent weight is NaN.
   */
  inferenceWeights(): { signs: Tensor; scale?: Tensor } {
    const { transform, scale } = this.weightBinarizer;
    return tf.tidy(() => {
      const kernel = this.binaryKernel.read();
      const parameters = this.weightParameters.map((w) => w.read());
      const ofTransform = parameters.slice(0, transform.parameters.length);
      const ofScale = parameters.slice(transform.parameters.length);
      const latent = transform.forward(kernel, ofTransform, this.progress);
      refuseNaN(latent, 'kernel', this.name);
      const signs = signOf(latent);
      if (scale === undefined) return { signs };
      return { signs, scale: scale.scale(kernel, ofScale, this.progress) };
    });
  }

  /** What the ops need from the layer. */
  protected opOptions(training: boolean) {
    if (training && this.clipsInForward) this.clipLatentWeights();
    const read = (w: LayerVariable): Tensor => w.read();
    return {
      inputBinarizer: this.inputBinarizer,
      weightBinarizer: this.weightBinarizer,
      compensator: training ? this.callCompensator() : undefined,
      p: this.progress,
      name: this.name,
      onStatistics: this.onStatistics,
      inputParameters: this.inputParameters.map(read),
      weightParameters: this.weightParameters.map(read),
    };
  }

  override getConfig(): serialization.ConfigDict {
    const name = (binarizer: InputBinarizer) => {
      if (binarizer === 'none') return binarizer;
      const known: Record<string, Binarizer> = binarizers;
      if (known[binarizer.name] === binarizer) return binarizer.name;
      throw new InputError(
        `layer "${this.name}": binarizer "${binarizer.name}" is not one of the published ones, so a saved model could not find it; allowed: ${Object.keys(known).join(', ')}`,
      );
    };
    const { initializer, seed } = this.options;
    const config: serialization.ConfigDict = {
      ...super.getConfig(),
      inputBinarizer: name(this.inputBinarizer),
      weightBinarizer: name(this.weightBinarizer),
      ...(initializer === undefined ? {} : { initializer }),
      ...(seed === undefined ? {} : { seed }),
    };
    if (this.surgeOptions !== undefined) {
      if (typeof this.surgeOptions.eta === 'function') {
        throw new InputError(
          `layer "${this.name}": an eta schedule is a function and cannot be saved; detach the compensator before saving the model`,
        );
      }
      config['compensator'] = JSON.parse(
        JSON.stringify(this.surgeOptions),
      ) as serialization.ConfigDict;
    }
    return config;
  }

  private setSurge(options: (SurgeOptions & { seed: number }) | undefined): void {
    this.surgeOptions = options;
    this.scaling = options && scalingOf(options);
  }

  private makeAuxiliary(): void {
    const options = this.surgeOptions;
    const form = options?.form ?? 'full';
    if (options === undefined || form === 'shared') return;
    const kernel = this.binaryKernel.read();
    const value = auxiliaryInitialValue(options, kernel, options.seed, this.name);
    // Not by addWeight, which never forgets a name: after detaching, the same name must be free again.
    this.auxiliaryWeights = new tfl.LayerVariable(
      value,
      'float32',
      `${this.name}/auxiliary`,
      form !== 'frozen',
    );
    this._trainableWeights.push(this.auxiliaryWeights);
    value.dispose();
  }

  private callCompensator(): CompensatorOptions | undefined {
    const options = this.surgeOptions;
    if (options === undefined) return undefined;
    const scaling = { ...this.scaling, state: this.lambdaState };
    const weights = this.auxiliaryWeights?.read();
    if (weights === undefined) return { ...scaling, auxiliary: { form: 'shared' } };
    if (options.form === 'frozen') return { ...scaling, auxiliary: { form: 'frozen', weights } };
    return { ...scaling, auxiliary: weights };
  }
}

/** A saved layer brings the seed of its W_a along; everything else is what `surge` takes. */
function checkSaved({ seed, ...options }: SurgeOptions & { seed: number }, layer: string): void {
  if (!Number.isInteger(seed)) {
    throw new InputError(
      `layer "${layer}": the compensator needs a whole number as seed, got ${seed}; attachCompensator(model, surge({...})) takes care of it`,
    );
  }
  surge(options);
}
