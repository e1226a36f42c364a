/** A little of GLUE in a folder of its own: sentences whose words tell the label, and recipes for a BERT that learns them in seconds. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomStream } from '@surge-bnn/data';
import { applyOverrides, parseRecipe } from '../recipe/recipe.js';
import type { Recipe, RecipeInput } from '../recipe/schema.js';

const good = ['fine', 'lovely', 'great'];
const bad = ['dull', 'awful', 'poor'];
const others = ['the', 'film', 'is', 'a', 'plot', 'and', 'cast'];

/** [PAD] .. [MASK], the words above, and a piece that continues one. */
export const vocabulary = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  ...good,
  ...bad,
  ...others,
  '##s',
];

/** Sentences with one telling word among others. */
function sentences(count: number, seed: number): { text: string; label: number }[] {
  const random = randomStream(seed, 'sentences');
  return Array.from({ length: count }, (_, i) => {
    const label = i % 2;
    const telling = label === 1 ? good : bad;
    const words = Array.from({ length: 2 + random.integer(4) }, () => pick(others, random));
    words.splice(random.integer(words.length), 0, pick(telling, random));
    return { text: words.join(' '), label };
  });
}

const pick = (words: readonly string[], random: ReturnType<typeof randomStream>) =>
  words[random.integer(words.length)];

/** SST-2 and STS-B in the layout of GLUE, and a vocabulary. */
export async function glueFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'texts-'));
  const write = async (task: string, split: string, lines: readonly string[]) => {
    await mkdir(join(folder, 'glue', task), { recursive: true });
    await writeFile(join(folder, 'glue', task, `${split}.tsv`), `${lines.join('\n')}\n`);
  };
  const header = 'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2';
  for (const [split, count, seed] of [
    ['train', 60, 1],
    ['dev', 24, 2],
  ] as const) {
    const examples = sentences(count, seed);
    const rows = examples.map(({ text, label }) => `${text}\t${label}`);
    await write('SST-2', split, ['sentence\tlabel', ...rows]);
    const pairs = examples.map(({ text, label }, i) => {
      const second = examples[(i + 1 + (i % 3)) % count];
      const score = second.label === label ? 4.5 : 0.5;
      return `${i}\tg\tf\ty\t${i}\tnone\tnone\t${text}\t${second.text}\t${score}`;
    });
    await write('STS-B', split, [`${header}\tscore`, ...pairs]);
  }
  await writeFile(join(folder, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
  return folder;
}

const input: RecipeInput = {
  name: 'texts',
  data: { name: 'sst2' },
  network: {
    name: 'bert',
    options: {
      ...{ layers: 2, width: 16, heads: 2, ffn: 24, positions: 20, activation: 'relu' },
      dropout: 0.1,
    },
  },
  binarizer: 'bit',
  optimizer: { name: 'adamw', learningRate: 0.01, weightDecay: 0.01 },
  schedule: { type: 'warmup', over: 0.1, then: { type: 'linear', from: 1, to: 0 } },
  clip: { globalNorm: 1 },
  epochs: 3,
  batchSize: 8,
  seed: 5,
  language: { maxLength: 16 },
};

/** @param folder `glueFolder`'s. @param set values of the recipe's keys. */
export function textRecipe(folder: string, set: Readonly<Record<string, unknown>> = {}): Recipe {
  return applyOverrides(parseRecipe(input), {
    'data.directory': folder,
    'language.vocabulary': join(folder, 'vocab.txt'),
    ...set,
  });
}

/** The same without binary weights. */
export const float = { 'network.options.precision': 'full' };
