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

// a + b + c = sum + 2 carry, in every bit.
inline Vb carrySave(Vb& sum, Vb b, Vb c) {
  const Vb differ = sum ^ b;
  const Vb carry = (sum & ~differ) | (c & differ);
  sum = differ ^ c;
  return carry;
}

inline Vb byteCounts(Vb v) { return (Vb)counts((Vi)v); }

inline Vb differences(const char* weights, const char* row) {
  Vb filters;
  memcpy(&filters, weights, sizeof filters);
  return filters ^ (uint8_t(*row) - Vb{});
}

// The counts of one pixel and eight bytes, as they are added up.
struct Carries {
  Vb ones{}, twos{}, fours{}, eights{};

  void add(const char* weights, const char* row) {
    constexpr long V = sizeof(Vb);
    const auto pair = [&](int k) { return carrySave(ones, differences(weights + k * V, row + k), differences(weights + (k + 1) * V, row + k + 1)); };
    Vb a = pair(0), b = pair(2);
    const Vb c = carrySave(twos, a, b);
    a = pair(4), b = pair(6);
    const Vb d = carrySave(twos, a, b);
    eights += byteCounts(carrySave(fours, c, d));
  }
  // At most 8 + 2 * 8 + 4 * 8 in a byte.
  Vb rest() const { return byteCounts(ones) + 2 * byteCounts(twos) + 4 * byteCounts(fours); }
};

// n[i] += factor * the i-th W bytes.
inline void widen(Vb bytes, int factor, Vi* n, int pixels) {
  typedef uint8_t Few __attribute__((vector_size(W)));
  for (int i = 0; i < kBitLanes / W; i++) {
    Few few;
    memcpy(&few, reinterpret_cast<const char*>(&bytes) + i * W, sizeof few);
    n[i * pixels] += factor * __builtin_convertvector(few, Vi);
  }
}

// A byte of eights holds 31 times eight.
constexpr int kFlushEvery = 31 * 8;

template <int Q, int P>
inline void countSome(const char* rows, long stride, const char* weights, int bytes, Vi (&n)[kBitLanes / W][P], int first) {
  constexpr long V = sizeof(Vb);
  Carries carries[Q];
  const char* row[Q];
  for (int q = 0; q < Q; q++) row[q] = rows + (first + q) * stride;
  int k = 0;
  for (int i = 0; i < kBitLanes / W; i++)
    for (int q = 0; q < Q; q++) n[i][first + q] = Vi{};
  const int eights = bytes / 8 * 8;
  while (k < eights) {
    for (const int end = least(eights, k + kFlushEvery); k < end; k += 8)
#pragma GCC unroll 2
      for (int q = 0; q < Q; q++) carries[q].add(weights + k * V, row[q] + k);
    for (int q = 0; q < Q; q++) {
      widen(carries[q].eights, 8, &n[0][first + q], P);
      carries[q].eights = Vb{};
    }
  }
  for (int q = 0; q < Q; q++) {
    Vb rest = carries[q].rest();
    for (int i = k; i < bytes; i++) rest += byteCounts(differences(weights + i * V, row[q] + i));
    widen(rest, 1, &n[0][first + q], P);
  }
}

// n[i][p] = popcount(row p ^ weights of each of the i-th W lanes). Rows are `stride` bytes apart and `bytes` long.
template <int P>
inline void countDifferences(const char* rows, long stride, const char* weights, int bytes, Vi (&n)[kBitLanes / W][P]) {
  // Two pixels at a time are all that the registers hold.
  if constexpr (P >= 2) {
#pragma GCC unroll 4
    for (int p = 0; p + 2 <= P; p += 2) countSome<2, P>(rows, stride, weights, bytes, n, p);
  }
  if (P % 2) countSome<1, P>(rows, stride, weights, bytes, n, P - 1);
}

#endif

}  // namespace surge::SURGE_ISA
