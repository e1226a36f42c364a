// The binary branch's gradient through the surrogate of its inputs, and what the two branches measure: for some entries that lie in the
// cache, in one thread. `throughSurrogate` of the kernel set does the same with many.
#pragma once
#include "kernels/kernel_set.h"

namespace surge::SURGE_ISA {

inline BranchSums& operator+=(BranchSums& a, const BranchSums& b) {
  a.squaredB += b.squaredB, a.squaredA += b.squaredA, a.inner += b.inner, a.clipped += b.clipped;
  return a;
}

BranchSums throughSurrogateBlock(const float* x, Surrogate surrogate, float* gb, const float* ga, long n);

}  // namespace surge::SURGE_ISA
