import { expect, it } from 'vitest';
import type { Output } from './output.js';
import { engineRemarks, memoryLine, progressSideBySide } from './progress.js';

/** An output that is no terminal. */
const notesTo = (lines: string[]): Output => ({
  interactive: false,
  json: false,
  quiet: false,
  result: () => undefined,
  note: (text) => lines.push(text),
});

const start = {
  type: 'start',
  out: 'x',
  epochs: 1,
  stepsPerEpoch: 8,
  step: 0,
  totalSteps: 8,
  trainImages: 3,
  testImages: 1,
  evaluatedOn: 'test',
  engine: { backend: 'surge-wasm', threads: 1 },
  dataTitle: 'three',
  dataRemarks: [],
} as const;

it('remarks on an engine that is not the one expected, and on too many threads', () => {
  const engine = { backend: 'surge-wasm', threads: 1 };
  expect(engineRemarks(engine, 1)).toEqual([]);
  expect(engineRemarks({ ...engine, passedOver: 'it is damaged' }, 1)).toEqual([
    'surge-native is passed over: it is damaged',
  ]);
  expect(engineRemarks({ ...engine, threads: 8 }, 2)).toEqual([
    '8 threads share 2 core(s); 2 would be faster',
  ]);
});

it('says what a run needs of the memory, and when that is more than there is', () => {
  expect(memoryLine({ bytes: 412e6, there: 2 ** 32 })).toBe(
    'needs 412 MB of memory; 4.29 GB are there',
  );
  expect(memoryLine({ bytes: 6.1e9, there: 3e9 })).toMatch(
    /^needs 6\.10 GB of memory; 3\.00 GB are there, so it will be slow .* a larger accumulate, needs less$/,
  );
});

it('says what holds for several runs once', () => {
  const lines: string[] = [];
  const both = progressSideBySide(notesTo(lines), ['a', 'b']);
  for (const progress of both) {
    progress.show({
      ...start,
      epochs: 2,
      stepsPerEpoch: 3,
      totalSteps: 6,
      trainImages: 10,
      testImages: 5,
      engine: { backend: 'surge-wasm', threads: 1, passedOver: 'it is damaged' },
      memory: { bytes: 5e6, limit: 1e9, kept: 1e6, perImage: 1e5, images: 4, there: 2e8 },
      dataTitle: 'ten digits',
      dataRemarks: ['one is left out'],
    });
  }
  expect(lines).toEqual([
    'a  10 training images, 5 for evaluation, 2 epochs of 3 steps on surge-wasm with 1 thread',
    'surge-native is passed over: it is damaged',
    'images: ten digits',
    'one is left out',
    'a  needs 5.00 MB of memory; 200 MB are there',
    'b  10 training images, 5 for evaluation, 2 epochs of 3 steps on surge-wasm with 1 thread',
    'b  needs 5.00 MB of memory; 200 MB are there',
  ]);
});

it('says once that pictures are decoded, and counts one thing as one', () => {
  const lines: string[] = [];
  const [progress] = progressSideBySide(notesTo(lines), ['']);
  for (const done of [1, 2, 3]) progress.show({ type: 'decode', done, of: 3 });
  for (const done of [1, 2, 3]) progress.show({ type: 'decode', done, of: 3000 });
  progress.show(start);
  expect(lines.slice(0, 2)).toEqual([
    'decoding 3,000 pictures; they are kept, so this is done once for this size',
    '3 training images, 1 for evaluation, 1 epoch of 8 steps on surge-wasm with 1 thread',
  ]);
});

it('does not call the evaluation of texts a test: most are judged on the development set', () => {
  const lines: string[] = [];
  const [progress] = progressSideBySide(notesTo(lines), ['']);
  const metrics = {
    epoch: 1,
    step: 8,
    learningRate: 0.1,
    trainLoss: 0.5,
    trainAccuracy: 0.75,
    testAccuracy: 0.8,
    layers: [],
  };
  for (const more of [{}, { unit: 'texts' }, { unit: 'texts', measure: 'Pearson' }] as const) {
    progress.show({ ...start, ...more });
    progress.show({ type: 'epoch', metrics, seconds: 2 });
  }
  const epochs = lines.filter((line) => line.startsWith('epoch'));
  expect(epochs.map((line) => line.split('  ')[3])).toEqual([
    'test 80.00 %',
    'evaluation 80.00 %',
    'Pearson 80.00 %',
  ]);
});
