// GELU, dropout and the softmax of attention, with their backwards. Formulas: packages/contract/src/kernels.ts.
#include <cmath>

#include "kernels/declarations.h"
#include "kernels/exponential.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

// Phi(x) by erfc(z) = t exp(-z^2 + P(t)), t = 1 / (1 + z / 2), z = |x| / sqrt 2, with the Chebyshev fit of Numerical Recipes (erfcc), whose error is
// below 1.2e-7 of the value everywhere: the negative tail keeps its digits.
inline Vf distribution(Vf x) {
  const Vf z = maximum(x, -x) * all(0.7071067812f), one = all(1.0f);
  const Vf t = one / fused(z, all(0.5f), one);
  Vf p = all(0.17087277f);
  p = fused(p, t, all(-0.82215223f));
  p = fused(p, t, all(1.48851587f));
  p = fused(p, t, all(-1.13520398f));
  p = fused(p, t, all(0.27886807f));
  p = fused(p, t, all(-0.18628806f));
  p = fused(p, t, all(0.09678418f));
  p = fused(p, t, all(0.37409196f));
  p = fused(p, t, all(1.00002368f));
  p = fused(p, t, all(-1.26551223f));
  const Vf tail = t * exponential(p - z * z) * all(0.5f);
  return x < Vf{} ? tail : one - tail;
}

// f(key, count) along a row, W keys at a time.
template <class F>
inline void alongKeys(long keys, F f) {
  long k = 0;
  for (; k + W <= keys; k += W) f(k, W);
  if (k < keys) f(k, int(keys - k));
}

}  // namespace

void gelu(int threads, const float* x, float* y, long n) {
  split(threads, n, 8, W, [=](long from, long to) {
    for (long i = from; i < to; i += W) {
      const int count = int(least(long(W), to - i));
      const Vf v = part(x + i, count);
      put(y + i, v * distribution(v), count);
    }
  });
}

void geluGradient(int threads, const float* dy, const float* x, float* dx, long n) {
  split(threads, n, 16, W, [=](long from, long to) {
    for (long i = from; i < to; i += W) {
      const int count = int(least(long(W), to - i));
      const Vf v = part(x + i, count);
      const Vf density = exponential(v * v * all(-0.5f)) * all(0.3989422804f);
      // Far out the density is 0, and x may be infinite.
      const Vf slope = density == Vf{} ? Vf{} : v * density;
      put(dx + i, part(dy + i, count) * (distribution(v) + slope), count);
    }
  });
}

void attentionSoftmax(int threads, const float* x, const float* bias, float* y, long rows, long rowsPerText, long keys, float scale) {
  split(threads, rows, 8 * keys, 1, [=](long from, long to) {
    for (long r = from; r < to; r++) {
      const float *z = x + r * keys, *own = bias + r / rowsPerText * keys;
      float* out = y + r * keys;
      // A NaN does not win here, but its own power is one, and so is the sum.
      Vf most = all(-INFINITY);
      alongKeys(keys, [&](long k, int count) {
        const Vf logit = part(z + k, count) * all(scale) + part(own + k, count);
        put(out + k, logit, count);
        if (count == W) most = maximum(logit, most);
        else for (int i = 0; i < count; i++) most[i] = logit[i] > most[i] ? logit[i] : most[i];
      });
      float top = most[0];
      for (int i = 1; i < W; i++) top = most[i] > top ? most[i] : top;
      Vd low{}, high{};
      alongKeys(keys, [&](long k, int count) {
        put(out + k, exponential(part(out + k, count) - all(top)), count);
        const Vf e = part(out + k, count);
        low += low64(e);
        high += high64(e);
      });
      const Vf share = all(float(1 / total(low + high)));
      alongKeys(keys, [&](long k, int count) { put(out + k, part(out + k, count) * share, count); });
    }
  });
}

void attentionSoftmaxGradient(int threads, const float* dy, const float* y, float* dx, long rows, long keys, float scale) {
  split(threads, rows, 4 * keys, 1, [=](long from, long to) {
    for (long r = from; r < to; r++) {
      const float *g = dy + r * keys, *p = y + r * keys;
      Vd low{}, high{};
      alongKeys(keys, [&](long k, int count) {
        const Vf product = part(g + k, count) * part(p + k, count);
        low += low64(product);
        high += high64(product);
      });
      const Vf along = all(float(total(low + high)));
      alongKeys(keys, [&](long k, int count) {
        put(dx + r * keys + k, part(p + k, count) * all(scale) * (part(g + k, count) - along), count);
      });
    }
  });
}

void dropout(int threads, const float* x, float* y, long n, uint32_t start, uint32_t bound, float kept) {
  typedef uint32_t Vu __attribute__((vector_size(SURGE_VECTOR_BYTES)));
  constexpr uint32_t weyl = 0x9e3779b9u;
  split(threads, n, 4, W, [=](long from, long to) {
    Vu counter;
    for (int i = 0; i < W; i++) counter[i] = start + uint32_t(from + i) * weyl;
    const Vf factor = all(kept);
    for (long i = from; i < to; i += W, counter += W * weyl) {
      const int count = int(least(long(W), to - i));
      Vu h = (counter ^ (counter >> 16)) * 0x85ebca6bu;
      h = (h ^ (h >> 13)) * 0xc2b2ae35u;
      h ^= h >> 16;
      put(y + i, part(x + i, count) * (h < bound ? Vf{} : factor), count);
    }
  });
}

}  // namespace surge::SURGE_ISA
