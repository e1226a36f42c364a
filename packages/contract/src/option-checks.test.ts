import { describe, expect, it } from 'vitest';
import { InputError } from './input-error.js';
import { badOption, checkChoice, checkCount } from './option-checks.js';

describe('an option is refused in one sentence', () => {
  it('that says who, what must be and what is', () => {
    expect(badOption('bert', 'heads', 'a divisor of 8', [3])).toEqual(
      new InputError('bert: heads must be a divisor of 8, got [3]'),
    );
    expect(badOption('bert', 'heads', 'a number', NaN).message).toMatch(/got NaN$/);
    expect(badOption('bert', 'heads', 'a number', undefined).message).toMatch(/got undefined$/);
  });

  it.each([0, 1.5, NaN, -1, '2', null, undefined])('where it is no count: %j', (value) => {
    expect(() => {
      checkCount('bert', 'layers', value);
    }).toThrow('bert: layers must be a whole number >= 1, got');
  });

  it.each([
    [['a'], 'must be a, got'],
    [['a', 'b'], 'must be a or b, got'],
    [['a', 1, true], 'must be a, 1 or true, got'],
    [[0, undefined], 'must be 0, got'],
  ])('where it is none of %j', (choices, message) => {
    expect(() => {
      checkChoice('x', 'y', 'c', choices);
    }).toThrow(`x: y ${message} "c"`);
  });

  it('and taken where it is right', () => {
    checkCount('x', 'y', 1);
    checkChoice('x', 'y', undefined, [0, undefined]);
    checkChoice('x', 'y', false, [true, false]);
    expect(() => {
      checkChoice('x', 'y', '0', [0]);
    }).toThrow('got "0"');
  });
});
