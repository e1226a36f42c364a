/** The parts of the training page that need no browser. */
import { loadImages } from '@surge-bnn/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Control } from '../../examples/train-in-browser/src/control.js';
import { decodeDigits, encodeDigits } from '../../examples/train-in-browser/src/digits-file.js';
import { compare } from '../../examples/train-in-browser/src/pack.js';
import { defaultSettings, recipesOf } from '../../examples/train-in-browser/src/recipes.js';
import { Series } from '../../examples/train-in-browser/src/series.js';
import { mostWasmThreads, threadsHere } from '../../examples/train-in-browser/src/settings.js';

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
});

describe('a series', () => {
  it('keeps few points, whose means are those of all', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1 }), (ys) => {
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
  const control = new Control();
  await control.whilePaused();
  control.pause();
  let awake = false;
  const waiting = control.whilePaused().then(() => {
    awake = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(awake).toBe(false);
  control.stop();
  await waiting;
  expect([awake, control.stopped]).toEqual([true, true]);
  await control.whilePaused();
  // The pause took 50 ms at least; whatever else took its time is in the other number, too.
  expect(control.seconds).toBeGreaterThanOrEqual(0);
});
