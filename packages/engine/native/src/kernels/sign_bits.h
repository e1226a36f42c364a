// Signs as bits: bit 1 stands for -1 (v < 0), bit 0 for +1; a NaN is reported. Sixteen channels make a half-word.
#pragma once
#include "kernels/simd.h"

namespace surge::SURGE_ISA {

// The signs of p[0 .. count - 1], count <= 16; `nan` becomes true when one of them is a NaN.
inline uint16_t signHalf(const float* p, int count, bool& nan) {
#if defined(__AVX512F__)
  const __m512 v = count == 16 ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), p);
  nan |= _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q) != 0;
  return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
#else
#if defined(__AVX2__)
  if (count == 16) {
    const __m256 a = _mm256_loadu_ps(p), b = _mm256_loadu_ps(p + 8), zero = _mm256_setzero_ps();
    const __m256 unordered = _mm256_cmp_ps(a, b, _CMP_UNORD_Q);
    nan = nan || _mm256_movemask_ps(unordered);
    return uint16_t(_mm256_movemask_ps(_mm256_cmp_ps(a, zero, _CMP_LT_OQ)) |
                    _mm256_movemask_ps(_mm256_cmp_ps(b, zero, _CMP_LT_OQ)) << 8);
  }
#endif
  unsigned bits = 0;
  bool any = false;
  for (int i = 0; i < count; i++) {
    bits |= unsigned(p[i] < 0) << i;
    any |= p[i] != p[i];
  }
  nan = nan || any;
  return uint16_t(bits);
#endif
}

// Counts of set bits, as they are cheapest to add up: of each 32-bit lane, or of each byte, whose sums `folded` brings to
// 32-bit lanes before they could pass 255 (31 words of at most 8 bits a byte).
#if defined(__AVX512VPOPCNTDQ__)
constexpr int kFoldEvery = 1 << 30;
inline Vi counts(Vi v) { return (Vi)_mm512_popcnt_epi32((__m512i)v); }
inline Vi folded(Vi v) { return v; }
#else
constexpr int kFoldEvery = 31;
#if defined(__AVX2__)
inline Vi counts(Vi v) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15), x = (__m256i)v;
  const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(x, nibble));
  const __m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
  return (Vi)_mm256_add_epi8(low, high);
}
inline Vi folded(Vi v) {
  const __m256i pairs = _mm256_maddubs_epi16((__m256i)v, _mm256_set1_epi8(1));
  return (Vi)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
inline Vi addCounts(Vi a, Vi b) { return (Vi)_mm256_add_epi8((__m256i)a, (__m256i)b); }
#elif defined(__ARM_NEON) && !defined(SURGE_PLAIN_BITS)
inline Vi counts(Vi v) { return (Vi)vcntq_u8((uint8x16_t)v); }
inline Vi folded(Vi v) { return (Vi)vpaddlq_u16(vpaddlq_u8((uint8x16_t)v)); }
#else
inline Vi counts(Vi v) {
  typedef uint32_t Vu __attribute__((vector_size(SURGE_VECTOR_BYTES)));
  Vu x = (Vu)v;
  x = x - ((x >> 1) & 0x55555555u);
  x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
  return (Vi)((x + (x >> 4)) & 0x0f0f0f0fu);
}
inline Vi folded(Vi v) {
  typedef uint32_t Vu __attribute__((vector_size(SURGE_VECTOR_BYTES)));
  Vu x = (Vu)v;
  x = (x & 0x00ff00ffu) + ((x >> 8) & 0x00ff00ffu);
  return (Vi)((x & 0xffffu) + (x >> 16));
}
#endif
#endif
#if !defined(__AVX2__) || defined(__AVX512VPOPCNTDQ__)
// Bytes of counts never carry into each other, so they add as (unsigned) 32-bit lanes do.
inline Vi addCounts(Vi a, Vi b) {
  typedef uint32_t Vu __attribute__((vector_size(SURGE_VECTOR_BYTES)));
  return (Vi)((Vu)a + (Vu)b);
}
#endif

}  // namespace surge::SURGE_ISA
