// exp of packages/runtime/src/kernels/exp.ts, where it is derived, operation by operation.
#pragma once
#include <cstdint>
#include <cstring>

namespace surge::SURGE_ISA {

// 2^k from its bits.
inline double powerOfTwo(int k) {
  const uint64_t bits = uint64_t(k + 1023) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

inline double exponential64(double x) {
  if (!(x > -746)) return x <= -746 ? 0 : __builtin_nan("");
  if (x > 710) return __builtin_inf();
  const double scaled = x * 1.4426950408889634;
  double k = __builtin_floor(scaled);
  if (scaled - k >= 0.5) k += 1;
  const double r = x - k * 6.9314718036912381649e-1 - k * 1.90821492927058770002e-10;
  double sum = 1;
  for (int n = 13; n > 0; n--) sum = 1 + (r / n) * sum;
  const int whole = int(k), half = whole / 2;
  return sum * powerOfTwo(half) * powerOfTwo(whole - half);
}

}  // namespace surge::SURGE_ISA
