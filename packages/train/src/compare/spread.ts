/** Mean, deviation and confidence interval of a few runs. */
import type { Spread } from './types.js';

/** Mean and sample standard deviation (divided by n - 1; 0 for one value). */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / count;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count };
}

/** The 95 % interval of the mean by Student's t; undefined for fewer than two values. */
export function confidenceInterval({ mean, deviation, count }: Spread) {
  if (count < 2) return undefined;
  const half = (studentQuantile975(count - 1) * deviation) / Math.sqrt(count);
  return [mean - half, mean + half] as const;
}

/** t with P(T <= t) = 0.975 for T of Student's distribution, by bisection on its distribution function. */
export function studentQuantile975(degrees: number): number {
  let low = 0;
  let high = 20;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (upperHalf(middle, degrees) < 0.475) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * P(0 <= T <= t) for a whole number n of degrees of freedom. With t = sqrt(n) tan(a) the density turns into
 * a power of the cosine, whose integral I_k = integral of cos^k over [0, a] has the recurrence
 * I_k = (cos^(k-1) a sin a + (k - 1) I_(k-2)) / k; over [0, pi/2] the boundary term vanishes.
 */
function upperHalf(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  return cosineIntegral(degrees - 1, angle) / cosineIntegral(degrees - 1, Math.PI / 2) / 2;
}

function cosineIntegral(power: number, angle: number): number {
  let value = power % 2 === 0 ? angle : Math.sin(angle);
  for (let k = (power % 2) + 2; k <= power; k += 2) {
    value = (Math.cos(angle) ** (k - 1) * Math.sin(angle) + (k - 1) * value) / k;
  }
  return value;
}
