// The two backward products of the binary branch, without multiplications: where one operand is a sign, a sum of four products is
// one of 16 numbers, and VPERMPS looks 16 of them up at once. For AVX-512; elsewhere oneDNN multiplies.
//
//   dgrad:  dx[p, c] = sum over taps t and outputs o of dy[p - t, o] B[t, c, o]
//   For a pixel of dy and four of its channels a table holds all +-dy0 +-dy1 +-dy2 +-dy3. A vector of 16 input channels c asks it with
//   the four sign bits of its weights: 64 multiply-adds by one permutation and one addition, where FMA takes four. A table is built by
//   four additions and serves every tap and every block of 16 input channels.
//
//   wgrad:  dW[t, c, o] = sum over pixels p of b(x)[p + t, c] dy[p, o]
//   The same with four neighbouring pixels of a row in a table of one output o, asked with the sign bits of x at the four pixels
//   under the tap, 16 input channels at once.
//
// Sums are float32 as in any float convolution; in the second product over at most kChunk tables before they join the total.
#pragma once
#if defined(__AVX512F__)
#include <immintrin.h>

#include "kernels/simd.h"

namespace surge::SURGE_ISA {

constexpr int kMostTaps = 28;
constexpr int kMostTapsInRow = 4;
constexpr int kChunk = 128;  // tables of one output that the wgrad sums up before they join the total

// Entry i of a table: the sum of v[0], v[step], v[2 step], v[3 step] with a minus where bit 0, 1, 2, 3 of i is set. Products with +-1
// are exact, so the fused forms add and round just as additions would.
inline __m512 table(const float* v, long step) {
  const __m512 s0 = _mm512_setr_ps(1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1);
  const __m512 s1 = _mm512_setr_ps(1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1);
  const __m512 s2 = _mm512_setr_ps(1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1);
  const __m512 s3 = _mm512_setr_ps(1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1);
  __m512 sum = _mm512_mul_ps(s0, _mm512_set1_ps(v[0]));
  sum = _mm512_fmadd_ps(s1, _mm512_set1_ps(v[step]), sum);
  sum = _mm512_fmadd_ps(s2, _mm512_set1_ps(v[2 * step]), sum);
  return _mm512_fmadd_ps(s3, _mm512_set1_ps(v[3 * step]), sum);
}

// The tables of `count` runs of four consecutive entries, one after the other. A function of its own, so that its constants stay in
// registers.
__attribute__((noinline)) inline void buildTables(const float* v, long count, float* out) {
#pragma GCC unroll 4
  for (long i = 0; i < count; i++) _mm512_store_ps(out + i * 16, table(v + i * 4, 1));
}

constexpr int kOuts = 8;  // outputs o of the wgrad that share an index
// The tables of kOuts neighbouring columns of four rows that are `step` apart.
__attribute__((noinline)) inline void buildColumnTables(const float* v, long step, float* out) {
#pragma GCC unroll 8
  for (int o = 0; o < kOuts; o++) _mm512_store_ps(out + o * 16, table(v + o, step));
}

// A table that is asked more than once: read from memory once, where the compiler would rather read it for every question.
inline __m512 tableAt(const float* p) {
  __m512 values = _mm512_load_ps(p);
  asm("" : "+v"(values));
  return values;
}

// sum + table[index]. The addition is by turns a plain one and a fused product with 1, which rounds alike: permutations and additions
// share one of Zen 4's four vector pipes and fused products another, and so all of them work.
inline __m512 lookedUp(int turn, __m512 sum, __m512i index, __m512 values) {
  const __m512 found = _mm512_permutexvar_ps(index, values);
  if (turn % 2) return _mm512_fmadd_ps(found, _mm512_set1_ps(1), sum);
  return _mm512_add_ps(sum, found);
}

}  // namespace surge::SURGE_ISA

#endif
