/** A detector's backbone with the weights of a classifier: a run of ours, or public weights with PyTorch's names. */
import { readFile } from 'node:fs/promises';
import { InputError, seedFor } from '@surge-bnn/contract';
import { importTorchWeights, readSafetensors } from '@surge-bnn/converter';
import { resolveMethod } from '@surge-bnn/core';
import { backboneSpec, isOfBackbone } from '@surge-bnn/detection';
import type { Detector } from '@surge-bnn/detection';
import { buildModel, torchNames } from '@surge-bnn/models';
import type { StoredTensor } from '../../checkpoint/safetensors.js';
import { adoptWeights, stored } from '../../checkpoint/weights.js';
import { sha256 } from '../../hash.js';
import { parametersOf } from '../../parameters.js';
import type { DetectionSpec } from '../../recipe/detection.js';
import type { Recipe } from '../../recipe/schema.js';
import { readSource } from '../../source.js';

/**
 * Puts the weights that the recipe names into the backbone's layers, norms included; nothing where it names none.
 *
 * @returns what they are the sha256 of: the run's weights, or the file.
 * @throws InputError for a run or file that is not there, is damaged, or has not the backbone's weights.
 */
export async function adoptBackbone(
  detector: Detector,
  recipe: Recipe,
  { backbone }: DetectionSpec,
): Promise<string | undefined> {
  if (backbone === 'random') return undefined;
  const parameters = parametersOf(detector.model).filter(({ layer }) =>
    isOfBackbone(recipe.network.name, layer),
  );
  if ('run' in backbone) {
    const { tensors, hash } = await readSource(backbone, 'detection.backbone');
    adoptWeights(parameters, tensors, `the run in ${backbone.run}`);
    return hash;
  }
  const content = await readFile(backbone.file).catch(() => {
    throw new InputError(`detection.backbone: there is no file ${backbone.file}`);
  });
  adoptWeights(parameters, torchWeights(content, backbone.file, recipe), backbone.file);
  return sha256(content);
}

/** The file's weights in a classifier like the backbone's, by our names. */
function torchWeights(
  content: Uint8Array,
  file: string,
  recipe: Recipe,
): ReadonlyMap<string, StoredTensor> {
  const tensors = readSafetensors(content);
  const head = [...tensors].find(([name]) => /(^|\.)(fc|linear|classifier\.6)\.weight$/.test(name));
  if (head === undefined) {
    throw new InputError(
      `detection.backbone: ${file} has neither fc.weight nor classifier.6.weight, so it is no ResNet or VGG-16 with torchvision's names`,
    );
  }
  const [name, { shape }] = head;
  const method = resolveMethod(recipe.binarizer);
  const spec = backboneSpec({
    network: recipe.network.name,
    options: recipe.network.options,
  });
  const classifier = buildModel(spec, {
    inputBinarizer: method.input,
    weightBinarizer: method.weight,
    seed: seedFor(recipe.seed, 'weights'),
    inputShape: [224, 224, 3],
    classes: shape[0],
  });
  try {
    const prefix = name.slice(0, name.search(/(fc|linear|classifier\.6)\.weight$/));
    const names = [...tensors.keys()].map((one) => one.slice(prefix.length));
    importTorchWeights(classifier, tensors, { prefix, names: torchNames(classifier, names) });
    return new Map(
      parametersOf(classifier).map(({ key, variable }) => [`weights/${key}`, stored(variable)]),
    );
  } finally {
    classifier.dispose();
  }
}
