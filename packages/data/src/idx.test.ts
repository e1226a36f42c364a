import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { parseIdx } from './idx.js';
import { idxBytes } from './sets.fixture.js';

const parse = (bytes: Uint8Array) => parseIdx(bytes, 'some/file', 'do something');

describe('parseIdx', () => {
  it('reads back what was written, for any shape', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, (dimensions) => {
        const length = dimensions.reduce((a, b) => a * b, 1);
        const values = Array.from({ length }, (_, i) => i % 256);
        const array = parse(idxBytes(dimensions, values));
        expect(array.dimensions).toEqual(dimensions);
        expect([...array.values]).toEqual(values);
      }),
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', Buffer.alloc(0), /no IDX file: it holds 0 bytes/],
    ['another magic', Buffer.from('<html>not here'), /starts with 3c 68 74 6d instead of 00 00 08/],
    ['floats', idxBytes([1], [0, 0, 0, 0], 0x0d), /type float32; allowed: unsigned bytes/],
    ['an unknown type', idxBytes([1], [0], 0x42), /type 0x42/],
    ['no dimensions', idxBytes([], []), /no dimensions/],
    ['half a header', idxBytes([3, 2], []).subarray(0, 9), /header of 2 dimensions needs 12/],
    ['truncated', idxBytes([3, 2], [1, 2, 3, 4, 5]), /truncated: 17 of the 18 bytes that 3 x 2/],
    ['too long', idxBytes([3, 2], [1, 2, 3, 4, 5, 6, 7]), /1 bytes too many after its 3 x 2/],
    ['absurd sizes', idxBytes([2 ** 32 - 1, 2 ** 32 - 1], [1]), /truncated/],
  ])('refuses a file that is %s in one sentence', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(InputError);
    expect(() => parse(bytes)).toThrow(message);
    expect(() => parse(bytes)).toThrow(/^some\/file .*; do something$/);
  });
});
