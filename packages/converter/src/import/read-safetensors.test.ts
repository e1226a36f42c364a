/** Foreign files: one that Python wrote, and bytes that want to do harm. */
import fc from 'fast-check';
import { InputError } from '@surge-bnn/contract';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from './read-safetensors.js';
import { float32Values } from './tensor-values.js';

/** Written by safetensors.torch.save_file (safetensors 0.8.0): F64, F32, F16, BF16, I64 and BOOL. */
const fromPython = Buffer.from(
  'oAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJub3JtLm51bV9iYXRjaGVzX3RyYWNrZWQiOnsiZHR5cGUiOiJJNjQiLCJzaGFw' +
    'ZSI6W10sImRhdGFfb2Zmc2V0cyI6WzAsOF19LCJkb3VibGUiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls4LDI0XX0s' +
    'InN0ZW0ud2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxLDJdLCJkYXRhX29mZnNldHMiOlsyNCwzMl19LCJicmFpbiI6eyJkdHlwZSI6IkJG' +
    'MTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOlszMiwzOF19LCJoYWxmIjp7ImR0eXBlIjoiRjE2Iiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNl' +
    'dHMiOlszOCw0Nl19LCJtYXNrIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzQ2LDQ5XX19ICAgIMsE+3EfAQAAmpmZ' +
    'mZmZuT9Z8/jCH26lgQAAwD8AABDAgD9i/yA+ADwAuP97AQABAAE=',
  'base64',
);

/** A file of this header, as an object or as text, and this many bytes of data. */
function file(header: unknown, bytes = 0): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const encoded = new TextEncoder().encode(text);
  const whole = new Uint8Array(8 + encoded.length + bytes);
  new DataView(whole.buffer).setBigUint64(0, BigInt(encoded.length), true);
  whole.set(encoded, 8);
  return whole;
}

const entry = (shape: unknown, data_offsets: unknown, dtype: unknown = 'F32') => ({
  a: { dtype, shape, data_offsets },
});

describe('readSafetensors', () => {
  it('reads what Python wrote, at any alignment', () => {
    const shifted = new Uint8Array(fromPython.length + 1);
    shifted.set(fromPython, 1);
    for (const bytes of [fromPython, shifted.subarray(1)]) {
      const tensors = readSafetensors(bytes);
      const values = (name: string) => {
        const tensor = tensors.get(name);
        return tensor && [tensor.dtype, tensor.shape, float32Values(tensor)];
      };
      expect([...tensors.keys()]).toEqual([
        ...['norm.num_batches_tracked', 'double', 'stem.weight', 'brain', 'half', 'mask'],
      ]);
      expect(values('double')).toEqual(['F64', [2], Float32Array.of(0.1, -0)]);
      expect(values('stem.weight')).toEqual(['F32', [1, 2], Float32Array.of(1.5, -2.25)]);
      expect(values('brain')).toEqual([
        'BF16',
        [3],
        Float32Array.of(1, -3.00405527047391e38, 0.15625),
      ]);
      expect(values('half')).toEqual(['F16', [2, 2], Float32Array.of(1, -0.5, 65504, 2 ** -24)]);
      expect(tensors.get('half')?.bytes.slice().buffer.byteLength).toBe(8);
      const counter = tensors.get('norm.num_batches_tracked');
      expect(counter).toMatchObject({ dtype: 'I64', shape: [] });
      expect(counter && Buffer.from(counter.bytes).readBigInt64LE()).toBe(1234567890123n);
    }
  });

  it('takes gaps, overlaps, empty tensors, any order, and element types that it does not know', () => {
    const tensors = readSafetensors(
      file(
        {
          late: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
          early: { dtype: 'U8', shape: [10], data_offsets: [0, 10] },
          empty: { dtype: 'F64', shape: [0, 3], data_offsets: [12, 12] },
          new: { dtype: 'F8_E4M3', shape: [5], data_offsets: [1, 6] },
          ['__proto__']: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
        },
        12,
      ),
    );
    expect(tensors.size).toBe(5);
    expect(tensors.get('new')?.bytes.length).toBe(5);
    expect(readSafetensors(file({ __metadata__: { format: 'pt' } })).size).toBe(0);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /it has only 0 bytes/],
    ['half a length', new Uint8Array(7), /it has only 7 bytes/],
    ['a header that ends outside', fromPython.subarray(0, 200), /header of 416 bytes would end/],
    ['a header of 2^64 - 1 bytes', new Uint8Array(16).fill(255), /18446744073709551615 bytes/],
    ['no JSON', file('{"a":'), /its header is no JSON$/],
    ['no text', file('"\ud800"').fill(0xff, 8), /its header is no JSON$/],
    ['a list', file([]), /its header is no JSON object/],
    ['null', file('null'), /its header is no JSON object/],
    ['no entry', file({ a: null }), /tensor "a" has no description/],
    ['no dtype', file(entry([1], [0, 4], 7), 4), /tensor "a" has no dtype/],
    ['no shape', file(entry('1', [0, 4]), 4), /tensor "a" has no valid shape/],
    ['a negative size', file(entry([-1], [0, 4]), 4), /no valid shape/],
    ['half a size', file(entry([0.5], [0, 4]), 4), /no valid shape/],
    [
      'a size beyond 2^53',
      file('{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}', 4),
      /no valid shape/,
    ],
    ['one offset', file(entry([1], [0]), 4), /no valid data_offsets/],
    ['a negative offset', file(entry([1], [-4, 0]), 4), /no valid data_offsets/],
    ['offsets turned round', file(entry([1], [4, 0]), 4), /lies at bytes 4 to 0 of 4/],
    ['an offset outside', file(entry([2], [0, 8]), 4), /lies at bytes 0 to 8 of 4/],
    [
      'a shape that is larger',
      file(entry([2], [0, 4]), 4),
      /of F32 \[2\] takes 8 bytes, but has 4/,
    ],
    [
      'a huge shape',
      file(entry([2 ** 40, 2 ** 40, 2 ** 40], [0, 4]), 4),
      /takes .* bytes, but has 4/,
    ],
    [
      'a shape past all numbers',
      file(entry(Array(40).fill(2 ** 53 - 1), [0, 4]), 4),
      /takes Infinity bytes/,
    ],
    [
      'a huge empty shape',
      file(entry([...Array<number>(40).fill(2 ** 53 - 1), 0], [0, 0])),
      /takes NaN bytes/,
    ],
    ['data cut off', fromPython.subarray(0, 470), /tensor "mask" lies at bytes 46 to 49 of 46/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(InputError);
    expect(() => readSafetensors(bytes)).toThrow(message);
    expect(() => readSafetensors(bytes)).toThrow(/^this is no valid safetensors file: /);
  });

  it('reads or refuses whatever a few bytes are changed to', () => {
    const change = fc.tuple(fc.nat(fromPython.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.nat(fromPython.length),
        (changes, length) => {
          const bytes = Uint8Array.from(fromPython);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            for (const tensor of readSafetensors(bytes.subarray(0, length)).values()) {
              float32Values(tensor);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
