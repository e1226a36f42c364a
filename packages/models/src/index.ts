/** The networks, one file each, by the names that recipes use. Nothing here trains. */
import { unknownName } from '@surge-bnn/contract';
import type { Model } from '@surge-bnn/core';
import { binaryNet } from './binarynet.js';
import { cifarResNet18 } from './cifar-resnet-18.js';
import { digitsCnn } from './digits-cnn.js';
import { imageNetResNet18, imageNetResNet34 } from './imagenet-resnets.js';
import { imageNetVgg16 } from './imagenet-vgg-16.js';
import { mlp } from './mlp.js';
import type { BuildContext, Network } from './network.js';
import { reActNetA } from './reactnet-a.js';
import { resNet20 } from './resnet-20.js';
import { vggSmall } from './vgg-small.js';

export type { BuildContext, Network } from './network.js';
export { torchNames } from './torch-names.js';

const networks = [
  digitsCnn,
  mlp,
  resNet20,
  vggSmall,
  binaryNet,
  cifarResNet18,
  imageNetResNet18,
  imageNetResNet34,
  imageNetVgg16,
  reActNetA,
] as const;

/** What may be known of a network without building it. */
export type NetworkDescription = Omit<Network<object>, 'build'>;

/** The networks with one-line summaries, the pictures that they were published for, and their options. */
export const networkList: readonly NetworkDescription[] = networks;

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
