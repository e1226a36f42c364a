/** A little of GLUE in a folder of its own, with a sentence encoder: sentences whose words tell the label, and recipes for a BERT that learns them in seconds. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomStream } from '@surge-bnn/data';
import { sentenceDefaults, writeSafetensors } from '@surge-bnn/language';
import type { Weights } from '@surge-bnn/language';
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

/** SST-2, CoLA with the same labels, and STS-B in the layout of GLUE, and a vocabulary. */
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
    await write(
      'CoLA',
      split,
      examples.map(({ text, label }) => `s\t${label}\t\t${text}`),
    );
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

/** A unigram vocabulary for the same words, as the sentence encoder's file has it: behind six markers, letters and whole words. */
export const unigramPieces: readonly (readonly [string, number])[] = [
  ...Array.from({ length: 6 }, (_, i) => [`<${i}>`, 0] as const),
  ['\u2581', -3],
  ...[...'abcdefghijklmnopqrstuvwxyz', ...vocabulary.slice(5)].map(
    (piece) => [piece.replace('##', ''), -2 - piece.length / 10] as const,
  ),
];

/** What the network on `writeEncoder`'s file has as options. */
export const encoderOptions = { widths: [4, 4], heads: 4, ffn: 8, timescales: [1, 0.1] };

/**
 * Writes a sentence encoder of one layer, 4 wide, where the public one lies in a data directory.
 *
 * @param vector entries of a sentence's vector. Default: the public one's.
 */
export async function writeEncoder(
  folder: string,
  vector: number = sentenceDefaults.vector,
): Promise<ReadonlyMap<string, Weights>> {
  const shapes: Readonly<Record<string, readonly number[]>> = {
    'embeddings.weight': [sentenceDefaults.vocabulary, 4],
    'layer0.attn_norm.weight': [4],
    'layer0.attn_norm.bias': [4],
    'layer0.attn.qkv.weight': [4, 12],
    'layer0.attn.qkv.bias': [12],
    'layer0.attn.out.weight': [4, 4],
    'layer0.attn.out.bias': [4],
    'layer0.ffn_norm.weight': [4],
    'layer0.ffn_norm.bias': [4],
    'layer0.ffn.conv1.weight': [4, 8],
    'layer0.ffn.conv1.bias': [8],
    'layer0.ffn.conv2.weight': [8, 4],
    'layer0.ffn.conv2.bias': [4],
    'pool.dense.weight': [4, vector],
    'pool.dense.bias': [vector],
  };
  const random = randomStream(3, 'encoder');
  const drawn = Object.entries(shapes).map(([name, shape]): [string, Weights] => {
    const count = shape.reduce((a, b) => a * b, 1);
    return [name, { shape, values: Float32Array.from({ length: count }, () => random.normal()) }];
  });
  const timescales = { shape: [2], values: Float32Array.from(encoderOptions.timescales) };
  const tensors = new Map([...drawn, ['position.inv_timescale', timescales]]);
  const where = join(folder, 'text-encoder');
  await mkdir(where, { recursive: true });
  await writeFile(join(where, 'use-lite.safetensors'), writeSafetensors(tensors));
  await writeFile(join(where, 'use-lite-vocab.json'), JSON.stringify(unigramPieces));
  return tensors;
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
