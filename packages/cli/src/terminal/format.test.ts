import { describe, expect, it } from 'vitest';
import { bytes, count, duration, figures, percent, points } from './format.js';

describe('numbers for people', () => {
  it('prints what is there', () => {
    expect(percent(0.97125)).toBe('97.13 %');
    expect(points(0.00131)).toBe('+0.13');
    expect(points(-0.2)).toBe('-20.00');
    expect(count(1234567)).toBe('1,234,567');
    expect(figures(0.0821349)).toBe('0.08213');
    expect(figures(1.251e-7)).toBe('1.25e-7');
    expect(figures(0)).toBe('0.000');
  });

  it('changes units at their borders', () => {
    expect([59.94, 59.96, 185, 3599.6, 7800].map((s) => duration(s))).toEqual([
      '59.9 s',
      '1 min 00 s',
      '3 min 05 s',
      '1 h 00 min',
      '2 h 10 min',
    ]);
    expect([0, 999, 13500, 1_420_000, 25.3e9].map((b) => bytes(b))).toEqual([
      '0 B',
      '999 B',
      '13.5 kB',
      '1.42 MB',
      '25.3 GB',
    ]);
  });

  it.each([undefined, null, NaN, Infinity])('prints %s as a dash', (value) => {
    for (const format of [percent, points, duration, count, bytes, figures]) {
      expect(format(value)).toBe('–');
    }
  });
});
