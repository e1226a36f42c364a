// How many bits differ between the windows of some pixels and a block of filters, whose lanes stand side by side
// (packages/runtime/src/program/layouts.ts): no lane is ever added to another.
//
// With VPOPCNTDQ a lane is a 32-bit word of one filter: XOR, count, add, which leaves nothing to save. Elsewhere a count takes six
// instructions and a lane is a byte, so bits are first added by carry-save adders (Harley and Seal): of three bits of one weight their
// XOR stays at that weight and their majority has twice it. Eight vectors go into running sums of ones, twos and fours and give one vector of
// eights, which alone is counted.
#pragma once
#include "kernels/sign_bits.h"
#include "packed/record.h"

namespace surge::SURGE_ISA {

#if defined(__AVX512VPOPCNTDQ__)

constexpr int kBitLanes = 16, kBitUnit = 4;

// n[0][p] = popcount(row p ^ weights of each lane). Rows are `stride` bytes apart and `bytes` long, a multiple of 4.
template <int P>
inline void countDifferences(const char* rows, long stride, const char* weights, int bytes, Vi (&n)[kBitLanes / W][P]) {
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) n[0][p] = Vi{};
  for (int k = 0; k < bytes; k += kBitUnit, weights += sizeof(Vi)) {
    Vi filters;
    memcpy(&filters, weights, sizeof filters);
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) {
      int32_t word;
      memcpy(&word, rows + p * stride + k, sizeof word);
      n[0][p] += counts((word - Vi{}) ^ filters);
    }
  }
}

#else

constexpr int kBitLanes = SURGE_VECTOR_BYTES, kBitUnit = 1;

typedef uint8_t Vb __attribute__((vector_size(SURGE_VECTOR_BYTES)));

#define SURGE_INLINE inline __attribute__((always_inline))

// a + b + c = sum + 2 carry, in every bit.
SURGE_INLINE Vb carrySave(Vb& sum, Vb b, Vb c) {
  const Vb differ = sum ^ b;
  const Vb carry = (sum & ~differ) | (c & differ);
  sum = differ ^ c;
  return carry;
}

SURGE_INLINE Vb byteCounts(Vb v) { return (Vb)counts((Vi)v); }

SURGE_INLINE Vb differences(const char* weights, const char* row) {
  Vb filters;
  memcpy(&filters, weights, sizeof filters);
  return filters ^ (uint8_t(*row) - Vb{});
}

// n[i * step] += 2^shift * the i-th W bytes. (What GCC 12 makes of __builtin_convertvector here takes as long as the counting.)
SURGE_INLINE void widen(Vb bytes, int shift, Vi* n, int step) {
#if defined(__AVX2__)
  alignas(32) char stored[32];
  memcpy(stored, &bytes, sizeof stored);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const __m128i few = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(stored + 8 * i));
    n[i * step] += (Vi)_mm256_cvtepu8_epi32(few) << shift;
  }
#elif defined(__ARM_NEON) && !defined(SURGE_PLAIN_BITS)
  const uint16x8_t halves[2] = {vmovl_u8(vget_low_u8((uint8x16_t)bytes)), vmovl_u8(vget_high_u8((uint8x16_t)bytes))};
  for (int i = 0; i < 4; i++) {
    const uint16x8_t half = halves[i / 2];
    n[i * step] += (Vi)vmovl_u16(i % 2 ? vget_high_u16(half) : vget_low_u16(half)) << shift;
  }
#else
  for (int i = 0; i < kBitLanes / W; i++) {
    Vi wide;
    for (int lane = 0; lane < W; lane++) wide[lane] = bytes[i * W + lane];
    n[i * step] += wide << shift;
  }
#endif
}

// The counts of one pixel, as its bytes are added.
struct Carries {
  Vb ones{}, twos{}, fours{}, eights{};

  SURGE_INLINE Vb pair(const char* weights, const char* row, int k) {
    return carrySave(ones, differences(weights + k * sizeof(Vb), row + k), differences(weights + (k + 1) * sizeof(Vb), row + k + 1));
  }
  // Eight bytes.
  SURGE_INLINE void add(const char* weights, const char* row) {
    const Vb a = pair(weights, row, 0), b = pair(weights, row, 2);
    const Vb low = carrySave(twos, a, b);
    const Vb c = pair(weights, row, 4), d = pair(weights, row, 6);
    const Vb high = carrySave(twos, c, d);
    eights += byteCounts(carrySave(fours, low, high));
  }
  // n[i * step] += 8 * the i-th W eights, and begins with them anew.
  SURGE_INLINE void flush(Vi* n, int step) {
    widen(eights, 3, n, step);
    eights = Vb{};
  }
  // Adds the rest: `bytes` that make no eight, and what is carried, at most 8 + 2 * 8 + 4 * 8 in a byte.
  SURGE_INLINE void finish(const char* weights, const char* row, int bytes, Vi* n, int step) {
    const Vb two = byteCounts(twos), four = byteCounts(fours) + byteCounts(fours);
    Vb rest = byteCounts(ones) + two + two + four + four;
    for (int i = 0; i < bytes; i++) rest += byteCounts(differences(weights + i * sizeof(Vb), row + i));
    widen(rest, 0, n, step);
  }

};

// A byte of eights holds 31 times eight.
constexpr int kFlushEvery = 31 * 8;

// One or two pixels: all that the registers hold.
template <int Q, int P>
SURGE_INLINE void countSome(const char* rows, long stride, const char* weights, int bytes, Vi (&n)[kBitLanes / W][P], int first) {
  const char *row = rows + first * stride, *next = row + stride;
  Carries a, b;
  int k = 0;
  const int eights = bytes / 8 * 8;
  while (k < eights) {
    for (const int end = least(eights, k + kFlushEvery); k < end; k += 8) {
      a.add(weights + k * sizeof(Vb), row + k);
      if constexpr (Q == 2) b.add(weights + k * sizeof(Vb), next + k);
    }
    a.flush(&n[0][first], P);
    if constexpr (Q == 2) b.flush(&n[0][first + 1], P);
  }
  a.finish(weights + k * sizeof(Vb), row + k, bytes - k, &n[0][first], P);
  if constexpr (Q == 2) b.finish(weights + k * sizeof(Vb), next + k, bytes - k, &n[0][first + 1], P);
}

// n[i][p] = popcount(row p ^ weights of each of the i-th W lanes). Rows are `stride` bytes apart and `bytes` long.
template <int P>
inline void countDifferences(const char* rows, long stride, const char* weights, int bytes, Vi (&n)[kBitLanes / W][P]) {
  for (auto& lanes : n)
    for (Vi& pixel : lanes) pixel = Vi{};
  for (int p = 0; p + 2 <= P; p += 2) countSome<2>(rows, stride, weights, bytes, n, p);
  if constexpr (P % 2) countSome<1>(rows, stride, weights, bytes, n, P - 1);
}

#endif

}  // namespace surge::SURGE_ISA
