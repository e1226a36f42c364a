/** The distributions that latent weights can start from, by the names that TF.js gives them. */
import * as tfl from '@tensorflow/tfjs-layers';
import { unknownName } from '@surge-bnn/contract';

const initializers = {
  glorotNormal: tfl.initializers.glorotNormal,
  glorotUniform: tfl.initializers.glorotUniform,
  heNormal: tfl.initializers.heNormal,
  heUniform: tfl.initializers.heUniform,
};

export type KernelInitializerName = keyof typeof initializers;

/** @throws InputError with the nearest right name. */
export function kernelInitializer(name: KernelInitializerName, seed?: number) {
  if (!Object.hasOwn(initializers, name)) {
    throw unknownName('initializer', name, Object.keys(initializers));
  }
  return initializers[name]({ seed });
}
