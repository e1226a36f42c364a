/** Attaching SURGE to a model and taking it away again. */
import { InputError } from '@surge-bnn/contract';
import type { SurgeOptions } from '../compensator/surge.js';
import { inScope, surge } from '../compensator/surge.js';
import { binaryLayers } from './binary-layers.js';
import type { Model } from './binary-layers.js';

/**
 * Gives the binary layers in `options.scope` their auxiliary branches. A compiled model is compiled again with
 * what it had, because TF.js freezes the list of trainable weights at compile.
 *
 * @param options made by `surge({...})`.
 * @param seed seeds the initial auxiliary weights, from a random stream that nothing else uses.
 * @throws InputError when the model has no binary layer or already has a compensator.
 */
export function attachCompensator(
  model: Model,
  options: SurgeOptions,
  { seed = 0 }: { seed?: number } = {},
): void {
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
  for (const layer of chosen) layer.attachCompensator(checked, seed);
  recompile(model);
}

/** Takes all auxiliary branches away: weights, parameter counts and outputs are those of the plain network. */
export function detachCompensator(model: Model): void {
  for (const layer of binaryLayers(model)) layer.detachCompensator();
  recompile(model);
}

function recompile(model: Model): void {
  const compiled: { optimizer_?: unknown } = model as unknown as { optimizer_?: unknown };
  if (compiled.optimizer_ === undefined || compiled.optimizer_ === null) return;
  const { optimizer, loss, metrics } = model;
  model.compile({ optimizer, loss, metrics });
}
