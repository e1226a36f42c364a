// Batch norm over all axes but the last and layer norm over the last: statistics in float64, outputs rounded once from float32
// arithmetic. Formulas: packages/contract/src/kernels.ts; derivation of dx: packages/core/src/ops/batch-norm.ts.
#include <cmath>

#include "kernels/clip.h"
#include "kernels/columns.h"
#include "kernels/declarations.h"

namespace surge::SURGE_ISA {
namespace {

// y = a[c] x + b[c] (and + e[c] z): one pass over rows of `channels`.
template <class F>
void rowsPass(int threads, long rows, long channels, F f) {
  split(threads, rows, channels, 1, [=](long from, long to) {
    for (long row = from; row < to; row++) {
      const long at = row * channels;
      long c = 0;
      for (; c + W <= channels; c += W) f(at, c, W);
      if (c < channels) f(at, c, int(channels - c));
    }
  });
}

}  // namespace

void batchNorm(int threads, const float* x, const float* gamma, const float* beta, const float* shortcut, float* y, float* mean,
               float* variance, long rows, long channels, double epsilon, float low, float high) {
  // Sums about the first row: a channel far from 0 loses nothing when its mean is squared.
  Columns<2> sums(rows, channels);
  sums.run(threads, [=, &sums](long row, long column, Vd* low, Vd* high) {
    float spare[W], spareOrigin[W];
    const float* from = sums.lanes(x + row * channels + column, column, spare);
    const float* origin = sums.lanes(x + column, column, spareOrigin);
    const Vd a = low64(from) - low64(origin), b = high64(from) - high64(origin);
    low[0] += a;
    high[0] += b;
    low[1] = fused(a, a, low[1]);
    high[1] = fused(b, b, high[1]);
  });
  const Scratch<float> scratch(3 * channels);
  float* scale = scratch;
  float *centre = scale + channels, *shift = centre + channels;
  for (long c = 0; c < channels; c++) {
    const double off = sums.total(0, c) / rows;
    const double squares = sums.total(1, c) / rows - off * off;
    const double value = squares > 0 ? squares : squares == squares ? 0 : squares;
    mean[c] = float(off + (rows ? x[c] : 0));
    variance[c] = float(value);
    scale[c] = float(gamma[c] / std::sqrt(value + epsilon));
    centre[c] = mean[c];
    shift[c] = beta[c];
  }
  // `behind` is what the network does with the norm's output, while it is in a register.
  const auto apply = [=](auto behind) {
    rowsPass(threads, rows, channels, [=](long at, long c, int n) {
      const Vf v = (part(x + at + c, n) - part(centre + c, n)) * part(scale + c, n) + part(shift + c, n);
      put(y + at + c, behind(v, at + c, n), n);
    });
  };
  if (shortcut) return apply([=](Vf v, long at, int n) { return clipped(v + part(shortcut + at, n), all(low), all(high)); });
  if (low > -INFINITY || high < INFINITY) return apply([=](Vf v, long, int) { return clipped(v, all(low), all(high)); });
  apply([](Vf v, long, int) { return v; });
}

namespace {

// dgamma, dbeta and dx from the sums of dy and of dy x.
void finishNormGradient(int threads, const Columns<2>& sums, const float* dy, const float* x, const float* gamma, const float* mean,
                        const float* variance, float* dx, float* dgamma, float* dbeta, long rows, long channels, double epsilon) {
  // dx = k0 (dy - k1 - (x - mean) k2)
  const Scratch<float> scratch(3 * channels);
  float* k0 = scratch;
  float *k1 = k0 + channels, *k2 = k1 + channels;
  for (long c = 0; c < channels; c++) {
    const double inverse = 1 / std::sqrt(double(variance[c]) + epsilon);
    // sum dy (x - mean); in float64 the difference of the two sums loses nothing that float32 inputs had.
    const double total = sums.total(0, c), withXhat = (sums.total(1, c) - mean[c] * total) * inverse;
    dbeta[c] = float(total);
    dgamma[c] = float(withXhat);
    k0[c] = float(gamma[c] * inverse);
    k1[c] = float(total / rows);
    k2[c] = float(inverse * withXhat / rows);
  }
  rowsPass(threads, rows, channels, [=](long at, long c, int n) {
    const Vf centred = part(x + at + c, n) - part(mean + c, n);
    put(dx + at + c, part(k0 + c, n) * (part(dy + at + c, n) - part(k1 + c, n) - part(k2 + c, n) * centred), n);
  });
}

}  // namespace

void batchNormGradient(int threads, const float* dy, const float* x, const float* gamma, const float* mean, const float* variance, float* dx,
                       float* dgamma, float* dbeta, long rows, long channels, double epsilon) {
  Columns<2> sums(rows, channels);
  sums.run(threads, [=, &sums](long row, long column, Vd* low, Vd* high) {
    float spare[W], spareX[W];
    const long at = row * channels + column;
    const float* d = sums.lanes(dy + at, column, spare);
    const float* v = sums.lanes(x + at, column, spareX);
    const Vd a = low64(d), b = high64(d);
    low[0] += a;
    high[0] += b;
    low[1] = fused(a, low64(v), low[1]);
    high[1] = fused(b, high64(v), high[1]);
  });
  finishNormGradient(threads, sums, dy, x, gamma, mean, variance, dx, dgamma, dbeta, rows, channels, epsilon);
}

void batchNormAddClipGradient(int threads, const float* dy, const float* y, const float* x, const float* gamma, const float* mean,
                              const float* variance, float* dx, float* dgamma, float* dbeta, float* dsum, long rows, long channels,
                              double epsilon, float low, float high) {
  Columns<2> sums(rows, channels);
  const auto add = [=](long at, int n, Vd* lows, Vd* highs) {
    const Vf bounded = part(y + at, n), v = part(x + at, n);
    const Vf d = ((bounded > all(low)) & (bounded < all(high))) ? part(dy + at, n) : Vf{};
    put(dsum + at, d, n);
    const Vd a = low64(d), b = high64(d);
    lows[0] += a;
    highs[0] += b;
    lows[1] = fused(a, low64(v), lows[1]);
    highs[1] = fused(b, high64(v), highs[1]);
  };
  sums.run(threads, [=](long row, long column, Vd* lows, Vd* highs) {
    const long at = row * channels + column;
    if (column + W <= channels) add(at, W, lows, highs);
    else add(at, int(channels - column), lows, highs);
  });
  finishNormGradient(threads, sums, dsum, x, gamma, mean, variance, dx, dgamma, dbeta, rows, channels, epsilon);
}

namespace {

// The sum over a row that f(column, count, low, high) adds up in double lanes, W entries at a time.
template <class F>
inline double alongRow(long columns, F f) {
  Vd low{}, high{};
  long c = 0;
  for (; c + W <= columns; c += W) f(c, W, low, high);
  if (c < columns) f(c, int(columns - c), low, high);
  return total(low + high);
}

// The first `count` lanes of v; 0 in the others.
inline Vf first(Vf v, int count) {
  if (count == W) return v;
  float lanes[W];
  put(lanes, v, W);
  return part(lanes, count);
}

}  // namespace

void layerNorm(int threads, const float* x, const float* gamma, const float* beta, float* y, float* mean, float* inverseStd, long rows,
               long channels, double epsilon) {
  split(threads, rows, 2 * channels, 1, [=](long from, long to) {
    for (long r = from; r < to; r++) {
      const float* v = x + r * channels;
      const double m = alongRow(channels, [=](long c, int n, Vd& low, Vd& high) {
        const Vf entries = part(v + c, n);
        low += low64(entries);
        high += high64(entries);
      }) / channels;
      const double squares = alongRow(channels, [=](long c, int n, Vd& low, Vd& high) {
        const Vf entries = part(v + c, n);
        // Both as doubles: where the mean is far from 0 their difference keeps its digits.
        const Vf centred = first(narrowed64(low64(entries) - all64(m), high64(entries) - all64(m)), n);
        low = fused(low64(centred), low64(centred), low);
        high = fused(high64(centred), high64(centred), high);
      });
      const double inverse = 1 / std::sqrt(squares / channels + epsilon);
      mean[r] = float(m);
      inverseStd[r] = float(inverse);
      float* out = y + r * channels;
      rowsPass(1, 1, channels, [=](long, long c, int n) {
        const Vf entries = part(v + c, n);
        const Vf xhat = narrowed64((low64(entries) - all64(m)) * all64(inverse), (high64(entries) - all64(m)) * all64(inverse));
        put(out + c, xhat * part(gamma + c, n) + part(beta + c, n), n);
      });
    }
  });
}

void layerNormGradient(int threads, const float* dy, const float* x, const float* gamma, const float* mean, const float* inverseStd, float* dx,
                       float* dgamma, float* dbeta, long rows, long channels) {
  Columns<2> sums(rows, channels);
  sums.run(threads, [=](long row, long column, Vd* low, Vd* high) {
    const long at = row * channels + column;
    const int n = int(least<long>(W, channels - column));
    const Vf d = part(dy + at, n), xhat = (part(x + at, n) - all(mean[row])) * all(inverseStd[row]);
    low[0] += low64(d);
    high[0] += high64(d);
    low[1] = fused(low64(d), low64(xhat), low[1]);
    high[1] = fused(high64(d), high64(xhat), high[1]);
  });
  for (long c = 0; c < channels; c++) {
    dbeta[c] = float(sums.total(0, c));
    dgamma[c] = float(sums.total(1, c));
  }
  split(threads, rows, 2 * channels, 1, [=](long from, long to) {
    for (long r = from; r < to; r++) {
      const float *d = dy + r * channels, *v = x + r * channels;
      const Vf m = all(mean[r]), inverse = all(inverseStd[r]);
      const double along1 = alongRow(channels, [=](long c, int n, Vd& low, Vd& high) {
        const Vf g = part(d + c, n), w = part(gamma + c, n);
        low = fused(low64(g), low64(w), low);
        high = fused(high64(g), high64(w), high);
      });
      const double alongXhat = alongRow(channels, [=](long c, int n, Vd& low, Vd& high) {
        const Vf g = part(d + c, n) * part(gamma + c, n), xhat = (part(v + c, n) - m) * inverse;
        low = fused(low64(g), low64(xhat), low);
        high = fused(high64(g), high64(xhat), high);
      });
      const Vf k1 = all(float(along1 / channels)), k2 = all(float(alongXhat / channels));
      float* out = dx + r * channels;
      rowsPass(1, 1, channels, [=](long, long c, int n) {
        const Vf g = part(d + c, n) * part(gamma + c, n), xhat = (part(v + c, n) - m) * inverse;
        put(out + c, inverse * (g - k1 - xhat * k2), n);
      });
    }
  });
}

}  // namespace surge::SURGE_ISA
