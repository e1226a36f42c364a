/** Whether pools see the picture, against looking at every tap of every window. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Window } from '../graph.js';
import { allInside, endTap, firstTap } from '../kernels/taps.js';
import { ModelFileError } from '../model-file-error.js';
import { checkPoolTaps } from './windows.js';

const node = { name: 'pool', op: 'maxPool2d' } as const;

/** One axis: sizes from which windows of all sorts come, also with gaps larger than the picture. */
const axis = fc.record({
  inputs: fc.integer({ min: 1, max: 9 }),
  taps: fc.integer({ min: 1, max: 6 }),
  stride: fc.integer({ min: 1, max: 12 }),
  dilation: fc.integer({ min: 1, max: 12 }),
  before: fc.integer({ min: 0, max: 40 }),
  after: fc.integer({ min: 0, max: 40 }),
});

describe('taps of a window', () => {
  it('are those inside, found one by one; a pool has one for each output', () => {
    let seeing = 0;
    const property = fc.property(axis, ({ inputs, taps, stride, dilation, before, after }) => {
      const room = inputs + before + after - dilation * (taps - 1) - 1;
      fc.pre(room >= 0);
      let sees = true;
      for (let begin = -before; begin <= room - before; begin += stride) {
        const all = Array.from({ length: taps }, (_, k) => k);
        const inside = all.filter((k) => {
          const at = begin + k * dilation;
          return at >= 0 && at < inputs;
        });
        const first = firstTap(begin, taps, dilation);
        const end = endTap(begin, first, taps, dilation, inputs);
        expect(all.slice(first, end)).toEqual(inside);
        expect(end).toBeGreaterThanOrEqual(first);
        expect(allInside(begin, taps, dilation, inputs)).toBe(inside.length === taps);
        if (inside.length === 0) sees = false;
      }
      const window: Window = {
        size: [taps, 1],
        strides: [stride, 1],
        dilations: [dilation, 1],
        pads: [before, 0, after, 0],
      };
      const check = () => checkPoolTaps(node, { type: 'f32', shape: [inputs, 1, 1] }, window);
      if (sees) check();
      else expect(check).toThrow(ModelFileError);
      if (sees && before > 0) seeing += 1;
    });
    fc.assert(property, { numRuns: 5000 });
    expect(seeing).toBeGreaterThan(100);
  });
});
