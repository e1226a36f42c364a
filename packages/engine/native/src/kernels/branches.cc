// What the backward of a binary layer does around its products: surrogates, norms, and the two branches put together
// (packages/contract/src/kernels.ts, SIGN_CONV_2D_GRADIENT). Sums in float64 over blocks cut by size.
#include <cmath>
#include <cstdlib>

#include "kernels/columns.h"
#include "kernels/declarations.h"

namespace surge::SURGE_ISA {
namespace {

// s(v); the formulas stand in the contract.
template <SurrogateKind kind>
inline float slope(float v, float parameter) {
  if (kind == SurrogateKind::identity) return 1;
  if (kind == SurrogateKind::box) return std::fabs(v) <= parameter ? 1 : 0;
  if (kind == SurrogateKind::quadratic) {
    const float s = 2 - 2 * std::fabs(v);
    return s < 0 ? 0 : s;
  }
  const double u = double(parameter) * v;
  return float(parameter * (2 - u * std::tanh(u / 2)) / (1 + std::cosh(u)));
}

template <class F>
void withKind(SurrogateKind kind, F f) {
  switch (kind) {
    case SurrogateKind::identity: return f([](float v, float p) { return slope<SurrogateKind::identity>(v, p); });
    case SurrogateKind::box: return f([](float v, float p) { return slope<SurrogateKind::box>(v, p); });
    case SurrogateKind::quadratic: return f([](float v, float p) { return slope<SurrogateKind::quadratic>(v, p); });
    case SurrogateKind::swish: return f([](float v, float p) { return slope<SurrogateKind::swish>(v, p); });
  }
}

constexpr long kBlock = 8192;  // entries whose sums stand together

}  // namespace

void signs(int threads, const float* x, float* y, long n) {
  each(threads, n, [=](long from, long to) {
    for (long i = from; i < to; i++) y[i] = x[i] < 0 ? -1.0f : 1.0f;
  });
}

BranchSums throughSurrogate(int threads, const float* x, Surrogate surrogate, float* gb, const float* ga, long n) {
  const long blocks = (n + kBlock - 1) / kBlock;
  BranchSums* sums = static_cast<BranchSums*>(malloc(most<long>(blocks, 1) * sizeof(BranchSums)));
  withKind(surrogate.kind, [&](auto s) {
    const float parameter = surrogate.parameter;
    tasks(threads, blocks, kBlock, [=](long block) {
      const long end = least(n, (block + 1) * kBlock);
      Vd b2[2] = {}, a2[2] = {}, ab[2] = {};
      Vi zero{};
      long zeros = 0;
      for (long i = block * kBlock; i < end; i += W) {
        const int count = int(least<long>(W, end - i));
        float b[W] = {}, a[W] = {}, v[W] = {};
        memcpy(b, gb + i, count * sizeof(float));
        memcpy(v, x + i, count * sizeof(float));
        if (ga) memcpy(a, ga + i, count * sizeof(float));
        float slopes[W];
        for (int j = 0; j < W; j++) slopes[j] = s(v[j], parameter);
        for (int j = 0; j < W; j++) b[j] *= slopes[j];
        memcpy(gb + i, b, count * sizeof(float));
        Vf vs = load(slopes);
        if (count == W) zero -= (Vi)(vs == Vf{});
        else for (int j = 0; j < count; j++) zeros += slopes[j] == 0;
        b2[0] += low64(b) * low64(b);
        b2[1] += high64(b) * high64(b);
        if (!ga) continue;
        a2[0] += low64(a) * low64(a);
        a2[1] += high64(a) * high64(a);
        ab[0] += low64(a) * low64(b);
        ab[1] += high64(a) * high64(b);
      }
      for (int j = 0; j < W; j++) zeros += zero[j];
      sums[block] = {total(b2[0]) + total(b2[1]), total(a2[0]) + total(a2[1]), total(ab[0]) + total(ab[1]), double(zeros)};
    });
  });
  BranchSums all{0, 0, 0, 0};
  for (long i = 0; i < blocks; i++) {
    all.squaredB += sums[i].squaredB;
    all.squaredA += sums[i].squaredA;
    all.inner += sums[i].inner;
    all.clipped += sums[i].clipped;
  }
  free(sums);
  return all;
}

void combine(int threads, float* gb, const float* ga, long n, float binary, float auxiliary) {
  if (binary == 1 && auxiliary == 0) return;
  if (binary == 0 && auxiliary == 0) return fill(threads, gb, n, 0);
  each(threads, n, [=](long from, long to) {
    if (auxiliary == 0)
      for (long i = from; i < to; i++) gb[i] = binary * gb[i];
    else if (binary == 0)
      for (long i = from; i < to; i++) gb[i] = auxiliary * ga[i];
    else
      for (long i = from; i < to; i++) gb[i] = binary * gb[i] + auxiliary * ga[i];
  });
}

void timesSlope(int threads, const float* w, Surrogate surrogate, float* d, long n) {
  withKind(surrogate.kind, [&](auto s) {
    const float parameter = surrogate.parameter;
    each(threads, n, [=](long from, long to) {
      for (long i = from; i < to; i++) d[i] *= s(w[i], parameter);
    });
  });
}

void timesFactor(int threads, float* d, long n, float factor) {
  each(threads, n, [=](long from, long to) {
    for (long i = from; i < to; i++) d[i] *= factor;
  });
}

void padGradient(const float* dy, float* dkernel, const Geometry& g, float padValue) {
  double* sums = static_cast<double*>(malloc(g.outChannels * sizeof(double)));
  for (int fh = 0; fh < g.filterHeight; fh++) {
    for (int fw = 0; fw < g.filterWidth; fw++) {
      for (int o = 0; o < g.outChannels; o++) sums[o] = 0;
      bool any = false;
      for (int oh = 0; oh < g.outHeight; oh++) {
        const int r = oh * g.strideHeight - g.padTop + fh * g.dilationHeight;
        const bool rowInside = r >= 0 && r < g.inHeight;
        for (int ow = 0; ow < g.outWidth; ow++) {
          const int c = ow * g.strideWidth - g.padLeft + fw * g.dilationWidth;
          if (rowInside && c >= 0 && c < g.inWidth) continue;
          any = true;
          for (long n = 0; n < g.batch; n++) {
            const float* row = dy + ((n * g.outHeight + oh) * g.outWidth + ow) * g.outChannels;
            for (int o = 0; o < g.outChannels; o++) sums[o] += row[o];
          }
        }
      }
      if (!any) continue;
      float* target = dkernel + long(fh * g.filterWidth + fw) * g.groupInputs() * g.outChannels;
      for (int c = 0; c < g.groupInputs(); c++)
        for (int o = 0; o < g.outChannels; o++) target[long(c) * g.outChannels + o] += float(padValue * sums[o]);
    }
  }
  free(sums);
}

}  // namespace surge::SURGE_ISA
