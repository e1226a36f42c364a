/** Broadcasting in every layout against index arithmetic written out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spread } from './spread.js';

describe('spread', () => {
  it('repeats the axes of size 1', () => {
    const out = new Float32Array(12);
    spread(Float32Array.of(1, 2, 3, 4), [2, 1, 2], out, [2, 3, 2]);
    expect([...out]).toEqual([1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4]);
    const scalar = new Float32Array(3);
    spread(Float32Array.of(7), [], scalar, [3]);
    expect([...scalar]).toEqual([7, 7, 7]);
  });

  it('is small[index or 0] for any shapes', () => {
    const axes = fc.array(fc.record({ size: fc.integer({ min: 0, max: 4 }), own: fc.boolean() }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(axes, fc.nat(3), (all, dropped) => {
        const shape = all.map((axis) => axis.size);
        // Leading broadcast axes may be absent from the small shape altogether.
        const full = all.map((axis) => (axis.own ? axis.size : 1));
        const leading = full.findIndex((size) => size !== 1);
        const absent = Math.min(dropped, leading < 0 ? full.length : leading);
        const smallShape = full.slice(absent);
        const size = smallShape.reduce((a, b) => a * b, 1);
        const small = Float32Array.from({ length: size }, (_, i) => i + 1);
        const out = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(NaN);
        spread(small, smallShape, out, shape);
        out.forEach((value, flat) => {
          let rest = flat;
          let at = 0;
          let stride = 1;
          for (let axis = shape.length - 1; axis >= absent; axis--) {
            const index = rest % shape[axis];
            rest = Math.floor(rest / shape[axis]);
            at += (full[axis] === 1 ? 0 : index) * stride;
            stride *= full[axis];
          }
          expect(value).toBe(small[at]);
        });
      }),
    );
  });
});
