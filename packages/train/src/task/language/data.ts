/** The texts of a recipe as numbers: what is trained on, and what is judged on, with the vocabulary that both are written in. */
import { InputError, unknownName } from '@surge-bnn/contract';
import {
  encodeTexts,
  openText,
  pickTexts,
  randomStream,
  splitTexts,
  textTaskNames,
  uniqueSentences,
} from '@surge-bnn/data';
import type { EncodedTexts, TextExample, TextSet, TextTask, TextTokenizer } from '@surge-bnn/data';
import { sha256 } from '../../hash.js';
import type { LanguageSpec } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import type { DataFacts, TaskData } from '../task.js';
import { openTokenizer } from './tokenizer.js';

/** A half of the data. */
export interface EncodedHalf extends DataFacts {
  readonly encoded: EncodedTexts;
  /** The texts themselves, with labels; absent for pre-training. */
  readonly set?: TextSet;
}

export interface TextData extends TaskData {
  readonly train: EncodedHalf;
  readonly evaluation: EncodedHalf;
  readonly tokenizer: TextTokenizer;
  /** Absent for pre-training. */
  readonly task?: TextTask;
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
  if (spec.masked !== undefined) return plainTexts(recipe, spec, spec.masked, tokenizer);
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

async function openHalves(
  { data }: Recipe,
  spec: LanguageSpec,
  task: TextTask,
): Promise<{ train: TextSet; evaluation: TextSet; evaluatedOn: TaskData['evaluatedOn'] }> {
  const { directory, holdOut, trainLimit } = data;
  const open = (split: string) => openText(task, { split, directory });
  const whole = await open(spec.train);
  if (holdOut === undefined) {
    const evaluation = await open(spec.test);
    return { train: limited(whole, trainLimit), evaluation, evaluatedOn: 'test' };
  }
  const { train, validation } = splitTexts(whole, holdOut, 0);
  return {
    train: limited(train, trainLimit),
    evaluation: validation,
    evaluatedOn: 'held-out training images',
  };
}

/** All sentences of the named files, each once; those of the evaluation are not trained on. */
async function plainTexts(
  { data }: Recipe,
  spec: LanguageSpec,
  masked: NonNullable<LanguageSpec['masked']>,
  tokenizer: TextTokenizer,
): Promise<TextData> {
  const { directory, holdOut, trainLimit } = data;
  if (holdOut !== undefined) {
    throw new InputError(
      'data.holdOut is for texts with labels; pre-training is evaluated on the texts of language.masked.test',
    );
  }
  const open = (places: readonly string[], key: string) =>
    Promise.all(
      places.map((place) => {
        const [name, split] = place.split('/');
        return openText(taskOf(name, `language.masked.${key}`), { split, directory });
      }),
    );
  const sets = {
    train: await open(masked.train, 'train'),
    test: await open(masked.test, 'test'),
  };
  const judged = uniqueSentences(sets.test).examples;
  const heldBack = new Set(judged.map(({ sentence }) => sentence));
  const trained = uniqueSentences(sets.train).examples.filter(
    ({ sentence }) => !heldBack.has(sentence),
  );
  if (trained.length === 0) {
    throw new InputError(
      'all texts of language.masked.train are among those of language.masked.test, so nothing is left to train on',
    );
  }
  const half = (examples: readonly TextExample[], key: 'train' | 'test'): EncodedHalf => {
    const title = `${examples.length} sentences of ${masked[key].join(', ')}`;
    const remarks = sets[key].flatMap((set) => set.remarks);
    const hash = sha256(JSON.stringify(examples));
    return factsOf({ examples, classes: [], title, remarks, sha256: hash }, tokenizer, spec);
  };
  const order = randomStream(0, 'train-limit').permutation(trained.length);
  const kept = Array.from(order.subarray(0, trainLimit).sort(), (i) => trained[i]);
  return {
    train: half(kept, 'train'),
    evaluation: half(judged, 'test'),
    evaluatedOn: 'test',
    tokenizer,
  };
}

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
    sha256: hash,
    remarks: [...remarks, ...cut],
    encoded,
  };
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
