/**
 * The normal distribution's Phi and GELU, from additions, multiplications, divisions and the runtime's own exp: the same bits everywhere.
 *
 * With z = x / sqrt 2, Phi(x) = (1 + erf(z)) / 2 = erfc(-z) / 2. The approximations are the rational minimax ones of FreeBSD's s_erf.c, of which its
 * notice says: "Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business. Permission to
 * use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved."
 *
 *     |z| < 0.84375           erf(z)    = z + z P(z^2) / Q(z^2)
 *     |z| < 1.25              erfc(|z|) = 1 - 0.845.. - P(|z| - 1) / Q(|z| - 1)
 *     |z| < 1 / 0.35, 28      erfc(|z|) = exp(-z^2 - 0.5625 + R(1 / z^2) / S(1 / z^2)) / |z|
 *
 * It differs from them where they split z^2 into two exponentials to spare the last digits: here is one, whose argument is rounded at z^2, so that the
 * relative error of Phi grows with z^2. It is below 1e-15 for x > -1.77, below 1e-14 for x > -6 and below 5e-14 for x > -13, behind which GELU is no
 * normal float32 (text-kernels.test.ts, against values of 40 digits).
 */
import { exp } from './exp.js';

/** A polynomial, the coefficient of the highest power first (Horner). */
function polynomial(s: number, coefficients: Float64Array): number {
  let sum = coefficients[0];
  for (let i = 1; i < coefficients.length; i++) sum = coefficients[i] + s * sum;
  return sum;
}

const nearP = Float64Array.of(
  -2.37630166566501626084e-5,
  -5.77027029648944159157e-3,
  -2.84817495755985104766e-2,
  -3.2504210724700149937e-1,
  1.28379167095512558561e-1,
);
const nearQ = Float64Array.of(
  -3.9602282787753681232e-6,
  1.32494738004321644526e-4,
  5.08130628187576562776e-3,
  6.50222499887672944485e-2,
  3.97917223959155352819e-1,
  1,
);
/** erf near 1, of which the approximation there tells the rest. */
const atOne = 8.45062911510467529297e-1;
const oneP = Float64Array.of(
  -2.166375594868790843e-3,
  3.54783043256182359371e-2,
  -1.10894694282396677476e-1,
  3.18346619901161753674e-1,
  -3.72207876035701323847e-1,
  4.14856118683748331666e-1,
  -2.36211856075265944077e-3,
);
const oneQ = Float64Array.of(
  1.1984499846799107417e-2,
  1.36370839120290507362e-2,
  1.26171219808761642112e-1,
  7.18286544141962662868e-2,
  5.40397917702171048937e-1,
  1.06420880400844228286e-1,
  1,
);
const farR = Float64Array.of(
  -9.81432934416914548592,
  -8.12874355063065934246e1,
  -1.84605092906711035994e2,
  -1.62396669462573470355e2,
  -6.23753324503260060396e1,
  -1.05586262253232909814e1,
  -6.93858572707181764372e-1,
  -9.86494403484714822705e-3,
);
const farS = Float64Array.of(
  -6.04244152148580987438e-2,
  6.57024977031928170135,
  1.08635005541779435134e2,
  4.29008140027567833386e2,
  6.45387271733267880336e2,
  4.34565877475229228821e2,
  1.376577541435190426e2,
  1.96512716674392571292e1,
  1,
);
const tailR = Float64Array.of(
  -4.83519191608651397019e2,
  -1.02509513161107724954e3,
  -6.37566443368389627722e2,
  -1.60636384855821916062e2,
  -1.77579549177547519889e1,
  -7.99283237680523006574e-1,
  -9.86494292470009928597e-3,
);
const tailS = Float64Array.of(
  -2.24409524465858183362e1,
  4.74528541206955367215e2,
  2.55305040643316442583e3,
  3.19985821950859553908e3,
  1.53672958608443695994e3,
  3.25792512996573918826e2,
  3.03380607434824582924e1,
  1,
);

/** The share of a normal distribution (mean 0, deviation 1) below x, in f64; NaN for NaN. */
export function normalBelow(x: number): number {
  const z = x * Math.SQRT1_2;
  const size = Math.abs(z);
  if (size < 0.84375) {
    const square = z * z;
    const ratio = polynomial(square, nearP) / polynomial(square, nearQ);
    return 0.5 + 0.5 * (z + z * ratio);
  }
  const tail = 0.5 * complement(size);
  return z < 0 ? tail : 1 - tail;
}

/** erfc for z >= 0.84375. */
function complement(z: number): number {
  if (z < 1.25) {
    const s = z - 1;
    return 1 - atOne - polynomial(s, oneP) / polynomial(s, oneQ);
  }
  if (z >= 28) return 0;
  const square = z * z;
  const s = 1 / square;
  const ratio =
    z < 1 / 0.35
      ? polynomial(s, farR) / polynomial(s, farS)
      : polynomial(s, tailR) / polynomial(s, tailS);
  return exp(-square - 0.5625 + ratio) / z;
}
