/** The measured networks, and what their convolutions cost. */
import { summarize } from '@surge-bnn/core';
import { useEngine } from '@surge-bnn/engine';
import { buildModel, networkList } from '@surge-bnn/models';

/** How `buildModel` is told the network, on pictures of the size that it was published for. */
export function networkOf(network, method) {
  const { inputShape } = networkList.find(({ name }) => name === network);
  const options = { precision: method === 'fp' ? 'full' : 'binary' };
  return { spec: { network, options }, inputShape };
}

/**
 * What a network's convolutions are for a batch of pictures.
 *
 * @returns macs: multiply-adds for one picture, once through, of the float stem and of all behind it (binary, or ordinary in the
 *   full-precision twin); convolutions: {numbers, count, isStem} for each that differs, numbers as peers/onednn_shapes.cc reads them
 */
export async function describeNetwork(network, batch) {
  await useEngine({ backend: 'cpu' });
  const { spec, inputShape } = networkOf(network, 'ste');
  const model = buildModel(spec, {
    inputBinarizer: 'ste',
    weightBinarizer: 'ste',
    seed: 1,
    inputShape,
    classes: 10,
  });
  const { layers } = summarize(model);
  const sum = (key) =>
    layers
      .filter(({ kind }) => kind.includes('Conv2D'))
      .reduce((total, layer) => total + layer[key], 0);
  const macs = { stem: sum('floatMacs'), inner: sum('binaryMacs') };
  const convolutions = distinctConvolutions(model, batch);
  model.dispose();
  return { macs, convolutions };
}

function distinctConvolutions(model, batch) {
  const found = new Map();
  for (const layer of model.layers.filter(({ geometry }) => geometry !== undefined)) {
    const g = layer.geometry([batch, ...layer.input.shape.slice(1)]);
    const numbers = [
      ...[g.batch, g.inHeight, g.inWidth, g.inChannels, g.outHeight, g.outWidth, g.outChannels],
      ...[g.filterHeight, g.filterWidth, g.strideHeight, g.strideWidth, g.padTop, g.padLeft],
    ];
    const isStem = !layer.getClassName().startsWith('Binary');
    const key = JSON.stringify([numbers, isStem]);
    const known = found.get(key) ?? { numbers, isStem, count: 0 };
    found.set(key, { ...known, count: known.count + 1 });
  }
  return [...found.values()];
}

/** How often a step computes each float product of a convolution: what `products` counts, told apart. */
export function floatProducts(method, isStem) {
  // The stem's input needs no gradient.
  if (isStem) return { forward: 1, 'input gradient': 0, 'filter gradient': 1 };
  if (method === 'fp') return { forward: 1, 'input gradient': 1, 'filter gradient': 1 };
  const branches = method === 'surge' ? 2 : 1;
  return { forward: 0, 'input gradient': branches, 'filter gradient': branches };
}

/**
 * Products of one convolution behind the stem that a step computes in float, and with bits. Full precision: forward,
 * input gradient, filter gradient. Our engines count bits forward, and SURGE adds two gradients; PyTorch's signs
 * are floats, and the textbook form computes the auxiliary forward as well.
 */
export function products({ method, engine, spelling }) {
  if (method === 'fp') return { float: 3, bits: 0 };
  const gradients = method === 'surge' ? 4 : 2;
  if (engine.startsWith('wasm') || engine.startsWith('native'))
    return { float: gradients, bits: 1 };
  return { float: gradients + (spelling === 'surge-textbook' ? 2 : 1), bits: 0 };
}

/** Float operations (a multiply-add is two) and one-bit multiply-adds of a step. */
export function workOf(contender, { stem, inner }) {
  const { float, bits } = products(contender);
  const { batch } = contender;
  return {
    // The stem's input needs no gradient.
    flops: 2 * batch * (2 * stem + float * inner),
    bitMacs: batch * bits * inner,
  };
}
