/** Attaching SURGE to a model and taking it away again. */
import type { Optimizer, serialization } from '@tensorflow/tfjs-core';
import { checkKeys, InputError } from '@surge-bnn/contract';
import type { SurgeOptions } from '../compensator/surge.js';
import { inScope, surge } from '../compensator/surge.js';
import { binaryLayers } from './binary-layers.js';
import type { Model } from './binary-layers.js';

/**
 * Gives the binary layers in `options.scope` their auxiliary branches. A compiled model is compiled again with
 * what it had, because TF.js freezes the list of trainable weights at compile. An optimizer of TF.js that has made
 * steps already is replaced by a new one with the same settings: it finds its moments by the weights' positions,
 * which are others now.
 *
 * @param options made by `surge({...})`.
 * @param given `seed` (default 0) of the initial auxiliary weights, from a random stream that nothing else uses.
 * @throws InputError when the model has no binary layer, already has a compensator, or has a layer that sizes do not fit; the model is as
 *   before then.
 */
export function attachCompensator(
  model: Model,
  options: SurgeOptions,
  given: { seed?: number } = {},
): void {
  checkKeys(given, ['seed'], 'attachCompensator');
  const { seed = 0 } = given;
  const checked = surge(options);
  const layers = binaryLayers(model);
  if (layers.length === 0) {
    throw new InputError(
      `attachCompensator: the model "${model.name}" has no binary layer; use layers.binaryConv2d or layers.binaryDense`,
    );
  }
  const chosen = inScope(layers, checked.scope ?? 'all');
  const taken = chosen.find((layer) => layer.compensator !== undefined);
  if (taken !== undefined) {
    throw new InputError(
      `attachCompensator: layer "${taken.name}" already has a compensator; call detachCompensator(model) first`,
    );
  }
  try {
    for (const layer of chosen) layer.attachCompensator(checked, seed);
  } catch (error) {
    // A size that does not fit one layer leaves none with a compensator: the call can be corrected and made again.
    for (const layer of chosen) layer.detachCompensator();
    throw error;
  }
  recompile(model);
}

/**
 * Takes all auxiliary branches away: weights, parameter counts and outputs are those of the plain network. A model
 * without any is left as it is; for a compiled one `attachCompensator` tells what becomes of its optimizer.
 */
export function detachCompensator(model: Model): void {
  const layers = binaryLayers(model).filter((layer) => layer.compensator !== undefined);
  if (layers.length === 0) return;
  for (const layer of layers) layer.detachCompensator();
  recompile(model);
}

/** What TF.js keeps to itself: whether the model is compiled, and whether it frees the optimizer's slots. */
interface Compiled {
  optimizer_?: Optimizer | null;
  isOptimizerOwned: boolean;
}

function recompile(model: Model): void {
  const compiled = model as unknown as Compiled;
  const before = compiled.optimizer_;
  if (before === undefined || before === null) return;
  const { loss, metrics } = model;
  const owned = compiled.isOptimizerOwned;
  const started = before.iterations > 0;
  const optimizer = started ? sameSettings(before) : before;
  if (started && owned) before.dispose();
  model.compile({ optimizer, loss, metrics });
  compiled.isOptimizerOwned = owned || started;
}

function sameSettings(optimizer: Optimizer): Optimizer {
  const kind = optimizer.constructor as serialization.SerializableConstructor<Optimizer>;
  return kind.fromConfig(kind, optimizer.getConfig());
}
