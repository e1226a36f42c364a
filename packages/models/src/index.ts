/** The networks, one file each, by the names that recipes use. Nothing here trains. */
import { unknownName } from '@surge-bnn/contract';
import type { Model } from '@surge-bnn/core';
import { digitsCnn } from './digits-cnn.js';
import { mlp } from './mlp.js';
import type { BuildContext, Network } from './network.js';
import { resNet20 } from './resnet-20.js';
import { vggSmall } from './vgg-small.js';

export type { BuildContext, Network } from './network.js';

const networks = [digitsCnn, mlp, resNet20, vggSmall] as const;

/** Names and one-line summaries. */
export const networkList: readonly Pick<Network<object>, 'name' | 'summary' | 'defaults'>[] =
  networks;

/** A recipe's description of a network: its name and the options that differ from the defaults. */
export interface NetworkSpec {
  network: string;
  options?: Readonly<Record<string, unknown>>;
}

/**
 * Builds the network with fresh weights.
 * @throws InputError for an unknown network or option, with the nearest right one.
 */
export function buildModel(spec: NetworkSpec, context: BuildContext): Model {
  const network = networks.find((n) => n.name === spec.network);
  if (network === undefined) {
    throw unknownName(
      'network',
      spec.network,
      networks.map((n) => n.name),
    );
  }
  return build(network as Network<object>, spec.options ?? {}, context);
}

function build<Options extends object>(
  network: Network<Options>,
  given: Readonly<Record<string, unknown>>,
  context: BuildContext,
): Model {
  const allowed = Object.keys(network.defaults);
  for (const key of Object.keys(given)) {
    if (!allowed.includes(key))
      throw unknownName(`option of network ${network.name}`, key, allowed);
  }
  return network.build({ ...network.defaults, ...given }, context);
}
