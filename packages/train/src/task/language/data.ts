/** The texts of a recipe as numbers: what is trained on, and what is judged on, with the vocabulary that both are written in. */
import { InputError, unknownName } from '@surge-bnn/contract';
import {
  encodeTexts,
  MaskedTextLoader,
  openText,
  pickTexts,
  randomStream,
  splitTexts,
  textTaskNames,
  uniqueSentences,
  WordPiece,
} from '@surge-bnn/data';
import type { EncodedTexts, TextExample, TextSet, TextTask, TextTokenizer } from '@surge-bnn/data';
import { sha256 } from '../../hash.js';
import { pretrainingOf } from '../../recipe/language.js';
import type { LanguageSpec, Pretraining } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import type { DataFacts, TaskData } from '../task.js';
import { openPublished } from './published.js';
import type { PublishedEncoder } from './published.js';
import { openTokenizer } from './tokenizer.js';

/** A half of the data. */
export interface EncodedHalf extends DataFacts {
  readonly encoded: EncodedTexts;
  /** The texts themselves, with labels; absent for pre-training. */
  readonly set?: TextSet;
  /** Those of pre-training on vectors, which the teacher reads. */
  readonly sentences?: readonly string[];
}

export interface TextData extends TaskData {
  readonly train: EncodedHalf;
  readonly evaluation: EncodedHalf;
  readonly tokenizer: TextTokenizer;
  /** Absent for pre-training. */
  readonly task?: TextTask;
  /** Whose vectors are learnt in pre-training. */
  readonly published?: PublishedEncoder;
}

/**
 * Opens and encodes the texts that a recipe names.
 *
 * @throws InputError for a task, file or vocabulary that is not there, and for files without labels.
 */
export async function encodedTexts(recipe: Recipe): Promise<TextData> {
  const { language: spec, data } = recipe;
  if (spec === undefined) throw new Error('encoded texts are for recipes of language');
  const tokenizer = await openTokenizer(recipe, spec);
  const pretraining = pretrainingOf(spec);
  if (pretraining !== undefined) return plainTexts(recipe, spec, pretraining, tokenizer);
  const task = taskOf(data.name, 'data.name');
  const { train, evaluation, evaluatedOn } = await openHalves(recipe, spec, task);
  const half = (set: TextSet) => encodeSet(set, tokenizer, spec);
  return { train: half(train), evaluation: half(evaluation), evaluatedOn, tokenizer, task };
}

/** @throws InputError for a file without labels. */
export function encodeSet(
  set: TextSet,
  tokenizer: TextTokenizer,
  spec: Pick<LanguageSpec, 'maxLength'>,
): EncodedHalf {
  if (set.labelled) return { ...factsOf(set, tokenizer, spec), set };
  throw new InputError(
    `${set.file} has no labels, so there is nothing to learn from or to be judged by; name another split, as in --set language.test=dev`,
  );
}

/**
 * The texts alone that a recipe is judged on, without a vocabulary.
 *
 * @throws InputError for pre-training, and for a task or file that is not there.
 */
export async function evaluationTexts({
  data,
  language: spec,
}: Pick<Recipe, 'data'> & { readonly language: LanguageSpec }): Promise<TextSet> {
  if (pretrainingOf(spec) !== undefined) {
    throw new InputError('the recipe is one of pre-training; name a task with --data');
  }
  const task = taskOf(data.name, 'data.name');
  const { directory, holdOut } = data;
  if (holdOut === undefined) return openText(task, { split: spec.test, directory });
  return splitTexts(await openText(task, { split: spec.train, directory }), holdOut, 0).validation;
}

async function openHalves(
  recipe: Recipe,
  spec: LanguageSpec,
  task: TextTask,
): Promise<{ train: TextSet; evaluation: TextSet; evaluatedOn: TaskData['evaluatedOn'] }> {
  const { directory, holdOut, trainLimit } = recipe.data;
  const whole = await openText(task, { split: spec.train, directory });
  const train = holdOut === undefined ? whole : splitTexts(whole, holdOut, 0).train;
  return {
    train: limited(train, trainLimit),
    evaluation: await evaluationTexts({ ...recipe, language: spec }),
    evaluatedOn: holdOut === undefined ? 'test' : 'held-out training images',
  };
}

/** All sentences of the named files, each once; those of the evaluation are not trained on. */
async function plainTexts(
  { data }: Recipe,
  spec: LanguageSpec,
  { kind, places }: Pretraining,
  tokenizer: TextTokenizer,
): Promise<TextData> {
  const { directory, holdOut, trainLimit } = data;
  if (!(tokenizer instanceof WordPiece)) {
    throw new InputError(
      `language.${kind} is for bert; the sentence encoder begins with published weights (language.start)`,
    );
  }
  if (holdOut !== undefined) {
    throw new InputError(
      `data.holdOut is for texts with labels; pre-training is evaluated on the texts of language.${kind}.test`,
    );
  }
  const open = (named: readonly string[], key: string) =>
    Promise.all(
      named.map((place) => {
        const [name, split] = place.split('/');
        return openText(taskOf(name, `language.${kind}.${key}`), { split, directory });
      }),
    );
  const sets = {
    train: await open(places.train, 'train'),
    test: await open(places.test, 'test'),
  };
  const judged = uniqueSentences(sets.test).examples;
  const heldBack = new Set(judged.map(({ sentence }) => sentence));
  const trained = uniqueSentences(sets.train).examples.filter(
    ({ sentence }) => !heldBack.has(sentence),
  );
  if (trained.length === 0) {
    throw new InputError(
      `all texts of language.${kind}.train are among those of language.${kind}.test, so nothing is left to train on`,
    );
  }
  const published = kind === 'vectors' ? await openPublished(directory) : undefined;
  const half = (examples: readonly TextExample[], key: 'train' | 'test'): EncodedHalf => {
    const title = `${examples.length} sentences of ${places[key].join(', ')}`;
    const remarks = sets[key].flatMap((set) => set.remarks);
    const texts = sha256(JSON.stringify(examples));
    const hash = published === undefined ? texts : sha256(`${texts}/${published.hash}`);
    const facts = factsOf({ examples, classes: [], title, remarks, sha256: hash }, tokenizer, spec);
    if (published !== undefined) {
      return { ...facts, sentences: examples.map(({ sentence }) => sentence) };
    }
    // Without those that have no piece to be predicted: the loader leaves them out.
    const { textsPerEpoch } = new MaskedTextLoader(facts.encoded, tokenizer, counted);
    return { ...facts, count: textsPerEpoch };
  };
  const order = randomStream(0, 'train-limit').permutation(trained.length);
  const kept = Array.from(order.subarray(0, trainLimit).sort(), (i) => trained[i]);
  return {
    train: half(kept, 'train'),
    evaluation: half(judged, 'test'),
    evaluatedOn: 'test',
    tokenizer,
    ...(published === undefined ? {} : { published }),
  };
}

/** A loader that is asked for its number of texts alone. */
const counted = { batchSize: 1, seed: 0 };

type Texts = Pick<TextSet, 'title' | 'examples' | 'classes' | 'sha256' | 'remarks'>;

function factsOf(
  { title, examples, classes, sha256: hash, remarks }: Texts,
  tokenizer: TextTokenizer,
  { maxLength }: Pick<LanguageSpec, 'maxLength'>,
): EncodedHalf {
  const encoded = encodeTexts({ examples, classes }, tokenizer, { maxLength });
  const cut =
    encoded.truncated === 0
      ? []
      : [
          `${encoded.truncated} of ${encoded.count} texts are longer than ${maxLength} pieces and lose their ends`,
        ];
  return {
    title,
    count: encoded.count,
    classes,
    sha256: sha256(`${hash}/${hashPieces(encoded)}`),
    remarks: [...remarks, ...cut],
    encoded,
  };
}

/** Of what the vocabulary made of the texts: with another one they are other data. */
function hashPieces({ ids, offsets }: EncodedTexts): string {
  const bytes = ({ buffer, byteOffset, byteLength }: Int32Array) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  return sha256(`${sha256(bytes(ids))}/${sha256(bytes(offsets))}`);
}

function limited(set: TextSet, count: number | undefined): TextSet {
  if (count === undefined || count >= set.count) return set;
  const order = randomStream(0, 'train-limit').permutation(set.count);
  return pickTexts(set, order.slice(0, count).sort(), set.split);
}

/** @throws InputError with the nearest right name. */
function taskOf(name: string, key: string): TextTask {
  const task = textTaskNames.find((one) => one === name);
  if (task !== undefined) return task;
  throw unknownName(`text task in ${key}`, name, textTaskNames);
}
