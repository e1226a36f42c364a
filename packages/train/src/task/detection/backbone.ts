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
import type { Parameter } from '../../parameters.js';
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
    adopt(parameters, tensors, `the run in ${backbone.run}`);
    return hash;
  }
  const { file } = backbone;
  const content = await readFile(file).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`detection.backbone: ${file} cannot be read: ${reason}`, { cause: error });
  });
  const hash = sha256(content);
  if (backbone.sha256 !== undefined && backbone.sha256 !== hash) {
    throw new InputError(
      `detection.backbone: the sha256 of ${file} is ${hash.slice(0, 12)}.., the recipe names ${backbone.sha256.slice(0, 12)}..; give the file that it means, or leave "sha256" out`,
    );
  }
  adopt(parameters, torchWeights(content, file, recipe), file);
  return hash;
}

/** What a norm has; a binarizer's own scale may be new. */
const NORM = /\/(gamma|beta|moving_?[mM]ean|moving_?[vV]ariance)$/;

/** @throws InputError as `adoptWeights`, and for a norm that the source has not: its network has other options. */
function adopt(
  parameters: readonly Parameter[],
  tensors: ReadonlyMap<string, StoredTensor>,
  from: string,
): void {
  const missing = parameters.find(({ key }) => NORM.test(key) && !tensors.has(`weights/${key}`));
  if (missing !== undefined) {
    throw new InputError(
      `detection.backbone: ${from} has no "${missing.key}"; its network must be the backbone, with the same options`,
    );
  }
  adoptWeights(parameters, tensors, from);
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
      `detection.backbone: ${file} has no fc.weight, linear.weight or classifier.6.weight, so it is no ResNet or VGG-16 in PyTorch's names`,
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
