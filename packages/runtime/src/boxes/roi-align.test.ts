/**
 * RoIAlign against a formula without its bookkeeping (the map as a piecewise linear function, every sample looked up in it), by
 * hand, and its gradient against finite differences, exact because the op is linear.
 */
import { describe, expect, it } from 'vitest';
import { roiAlign, roiAlignGradient, type RoiAlignOptions } from './roi-align.js';

const shape = { batch: 2, height: 5, width: 6, channels: 3 };
const size = 2 * 5 * 6 * 3;
const draw = (n: number, seed: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) * seed) * 2));
const x = draw(size, 1);
const value = (b: number, row: number, column: number, c: number) =>
  x[((b * 5 + row) * 6 + column) * 3 + c];

/** The map at a point, as a sum of hats over all pixels: max(0, 1 - |distance|) in each direction. */
function at(b: number, y: number, column: number, c: number): number {
  if (y < -1 || y > 5 || column < -1 || column > 6) return 0;
  const [py, px] = [Math.min(Math.max(y, 0), 4), Math.min(Math.max(column, 0), 5)];
  let sum = 0;
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 6; j++) {
      const hat = Math.max(0, 1 - Math.abs(py - i)) * Math.max(0, 1 - Math.abs(px - j));
      sum += hat * value(b, i, j, c);
    }
  }
  return sum;
}

function formula(box: number[], b: number, o: RoiAlignOptions): number[] {
  const shift = o.aligned ? 0.5 : 0;
  const [x1, y1, x2, y2] = box.map((v) => v * o.scale - shift);
  const [w, h] = o.aligned ? [x2 - x1, y2 - y1] : [Math.max(1, x2 - x1), Math.max(1, y2 - y1)];
  const rows = o.samplingRatio || Math.ceil(h / o.height);
  const columns = o.samplingRatio || Math.ceil(w / o.width);
  const out: number[] = [];
  for (let p = 0; p < o.height; p++) {
    for (let q = 0; q < o.width; q++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const y = y1 + (h / o.height) * (p + (i + 0.5) / rows);
            sum += at(b, y, x1 + (w / o.width) * (q + (j + 0.5) / columns), c);
          }
        }
        out.push(sum / Math.max(1, rows * columns));
      }
    }
  }
  return out;
}

/** Inside, over every border, wholly outside, smaller than a pixel, without area, turned inside out, huge. */
const boxes = [
  [4, 4, 36, 28],
  [-13, -9, 20, 60],
  [30, 30, 70, 50],
  [-400, -400, -300, -300],
  [9, 9, 10, 11],
  [16, 16, 16, 16],
  [30, 30, 10, 10],
  [-50, -60, 90, 80],
];
const pictures = Int32Array.from(boxes, (_, i) => i % 2);
const flatBoxes = Float32Array.from(boxes.flat());

const grid = [false, true].flatMap((aligned) =>
  [0, 1, 2, 3].flatMap((samplingRatio) =>
    [
      [1, 1],
      [3, 2],
      [7, 7],
    ].map(([height, width]) => ({ scale: 1 / 8, height, width, samplingRatio, aligned })),
  ),
);

describe.each(grid)('%j', (options) => {
  const bins = options.height * options.width * 3;

  it('is the formula', () => {
    const y = new Float32Array(boxes.length * bins).fill(NaN);
    roiAlign(x, shape, flatBoxes, pictures, options, y);
    const expected = boxes.flatMap((box, i) => formula(box, i % 2, options));
    y.forEach((v, i) => expect(v).toBeCloseTo(expected[i], 5));
  });

  it('has the exact gradient: <dy, roiAlign(v)> = <roiAlignGradient(dy), v> for any v', () => {
    const dy = draw(boxes.length * bins, 3);
    const dx = new Float32Array(size).fill(NaN);
    roiAlignGradient(dy, shape, flatBoxes, pictures, options, dx);
    for (const seed of [5, 7, 11]) {
      const v = draw(size, seed);
      const y = new Float32Array(dy.length);
      roiAlign(v, shape, flatBoxes, pictures, options, y);
      const left = dy.reduce((sum, d, i) => sum + d * y[i], 0);
      const right = dx.reduce((sum, d, i) => sum + d * v[i], 0);
      expect(right).toBeCloseTo(left, 3);
    }
  });
});

it('agrees with finite differences at every pixel', () => {
  const options = { scale: 0.125, height: 2, width: 2, samplingRatio: 2, aligned: false };
  const dy = draw(boxes.length * 12, 3);
  const loss = (pixels: Float32Array): number => {
    const y = new Float32Array(dy.length);
    roiAlign(pixels, shape, flatBoxes, pictures, options, y);
    return y.reduce((sum, v, i) => sum + v * dy[i], 0);
  };
  const dx = new Float32Array(size);
  roiAlignGradient(dy, shape, flatBoxes, pictures, options, dx);
  for (let i = 0; i < size; i++) {
    const [up, down] = [x.slice(), x.slice()];
    up[i] += 0.5;
    down[i] -= 0.5;
    expect(dx[i]).toBeCloseTo(loss(up) - loss(down), 4);
  }
});

it('reads by hand: a map that grows by 1 to the right', () => {
  const ramp = Float32Array.from([0, 1, 2, 3, 0, 1, 2, 3]);
  const y = new Float32Array(2);
  const map = { batch: 1, height: 2, width: 4, channels: 1 };
  const options = { scale: 1, height: 1, width: 2, samplingRatio: 2 };
  roiAlign(
    ramp,
    map,
    Float32Array.of(0, 0, 2, 1),
    Int32Array.of(0),
    { ...options, aligned: false },
    y,
  );
  // Samples at 0.25, 0.75 and at 1.25, 1.75; aligned all lie half a pixel to the left, and -0.25 is moved to 0.
  expect([...y]).toEqual([0.5, 1.5]);
  roiAlign(
    ramp,
    map,
    Float32Array.of(0, 0, 2, 1),
    Int32Array.of(0),
    { ...options, aligned: true },
    y,
  );
  expect([...y]).toEqual([0.125, 1]);
});

it('knows no boxes', () => {
  const dx = new Float32Array(size).fill(NaN);
  const none = new Float32Array(0);
  roiAlign(x, shape, none, new Int32Array(0), grid[0], none);
  roiAlignGradient(none, shape, none, new Int32Array(0), grid[0], dx);
  expect(dx.every((v) => v === 0)).toBe(true);
});
