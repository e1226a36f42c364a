/**
 * Reference of GELU with the exact distribution function and of its backward, in float64. The formulas stand in @surge-bnn/contract.
 */

/** y = x Phi(x). */
export function gelu(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) y[i] = x[i] * distribution(x[i]);
}

/** dx = dy (Phi(x) + x phi(x)). */
export function geluGradient(dy: Float32Array, x: Float32Array, dx: Float32Array): void {
  for (let i = 0; i < x.length; i++) {
    const density = Math.exp((-x[i] * x[i]) / 2) / Math.sqrt(2 * Math.PI);
    // Far out the density is 0 and x may be infinite.
    dx[i] = dy[i] * (distribution(x[i]) + (density === 0 ? 0 : x[i] * density));
  }
}

/** Phi(x) = erfc(-x / sqrt 2) / 2. */
export function distribution(x: number): number {
  const tail = erfc(Math.abs(x) * Math.SQRT1_2) / 2;
  return x < 0 ? tail : 1 - tail;
}

/**
 * erfc of z >= 0 to about 1e-15 of itself: 1 minus the Taylor series of erf below 2, above it the continued fraction
 * erfc(z) = exp(-z^2) / sqrt(pi) / (z + (1/2) / (z + (2/2) / (z + (3/2) / (z + ..)))).
 */
function erfc(z: number): number {
  if (Number.isNaN(z)) return z;
  if (z < 2) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 60; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = z;
  for (let k = 120; k > 0; k--) fraction = z + k / 2 / fraction;
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction;
}
