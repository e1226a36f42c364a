import { InputError } from '@surge-bnn/contract';
import { describe, expect, it } from 'vitest';
import { collect, decimal, list, refuseOptions, seeds, wholeNumber } from './verb.js';

describe('options that read themselves', () => {
  it('read what is right', () => {
    expect(wholeNumber('--n', 1)('12')).toBe(12);
    expect(decimal('--x', 0)('1e-3')).toBe(0.001);
    expect(list('--l')('a, b')).toEqual(['a', 'b']);
    expect(seeds('--s')('1,4-6,9')).toEqual([1, 4, 5, 6, 9]);
    expect(collect('b', ['a'])).toEqual(['a', 'b']);
    expect(() => {
      refuseOptions({ a: undefined, b: [], c: 1 }, ['a', 'b'], 'is for runs');
    }).not.toThrow();
  });

  it.each<[() => unknown, string]>([
    [() => wholeNumber('--n', 1)('1.5'), '--n must be a whole number >= 1, got "1.5"'],
    [() => wholeNumber('--n', 1)(''), 'got ""'],
    [() => wholeNumber('--n', 1)('0'), '>= 1'],
    [() => decimal('--x', 0)('Infinity'), '--x must be a number >= 0'],
    [() => list('--l')('a,'), '--l takes names separated by commas'],
    [
      () => {
        refuseOptions({ a: undefined, b: [], c: 0 }, ['a', 'b', 'c'], 'is for runs');
      },
      '--c is for runs',
    ],
    [() => seeds('--s')('5-1'), 'runs backwards'],
    [() => seeds('--s')('one'), '--s must be a whole number >= 0, got "one"'],
  ])('refuse the rest: %s', (read, message) => {
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
  });
});
