// exp of W floats: 2^n exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2, ln 2 subtracted in two parts; exp(r) by the minimax polynomial of
// Cephes' expf (public domain). Within 2 units in the last place. Below -87.33 it is 0 (no subnormals), above 88.72 Infinity; NaN stays NaN.
#pragma once
#include <cmath>

#include "kernels/simd.h"

namespace surge::SURGE_ISA {

inline Vf exponential(Vf x) {
  // NaN fails the comparisons and becomes a bound, which the last line undoes.
  const Vf limited = minimum(maximum(x, all(-87.3365f)), all(88.7228f));
  const Vf half = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to whole numbers
  const Vf n = fused(limited, all(1.44269504f), half) - half;
  Vf r = fused(n, all(-0.693359375f), limited);
  r = fused(n, all(2.1219444e-4f), r);
  Vf p = all(1.98756915e-4f);
  p = fused(p, r, all(1.3981999507e-3f));
  p = fused(p, r, all(8.3334519073e-3f));
  p = fused(p, r, all(4.1665795894e-2f));
  p = fused(p, r, all(1.6666665459e-1f));
  p = fused(p, r, all(5.0000001201e-1f));
  p = fused(p * r, r, r) + all(1.0f);
  // 2^n in two factors, because n reaches 128 where the exponent field ends at 127.
  const Vi whole = __builtin_convertvector(n, Vi), low = whole >> 1, rest = whole - low;
  const Vi a = (low + 127) << 23, b = (rest + 127) << 23;
  Vf first, second;
  memcpy(&first, &a, sizeof a);
  memcpy(&second, &b, sizeof b);
  p = p * first * second;
  p = x < all(-87.3365f) ? Vf{} : p;
  p = x > all(88.7228f) ? all(INFINITY) : p;
  return x == x ? p : x;
}

}  // namespace surge::SURGE_ISA
