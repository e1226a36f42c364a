/**
 * Under which names PyTorch repositories keep the weights of the networks, where they differ from our layers' names. What
 * another name means follows from the names alone, so it takes no option to import such a file.
 */
import { leafLayers } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';

/** PyTorch module (or tensor) -> our layer, or "layer/weight". */
type Names = Record<string, string>;

/**
 * The names of a state dict that are not the layers' own:
 * - `shortcut.0` of a block for `downsample.0`, `linear` for `fc` and the other way round (ResNets for CIFAR);
 * - ReActNet's RPReLU, whose parts stand side by side in its block: `move12`, `prelu1`, `move13`;
 * - Bi-Real Net's blocks of one convolution each, `layer1.3.binary_conv` for `layer1.1.conv2`;
 * - `weights` in a row, [n, 1], of their binary convolutions;
 * - the bias of a convolution, which is a layer of its own here: `features.0.bias`, VGG-16's.
 *
 * @param tensors names in the state dict, without a prefix.
 * @returns what `importTorchWeights` takes as `names`.
 */
export function torchNames(model: Model, tensors: Iterable<string>): Names {
  const names = [...tensors];
  const modules = new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))));
  const layers = new Set(leafLayers(model).map((layer) => layer.name));
  const biReal = [...modules].some((module) => module.endsWith('.binary_conv'));
  const found: Names = {};
  for (const module of modules) {
    const ours = (biReal ? biRealName(module) : undefined) ?? otherName(module, layers);
    const layer = ours?.split('/')[0];
    if (ours === undefined || layer === undefined || !layers.has(layer)) continue;
    found[module] = ours;
  }
  for (const name of names) {
    if (!name.endsWith('.weights')) continue;
    const module = name.slice(0, -'.weights'.length);
    const layer = found[module] ?? module;
    if (layers.has(layer)) found[name] = `${layer}/kernel`;
  }
  for (const name of names) {
    if (name.endsWith('.bias') && layers.has(name)) found[name] = `${name}/bias`;
  }
  return found;
}

/** layer2.5.bn1 is the norm of the sixth convolution of its stage: bn2 of our third block. */
function biRealName(module: string): string | undefined {
  const [, stage, index, part] = /^(layer\d)\.(\d+)\.(binary_conv|bn1)$/.exec(module) ?? [];
  if (part === undefined) return undefined;
  const convolution = Number(index);
  const kind = part === 'bn1' ? 'bn' : 'conv';
  return `${stage}.${Math.floor(convolution / 2)}.${kind}${1 + (convolution % 2)}`;
}

/** The parts of ReActNet's RPReLU. */
const partsOfRPReLU: Names = { move2: 'shiftBefore', prelu: 'alpha', move3: 'shiftAfter' };

function otherName(module: string, layers: ReadonlySet<string>): string | undefined {
  if (layers.has(module)) return undefined;
  if (module === 'linear') return 'fc';
  if (module === 'fc') return 'linear';
  if (module.includes('.shortcut.')) return module.replace('.shortcut.', '.downsample.');
  const [, block, part, i, step = ''] = /^(.*)\.(move|prelu)([12])([23]?)$/.exec(module) ?? [];
  const weight = part === undefined ? undefined : partsOfRPReLU[part + step];
  return weight === undefined ? undefined : `${block}.rprelu${i}/${weight}`;
}
