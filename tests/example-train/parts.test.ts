/** The parts of the training page that need no browser. */
import { InputError } from '@surge-bnn/contract';
import { loadImages } from '@surge-bnn/data';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { axisOf } from '../../examples/train-in-browser/src/chart.js';
import { Control } from '../../examples/train-in-browser/src/control.js';
import {
  decodeDigits,
  encodeDigits,
  fetchDigits,
} from '../../examples/train-in-browser/src/digits-file.js';
import { compare } from '../../examples/train-in-browser/src/pack.js';
import { defaultSettings, recipesOf } from '../../examples/train-in-browser/src/recipes.js';
import { Series } from '../../examples/train-in-browser/src/series.js';
import { mostWasmThreads, threadsHere } from '../../examples/train-in-browser/src/settings.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the file of digits', () => {
  it('gives both halves back', async () => {
    const train = await loadImages('digits', { split: 'train' });
    const test = await loadImages('digits', { split: 'test' });
    const file = await encodeDigits({ train, test });
    expect(file.length).toBeLessThan(1_700_000);
    const decoded = await decodeDigits(Uint8Array.from(file));
    for (const [found, wanted] of [
      [decoded.train, train],
      [decoded.test, test],
    ]) {
      expect({ ...found, images: 0, labels: 0 }).toEqual({ ...wanted, images: 0, labels: 0 });
      expect(Buffer.compare(found.images, wanted.images)).toBe(0);
      expect(Buffer.compare(found.labels as Uint8Array, wanted.labels as Uint8Array)).toBe(0);
    }
    await expect(decodeDigits(Uint8Array.from(file.subarray(0, 9000)))).rejects.toThrow();
  });

  it.each([
    [
      'no answer',
      () => Promise.reject(new TypeError('Failed to fetch')),
      /^digits\.bin could not be fetched: the server does not answer/,
    ],
    [
      'not there',
      async () => new Response('', { status: 404 }),
      /^digits\.bin could not be fetched: the server says 404$/,
    ],
    [
      'another file',
      async () => new Response('<!doctype html>'),
      /^digits\.bin on the server is damaged, or another file/,
    ],
  ])('is told in a sentence when it cannot be had: %s', async (_, answer, sentence) => {
    const asked: unknown[] = [];
    vi.stubGlobal('fetch', (url: unknown) => {
      asked.push(String(url));
      return answer();
    });
    const digits = fetchDigits('http://127.0.0.1/there/');
    await expect(digits).rejects.toBeInstanceOf(InputError);
    await expect(digits).rejects.toThrow(sentence);
    expect(asked).toEqual(['http://127.0.0.1/there/digits.bin']);
  });
});

it.each([
  ['from the least to the largest', [3, 1, 2], {}, [1, 3]],
  ['a level line in the middle', [2, 2], {}, [1, 3]],
  ['one at zero', [0], {}, [-1, 1]],
  ['one below zero', [-2], {}, [-3, -1]],
  ['one of powers of ten, whose middle is 4', [4, 0, NaN], { logarithmic: true }, [2, 8]],
  ['an end that is given stays', [1, 1], { high: 1 }, [0.5, 1]],
  ['nothing yet', [], { high: 1 }, [0.1, 1]],
])('the axis of a chart: %s', (_, values, options, ends) => {
  expect(axisOf(values, options)).toEqual(ends);
});

describe('a series', () => {
  it('keeps few points, whose means are those of all', () => {
    // Without -0: the mean of it alone is 0.
    const y = fc.double({ min: -1, max: 1, noNaN: true }).map((value) => value + 0);
    fc.assert(
      fc.property(fc.array(y, { minLength: 1 }), (ys) => {
        const series = new Series(8);
        ys.forEach((y, x) => {
          series.add({ x, y });
        });
        const { points, last } = series;
        expect(points.length).toBeLessThanOrEqual(8);
        expect(points.every(({ x }, i) => i === 0 || x > points[i - 1].x)).toBe(true);
        if (ys.length < 8) expect(points).toEqual(ys.map((y, x) => ({ x, y })));
        const [least, most] = [Math.min(...ys), Math.max(...ys)];
        expect(points.every(({ y }) => y >= least - 1e-12 && y <= most + 1e-12)).toBe(true);
        expect(last?.x).toBeLessThanOrEqual(ys.length - 1);
      }),
    );
  });

  it('merges neighbours, also when it is asked in between', () => {
    const series = new Series(4);
    for (const x of [0, 1, 2, 3, 4]) series.add({ x, y: 10 * x });
    expect(series.points).toEqual([
      { x: 0.5, y: 5 },
      { x: 2.5, y: 25 },
      { x: 4, y: 40 },
    ]);
    expect(series.last).toEqual({ x: 4, y: 40 });
  });
});

it('outputs are compared bit for bit', () => {
  const set = { labels: Uint8Array.of(1, 0, 1), classes: ['a', 'b'] };
  const trained = Float32Array.of(0, 1, 0, 1, -1, 2);
  expect(compare(trained.slice(), trained, set)).toEqual({ correct: 2, equal: 3 });
  const packed = Float32Array.of(-0, 1, 0, 1, -1, 2.0000002);
  expect(compare(packed, trained, set)).toEqual({ correct: 2, equal: 1 });
});

it('the two recipes differ in the compensator alone', () => {
  const settings = { engine: 'surge-wasm', threads: 1, ...defaultSettings(), seed: 3 } as const;
  const [ste, surge] = recipesOf({ ...settings, eta: 0.2 });
  expect(ste.compensator).toBe('none');
  expect(surge.compensator).toMatchObject({ eta: 0.2 });
  expect({ ...ste, compensator: 0 }).toEqual({ ...surge, compensator: 0 });
  expect(ste).toMatchObject({ name: 'digits-small', seed: 3, batchSize: settings.batchSize });
  expect(() => recipesOf({ ...settings, epochs: 0 })).toThrow(/settings: epochs/);
});

it.each([
  ['surge-wasm', true, 8, mostWasmThreads],
  ['surge-wasm', false, 8, 1],
  ['webgl', true, 8, 1],
  ['webgpu', true, 8, 1],
] as const)('%s, isolated %s, %d cores: at most %d threads', (engine, isolated, cores, most) => {
  const auto = Math.min(most, cores, 4);
  expect(threadsHere(engine, { isolated, cores })).toEqual({ most, auto });
});

it('pauses do not count, and end with a stop', async () => {
  // A clock by hand: two seconds of training, seven of a pause, one more of training.
  let now = 0;
  vi.stubGlobal('performance', { now: () => now });
  const control = new Control();
  await control.whilePaused();
  now = 2000;
  control.pause();
  expect(control.paused).toBe(true);
  let awake = false;
  const waiting = control.whilePaused().then(() => {
    awake = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(awake).toBe(false);
  now = 9000;
  control.stop();
  await waiting;
  expect([awake, control.stopped, control.paused]).toEqual([true, true, false]);
  await control.whilePaused();
  expect(control.seconds).toBe(2);
  now = 10_000;
  expect(control.seconds).toBe(3);
});
