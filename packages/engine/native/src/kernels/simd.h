// Vectors of the instruction set that this translation unit is compiled for, by GCC's and Clang's vector extensions: one text
// for all of them. Everything lies in the instruction set's own namespace, and nothing of the standard library that could be
// instantiated is used: the linker would else be free to keep the AVX-512 copy of it for everybody.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace surge::SURGE_ISA {

constexpr int W = SURGE_VECTOR_BYTES / 4;  // float lanes
typedef float Vf __attribute__((vector_size(SURGE_VECTOR_BYTES)));
typedef int32_t Vi __attribute__((vector_size(SURGE_VECTOR_BYTES)));
typedef double Vd __attribute__((vector_size(SURGE_VECTOR_BYTES)));  // half of a Vf's lanes
typedef float Vh __attribute__((vector_size(SURGE_VECTOR_BYTES / 2)));

inline Vf load(const float* p) {
  Vf v;
  memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Vf v) { memcpy(p, &v, sizeof v); }
inline Vf all(float value) { return value - Vf{}; }
inline Vd all64(double value) { return value - Vd{}; }
inline Vf minimum(Vf a, Vf b) { return a < b ? a : b; }
inline Vf maximum(Vf a, Vf b) { return a > b ? a : b; }

// a b + c, in one rounding where the instruction set has it. For training's float products alone.
inline Vf fused(Vf a, Vf b, Vf c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}

inline Vd fused(Vd a, Vd b, Vd c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_pd(a, b, c);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return vfmaq_f64(c, a, b);
#else
  return a * b + c;
#endif
}

// W entries, or the `count` that are left with zeros behind them.
inline Vf part(const float* p, int count) {
  if (count == W) return load(p);
  Vf v{};
  memcpy(&v, p, count * sizeof(float));
  return v;
}
inline void put(float* p, Vf v, int count) {
  if (count == W) store(p, v);
  else memcpy(p, &v, count * sizeof(float));
}

// W / 2 floats as doubles, and back. GCC 12 makes __builtin_convertvector of the widest vectors in halves, and takes the forms without a mask
// (all lanes here) for uses of something undefined.
inline Vd widened(Vh v) {
#if defined(__AVX512F__)
  return _mm512_maskz_cvtps_pd(0xff, v);
#elif defined(__AVX2__)
  return _mm256_cvtps_pd(v);
#else
  return __builtin_convertvector(v, Vd);
#endif
}
inline Vh narrowed(Vd v) {
#if defined(__AVX512F__)
  return _mm512_maskz_cvtpd_ps(0xff, v);
#elif defined(__AVX2__)
  return _mm256_cvtpd_ps(v);
#else
  return __builtin_convertvector(v, Vh);
#endif
}

// Both halves of W floats as doubles.
inline Vd low64(const float* p) {
  Vh h;
  memcpy(&h, p, sizeof h);
  return widened(h);
}
inline Vd high64(const float* p) { return low64(p + W / 2); }
inline Vd low64(Vf v) {
#if defined(__AVX512F__)
  return widened(Vh(_mm512_castps512_ps256(v)));
#else
  Vh h;
  memcpy(&h, &v, sizeof h);
  return widened(h);
#endif
}
inline Vd high64(Vf v) {
#if defined(__AVX512F__)
  return widened(Vh(_mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xf, _mm512_castps_pd(v), 1))));
#else
  Vh h;
  memcpy(&h, reinterpret_cast<const char*>(&v) + sizeof h, sizeof h);
  return widened(h);
#endif
}
inline void store64(float* p, Vd low, Vd high) {
  const Vh a = narrowed(low), b = narrowed(high);
  memcpy(p, &a, sizeof a);
  memcpy(p + W / 2, &b, sizeof b);
}
// Both halves in one vector of floats.
inline Vf narrowed64(Vd low, Vd high) {
#if defined(__AVX512F__)
  const __m512d lower = _mm512_castpd256_pd512(_mm256_castps_pd(narrowed(low)));
  return Vf(_mm512_castpd_ps(_mm512_maskz_insertf64x4(0xff, lower, _mm256_castps_pd(narrowed(high)), 1)));
#else
  float lanes[W];
  store64(lanes, low, high);
  return load(lanes);
#endif
}
inline double total(Vd v) {
  double sum = 0;
  for (int i = 0; i < W / 2; i++) sum += v[i];
  return sum;
}

template <class T>
inline T least(T a, T b) { return a < b ? a : b; }
template <class T>
inline T most(T a, T b) { return a > b ? a : b; }

}  // namespace surge::SURGE_ISA
