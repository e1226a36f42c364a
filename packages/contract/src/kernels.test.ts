/** What stands beside the formulas of kernels. */
import { expect, it } from 'vitest';
import { leastKept } from './kernels.js';

it.each([
  [0, 0],
  [0.25, 2 ** 30],
  [0.1, 429496730],
  // The largest rate below 1 rounds up to 2^32, which as 32 bits would be 0 and drop nothing.
  [1 - 2 ** -53, 2 ** 32 - 1],
])('the least hash that is kept at the rate %d', (rate, least) => {
  expect(leastKept(rate)).toBe(least);
});
