/** The texts that a network is pre-trained on, whatever tasks they come from: sentences with gaps, or sentences and pairs whose vectors are learnt. */
import { InputError } from '@surge-bnn/contract';
import {
  MaskedTextLoader,
  openText,
  randomStream,
  sentenceEncoderName,
  uniquePairs,
  uniqueSentences,
  WordPiece,
} from '@surge-bnn/data';
import type { TextExample, TextTokenizer } from '@surge-bnn/data';
import { sentenceDefaults, sentenceSizes } from '@surge-bnn/language';
import { sha256 } from '../../hash.js';
import type { LanguageSpec, Pretraining } from '../../recipe/language.js';
import type { Recipe } from '../../recipe/schema.js';
import type { TextData } from './data.js';
import { factsOf, taskOf } from './half.js';
import type { EncodedHalf } from './half.js';
import { openPublished } from './published.js';
import type { PublishedEncoder } from './published.js';

/**
 * All sentences of the named files, each once, or all pairs; what is evaluated on is not trained on.
 *
 * @throws InputError for a file that is not there or has no pairs where pairs are wanted, and where nothing is left to train on.
 */
export async function pretrainingTexts(
  { data }: Recipe,
  spec: LanguageSpec,
  { kind, places, pairs }: Pretraining,
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
      named.map(async (place) => {
        const [name, split] = place.split('/');
        const set = await openText(taskOf(name, `language.${kind}.${key}`), { split, directory });
        if (set.pairs || !pairs) return set;
        throw new InputError(
          `language.vectors.pairs: ${place} in language.vectors.${key} has single sentences; leave it out`,
        );
      }),
    );
  const sets = {
    train: await open(places.train, 'train'),
    test: await open(places.test, 'test'),
  };
  const unique = pairs ? uniquePairs : uniqueSentences;
  const judged = unique(sets.test).examples;
  const heldBack = new Set(judged.flatMap((one) => textsOf(one)));
  const trained = unique(sets.train).examples.filter((one) =>
    textsOf(one).every((text) => !heldBack.has(text)),
  );
  if (trained.length === 0) {
    throw new InputError(
      `all texts of language.${kind}.train are among those of language.${kind}.test, so nothing is left to train on`,
    );
  }
  const published = kind === 'vectors' ? await openTeaching(directory) : undefined;
  const half = (examples: readonly TextExample[], key: 'train' | 'test'): EncodedHalf => {
    const title = `${examples.length} ${pairs ? 'pairs' : 'sentences'} of ${places[key].join(', ')}`;
    const remarks = sets[key].flatMap((set) => set.remarks);
    const texts = sha256(JSON.stringify(examples));
    const hash = published === undefined ? texts : sha256(`${texts}/${published.hash}`);
    const facts = factsOf({ examples, classes: [], title, remarks, sha256: hash }, tokenizer, spec);
    if (published !== undefined) return { ...facts, examples };
    // Without those that have no piece to be predicted: the loader leaves them out.
    const { textsPerEpoch } = new MaskedTextLoader(facts.encoded, tokenizer, counted);
    return { ...facts, count: textsPerEpoch };
  };
  const order = randomStream(0, 'train-limit').permutation(trained.length);
  const kept = Array.from(order.subarray(0, trainLimit).sort(), (i) => trained[i]);
  return {
    train: half(pairs ? withStrangers(kept) : kept, 'train'),
    evaluation: half(judged, 'test'),
    evaluatedOn: 'test',
    tokenizer,
    ...(published === undefined ? {} : { published }),
  };
}

/** The public sentence encoder, whose vectors must be of the size that is learnt. */
async function openTeaching(directory: string | undefined): Promise<PublishedEncoder> {
  const published = await openPublished(directory);
  const { vector } = sentenceSizes(published.stored, published.where);
  if (vector === sentenceDefaults.vector) return published;
  throw new InputError(
    `${published.where}: its vectors have ${vector} entries, and language.vectors learns ${sentenceDefaults.vector}; get the published one with: surge-bnn data fetch ${sentenceEncoderName}`,
  );
}

const textsOf = ({ sentence, second }: TextExample) =>
  second === undefined ? [sentence] : [sentence, second];

/** The pairs, and their first sentences each with the second of any pair: pairs of tasks alone are nearly all about the same thing. */
function withStrangers(pairs: readonly TextExample[]): TextExample[] {
  const others = randomStream(0, 'strangers').permutation(pairs.length);
  return [
    ...pairs,
    ...pairs.map(({ sentence }, i) => ({ sentence, second: pairs[others[i]].second })),
  ];
}

/** A loader that is asked for its number of texts alone. */
const counted = { batchSize: 1, seed: 0 };
