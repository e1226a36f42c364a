// Element-wise functions. A NaN in gives a NaN out, except `sign` and comparisons that the contract names.
#include <cmath>

#include "kernels/clip.h"
#include "kernels/declarations.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

template <class F>
void map(int threads, const float* x, float* y, long n, F f) {
  each(threads, n, [=](long from, long to) {
    long i = from;
    for (; i + W <= to; i += W) store(y + i, f(load(x + i)));
    if (i == to) return;
    Vf rest{};
    memcpy(&rest, x + i, (to - i) * sizeof(float));
    rest = f(rest);
    memcpy(y + i, &rest, (to - i) * sizeof(float));
  });
}

template <class F>
void scalarMap(int threads, const float* x, float* y, long n, F f) {
  each(threads, n, [=](long from, long to) {
    for (long i = from; i < to; i++) y[i] = f(x[i]);
  });
}

// y = f(a, b) with b lined up as BinaryLayout says (providers/provider.ts): `inner` entries of a share one of b, and b repeats.
template <class F>
void zip(int threads, const float* a, const float* b, float* y, long n, long bLength, long inner, F f) {
  if (inner == 1 && bLength == n) {
    each(threads, n, [=](long from, long to) {
      long i = from;
      for (; i + W <= to; i += W) store(y + i, f(load(a + i), load(b + i)));
      for (; i < to; i++) y[i] = f(all(a[i]), all(b[i]))[0];
    });
    return;
  }
  // Runs of equal treatment: against one entry of b, or against all of b.
  const long run = bLength == 1 ? n : inner == 1 ? bLength : inner;
  const bool constant = inner > 1 || bLength == 1;
  split(threads, n, 1, run > n ? n : run, [=](long from, long to) {
    for (long start = from / run * run; start < to; start += run) {
      const long first = most(from, start), end = least(to, start + run);
      const long period = bLength * inner;
      const Vf fixed = all(b[bLength == 1 ? 0 : start % period / inner]);
      long i = first;
      if (constant) {
        for (; i + W <= end; i += W) store(y + i, f(load(a + i), fixed));
        for (; i < end; i++) y[i] = f(all(a[i]), fixed)[0];
      } else {
        const float* row = b - start;
        for (; i + W <= end; i += W) store(y + i, f(load(a + i), load(row + i)));
        for (; i < end; i++) y[i] = f(all(a[i]), all(row[i]))[0];
      }
    }
  });
}

template <bool swapped>
void binaryOp(int threads, Binary op, const float* a, const float* b, float* y, long n, long bLength, long inner) {
  const auto go = [=](auto f) {
    zip(threads, a, b, y, n, bLength, inner, [f](Vf u, Vf v) { return swapped ? f(v, u) : f(u, v); });
  };
  switch (op) {
    case Binary::add: return go([](Vf u, Vf v) { return u + v; });
    case Binary::sub: return go([](Vf u, Vf v) { return u - v; });
    case Binary::mul: return go([](Vf u, Vf v) { return u * v; });
    case Binary::div: return go([](Vf u, Vf v) { return u / v; });
    case Binary::max: return go(jsMax);
    case Binary::min: return go(jsMin);
    case Binary::squaredDifference: return go([](Vf u, Vf v) { return (u - v) * (u - v); });
  }
}

}  // namespace

void unary(int threads, Unary op, const float* x, float* y, long n) {
  const Vf zero{}, one = all(1);
  switch (op) {
    case Unary::relu: return map(threads, x, y, n, [=](Vf v) { return v != v ? v : v > zero ? v : zero; });
    case Unary::step: return map(threads, x, y, n, [=](Vf v) { return v != v ? v : v > zero ? one : zero; });
    case Unary::neg: return map(threads, x, y, n, [=](Vf v) { return -v; });
    case Unary::abs: return map(threads, x, y, n, [=](Vf v) { return (Vf)((Vi)v & 0x7fffffff); });
    case Unary::square: return map(threads, x, y, n, [=](Vf v) { return v * v; });
    case Unary::sqrt: return scalarMap(threads, x, y, n, [](float v) { return __builtin_sqrtf(v); });
    case Unary::rsqrt: return scalarMap(threads, x, y, n, [](float v) { return float(1 / __builtin_sqrt(double(v))); });
    case Unary::exp: return scalarMap(threads, x, y, n, [](float v) { return expf(v); });
    case Unary::log: return scalarMap(threads, x, y, n, [](float v) { return logf(v); });
    case Unary::sign: return map(threads, x, y, n, [=](Vf v) { return v > zero ? one : v < zero ? -one : zero; });
  }
}

void clip(int threads, const float* x, float* y, long n, float low, float high) {
  map(threads, x, y, n, [=](Vf v) { return clipped(v, all(low), all(high)); });
}

void binary(int threads, Binary op, const float* a, const float* b, float* y, long n, long bLength, long inner, bool swapped) {
  if (n == 0) return;
  if (swapped) binaryOp<true>(threads, op, a, b, y, n, bLength, inner);
  else binaryOp<false>(threads, op, a, b, y, n, bLength, inner);
}

void prelu(int threads, const float* x, const float* alpha, float* y, long n, long alphas) {
  if (n == 0) return;
  zip(threads, x, alpha, y, n, alphas, 1, [](Vf v, Vf slope) { return v < Vf{} ? slope * v : v; });
}

void fill(int threads, float* y, long n, float value) {
  each(threads, n, [=](long from, long to) {
    for (long i = from; i < to; i++) y[i] = value;
  });
}

void addClip(int threads, const float* a, const float* b, float* y, long n, float low, float high) {
  if (!b) return clip(threads, a, y, n, low, high);
  if (n == 0) return;
  zip(threads, a, b, y, n, n, 1, [=](Vf u, Vf v) { return clipped(u + v, all(low), all(high)); });
}

void addClipGradient(int threads, const float* dy, const float* y, float* dx, long n, float low, float high) {
  if (n == 0) return;
  zip(threads, dy, y, dx, n, n, 1, [=](Vf d, Vf v) { return ((v > low) & (v < high)) ? d : Vf{}; });
}

}  // namespace surge::SURGE_ISA
