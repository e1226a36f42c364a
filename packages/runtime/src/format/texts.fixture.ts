/** Small text models for the tests of the format: a classifier of sentences with tables of float32, and scores of pairs with rounded tables and fewer rows. */
import type { TextPlan } from '../text/plan.js';
import type { TextSource } from './model-source.js';
import { filled, modelOf } from './models.fixture.js';
import type { Dtype, StoredTensor } from './tensors.js';
import { storedKept, storedVocabulary } from './vocabulary.js';

/** Ids are places. */
export const smallPieces: readonly string[] = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...[
    'the',
    'cat',
    'un',
    '##aff',
    '##able',
    '##s',
    ',',
    '!',
    'naïve',
    '你',
    '𠀀',
    '__proto__',
    'a',
  ],
];

const lowerCasePieces = smallPieces.map((piece) => (piece === 'naïve' ? 'naive' : piece));

export const sentencePlan: TextPlan = {
  output: { classes: ['bad', 'good', 'so so'] },
  pairs: false,
  lowerCase: true,
  maxLength: 9,
  tensors: { vocabulary: 'vocabulary', words: 'words', places: 'places', types: 'types' },
};

export const pairPlan: TextPlan = {
  output: { least: -1, most: 5 },
  pairs: true,
  lowerCase: false,
  maxLength: 8,
  tensors: {
    vocabulary: 'vocabulary',
    kept: 'kept',
    words: 'words',
    wordScales: 'words.scale',
    places: 'places',
    types: 'types',
    typeScales: 'types.scale',
  },
};

const table = (dtype: Dtype, ...shape: number[]): StoredTensor => filled({ dtype, shape });

/** [9, 6] to three logits: two layers of bits, then the first row. */
export function smallText(): TextSource {
  const { graph, tensors } = modelOf({ name: 'pieces', shape: [9, 6] }, [
    { name: 'sign', op: 'sign', attributes: { values: 'bits' } },
    { name: 'inner', op: 'binaryDense', attributes: { units: 10 } },
    { name: 'threshold', op: 'threshold', attributes: { values: 'unsigned' }, optional: ['flips'] },
    { name: 'outer', op: 'binaryDense', attributes: { units: 6 } },
    { name: 'scale', op: 'affine', attributes: {}, optional: ['a', 'b'] },
    { name: 'sum', op: 'add', attributes: {}, inputs: ['scale', 'pieces'] },
    { name: 'first', op: 'firstRow', attributes: {} },
    { name: 'pooled', op: 'tanh', attributes: {} },
    { name: 'logits', op: 'dense', attributes: { units: 3, weights: 'f32' }, optional: ['bias'] },
  ]);
  const own: [string, StoredTensor][] = [
    ['vocabulary', storedVocabulary(lowerCasePieces)],
    ['words', table('F32', smallPieces.length, 6)],
    ['places', table('F32', 9, 6)],
    ['types', table('F32', 1, 6)],
  ];
  return {
    plan: sentencePlan,
    body: graph,
    tensors: new Map([...own, ...tensors]),
    metadata: { training: { recipe: 'demo' } },
  };
}

/** [8, 5] to one score, by a softmax over each vector; the pieces from id 12 on have no row but for every other. */
export function smallPairs(): TextSource {
  const { graph, tensors } = modelOf({ name: 'pieces', shape: [8, 5] }, [
    { name: 'weights', op: 'softmax', attributes: {} },
    { name: 'first', op: 'firstRow', attributes: {} },
    { name: 'score', op: 'dense', attributes: { units: 1, weights: 'f16' } },
  ]);
  const kept = smallPieces.map((_, id) => id < 12 || id % 2 === 0);
  const rows = kept.filter(Boolean).length;
  const own: [string, StoredTensor][] = [
    ['vocabulary', storedVocabulary(smallPieces)],
    ['kept', storedKept(kept)],
    ['words', table('I8', rows, 5)],
    ['words.scale', table('F32', rows)],
    ['places', table('F16', 8, 5)],
    ['types', table('I8', 2, 5)],
    ['types.scale', table('F32', 2)],
  ];
  return { plan: pairPlan, body: graph, tensors: new Map([...own, ...tensors]), metadata: {} };
}
