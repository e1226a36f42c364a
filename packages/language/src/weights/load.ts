/** Tensors into a network and out of it, by bert-base's names. */
import { InputError } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import type { Bert } from '../network/bert.js';
import type { TextNetwork } from '../network/text-network.js';
import { namedWeights, setWeights, storedShape, weightsOf } from './names.js';
import type { NamedWeight } from './names.js';
import { floatsOf, type Stored, type Weights } from './safetensors.js';

export interface LoadOptions {
  /**
   * load: the file must have the head, too. new: pooler and head keep their initial values where the file has none, or has one of other sizes, as at the
   * start of a fine-tuning. Default 'load'.
   */
  readonly head?: 'load' | 'new';
  /** Names the file in messages. Default 'the weights'. */
  readonly where?: string;
}

export interface Loaded {
  /** Tensors of the file that the network has no place for. */
  readonly unused: readonly string[];
  /** Weights of the network that the file has not: they are as they were. */
  readonly kept: readonly string[];
}

/** Not weights: the numbers 0, 1, 2, .. of the positions, which old files have. */
const POSITION_IDS = 'bert.embeddings.position_ids';
/** One tensor by two names: the decoder is the table of the words, and its bias is the predictions'. */
const twins: Readonly<Record<string, string>> = {
  'bert.embeddings.word_embeddings.weight': 'cls.predictions.decoder.weight',
  'cls.predictions.bias': 'cls.predictions.decoder.bias',
};

/**
 * Loads the tensors of a BERT that Hugging Face's code saved: with the names of bert-base, with or without their prefix "bert.", with gamma and
 * beta for weight and bias of a layer norm in old files. A binary network takes the weights of a float one as its latent weights; its binarizers' own
 * numbers are kept where the file has none. Nothing is changed when anything does not fit.
 *
 * @throws InputError for a tensor that is missing, of a wrong shape or type, or not finite, naming it; for a vocabulary of another size.
 */
export function loadWeights(
  network: Bert,
  stored: ReadonlyMap<string, Stored>,
  options: LoadOptions = {},
): Loaded {
  const tensors = new Map([...stored].map(([name, tensor]) => [fullName(name), tensor]));
  return loadTensors(network, tensors, options);
}

/**
 * Loads tensors that have the network's own names, those of `networkWeights`, into a network of any kind. What is given stays the caller's: numbers are copied.
 *
 * @throws InputError as `loadWeights`.
 */
export function loadTensors(
  { model, options }: TextNetwork,
  tensors: ReadonlyMap<string, Stored | Weights>,
  { head = 'load', where = 'the weights' }: LoadOptions = {},
): Loaded {
  const wanted = namedWeights(model);
  const kept: string[] = [];
  const missing: string[] = [];
  const ready: [NamedWeight, Weights][] = [];
  for (const [name, weight] of wanted) {
    const twin = Object.hasOwn(twins, name) ? tensors.get(twins[name]) : undefined;
    const tensor = tensors.get(name) ?? twin;
    if (twin !== undefined && wanted.has('cls.predictions.bias'))
      refuseUntied(name, tensors, where);
    if (tensor === undefined || (head === 'new' && isOfHead(name) && !fits(tensor, weight))) {
      const isOptional = weight.ofBinarizer || (head === 'new' && isOfHead(name));
      (isOptional ? kept : missing).push(name);
      continue;
    }
    checkShape(name, tensor.shape, storedShape(weight), options.vocabulary, where);
    ready.push([weight, floatsOf(tensor, name, where)]);
  }
  if (missing.length > 0) throw absent(missing, tensors, where);
  for (const [weight, values] of ready) setWeights(weight, values);
  const used = new Set([...wanted.keys()].flatMap((name) => [name, twins[name]]));
  const unused = [...tensors.keys()].filter((name) => !used.has(name) && name !== POSITION_IDS);
  return { unused, kept };
}

const fits = ({ shape }: Pick<Stored | Weights, 'shape'>, weight: NamedWeight) =>
  tf.util.arraysEqual([...shape], [...storedShape(weight)]);

/** The network's weights by the names of its layers, which are bert-base's for a BERT, as a file would have them; without a compensator's. */
export function networkWeights({ model }: Pick<TextNetwork, 'model'>): Map<string, Weights> {
  return new Map([...namedWeights(model)].map(([name, weight]) => [name, weightsOf(weight)]));
}

export interface CopyOptions extends Pick<LoadOptions, 'head'> {
  /** Weights of the other network, by name, that are not given. Default: none. */
  readonly leave?: (name: string) => boolean;
}

/**
 * Gives a network the weights of another one of the same sizes: a binary student those of its float teacher, say.
 *
 * @throws InputError for another kind of network, another number of layers, other sizes or, with `head: 'load'`, another head.
 */
export function copyWeights(
  from: TextNetwork,
  to: TextNetwork,
  { head, leave = () => false }: CopyOptions = {},
): Loaded {
  if (from.kind !== to.kind) {
    throw new InputError(`a network of kind ${to.kind} cannot have the weights of a ${from.kind}`);
  }
  const [given, own] = [from, to].map(({ hiddenStates }) => hiddenStates.length - 1);
  if (given !== own) {
    throw new InputError(
      `the other network has ${given} layers and this one ${own}; it can have the weights of one with as many layers`,
    );
  }
  const weights = new Map([...networkWeights(from)].filter(([name]) => !leave(name)));
  return loadTensors(to, weights, { head, where: 'the other network' });
}

/** The embeddings of the kinds of networks. */
const tables = ['bert.embeddings.word_embeddings.weight', 'embeddings.weight'];

/** With the prefix, and with the new names of layer norm. */
function fullName(name: string): string {
  const renamed = name
    .replace(/\bLayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/\bLayerNorm\.beta$/, 'LayerNorm.bias');
  return /^(embeddings|encoder|pooler)\./.test(renamed) ? `bert.${renamed}` : renamed;
}

const isOfHead = (name: string) => /^(bert\.pooler|classifier|cls)\./.test(name);

/** @throws InputError for a file in which the twin is another tensor: such a network predicts by other vectors than it reads. */
function refuseUntied(
  name: string,
  tensors: ReadonlyMap<string, Stored | Weights>,
  where: string,
): void {
  const [a, b] = [tensors.get(name), tensors.get(twins[name])];
  if (a === undefined || b === undefined) return;
  const [x, y] = [floatsOf(a, name, where).values, floatsOf(b, twins[name], where).values];
  if (x.length === y.length && x.every((value, i) => value === y[i])) return;
  throw new InputError(
    `${where}: "${twins[name]}" is not the same as "${name}"; here the two are one tensor, as in BERT`,
  );
}

function checkShape(
  name: string,
  found: readonly number[],
  expected: readonly number[],
  vocabulary: number,
  where: string,
): void {
  if (tf.util.arraysEqual([...found], [...expected])) return;
  if (tables.includes(name) && found[1] === expected[1]) {
    throw new InputError(
      `${where}: the embeddings have ${found[0]} rows, but the network's vocabulary has ${vocabulary} pieces: it is not the vocabulary of these weights`,
    );
  }
  throw new InputError(
    `${where}: "${name}" has the shape [${found}], but the network needs [${expected}]`,
  );
}

function absent(
  missing: readonly string[],
  tensors: ReadonlyMap<string, unknown>,
  where: string,
): InputError {
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  const onlyHead = missing.every(isOfHead);
  const hint = onlyHead
    ? `; they are of the head: with head: 'new' it keeps its initial values`
    : tensors.size > 0 && ![...tensors.keys()].some((name) => name.startsWith('bert.'))
      ? `; it has ${[...tensors.keys()].slice(0, 3).join(', ')}, ..: is it a BERT?`
      : '';
  return new InputError(`${where}: the tensor "${missing[0]}"${more} is missing${hint}`);
}
