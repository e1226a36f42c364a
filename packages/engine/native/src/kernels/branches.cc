// What the backward of a binary layer does around its products: surrogates, norms, and the two branches put together
// (packages/contract/src/kernels.ts, SIGN_CONV_2D_GRADIENT). Sums in float64 over blocks cut by size.
#include <cmath>

#include "kernels/columns.h"
#include "kernels/declarations.h"
#include "kernels/through_surrogate.h"

namespace surge::SURGE_ISA {
namespace {

// s(v), W at a time; the formulas stand in the contract.
template <SurrogateKind kind>
inline Vf slope(Vf v, float parameter) {
  const Vf magnitude = (Vf)((Vi)v & 0x7fffffff), zero{};
  if (kind == SurrogateKind::identity) return all(1);
  if (kind == SurrogateKind::box) return magnitude <= parameter ? all(1) : zero;
  if (kind == SurrogateKind::quadratic) {
    const Vf s = 2 - 2 * magnitude;
    return s < zero ? zero : s;
  }
  Vf s;
  for (int i = 0; i < W; i++) {
    const double u = double(parameter) * v[i];
    s[i] = float(parameter * (2 - u * std::tanh(u / 2)) / (1 + std::cosh(u)));
  }
  return s;
}

template <class F>
void withKind(SurrogateKind kind, F f) {
  switch (kind) {
    case SurrogateKind::identity: return f([](Vf v, float p) { return slope<SurrogateKind::identity>(v, p); });
    case SurrogateKind::box: return f([](Vf v, float p) { return slope<SurrogateKind::box>(v, p); });
    case SurrogateKind::quadratic: return f([](Vf v, float p) { return slope<SurrogateKind::quadratic>(v, p); });
    case SurrogateKind::swish: return f([](Vf v, float p) { return slope<SurrogateKind::swish>(v, p); });
  }
}

constexpr long kBlock = 8192;  // entries whose sums stand together

}  // namespace

void signs(int threads, const float* x, float* y, long n) {
  each(threads, n, [=](long from, long to) {
    for (long i = from; i < to; i++) y[i] = x[i] < 0 ? -1.0f : 1.0f;
  });
}

BranchSums throughSurrogateBlock(const float* x, Surrogate surrogate, float* gb, const float* ga, long n) {
  BranchSums result{};
  withKind(surrogate.kind, [&](auto s) {
    const float parameter = surrogate.parameter;
    Vd b2[2] = {}, a2[2] = {}, ab[2] = {};
    Vi zero{};
    long beyond = 0;  // lanes past the end, whose slope is none of ours
    for (long i = 0; i < n; i += W) {
      const int count = int(least<long>(W, n - i));
      const Vf slopes = s(part(x + i, count), parameter);
      const Vf b = part(gb + i, count) * slopes;
      put(gb + i, b, count);
      zero -= (Vi)(slopes == Vf{});
      if (count < W) {
        for (int j = count; j < W; j++) beyond += slopes[j] == 0;
      }
      const Vd bLow = low64(b), bHigh = high64(b);
      b2[0] = fused(bLow, bLow, b2[0]);
      b2[1] = fused(bHigh, bHigh, b2[1]);
      if (!ga) continue;
      const Vf a = part(ga + i, count);
      const Vd aLow = low64(a), aHigh = high64(a);
      a2[0] = fused(aLow, aLow, a2[0]);
      a2[1] = fused(aHigh, aHigh, a2[1]);
      ab[0] = fused(aLow, bLow, ab[0]);
      ab[1] = fused(aHigh, bHigh, ab[1]);
    }
    long zeros = -beyond;
    for (int j = 0; j < W; j++) zeros += zero[j];
    result = {total(b2[0]) + total(b2[1]), total(a2[0]) + total(a2[1]), total(ab[0]) + total(ab[1]), double(zeros)};
  });
  return result;
}

BranchSums throughSurrogate(int threads, const float* x, Surrogate surrogate, float* gb, const float* ga, long n) {
  const long blocks = (n + kBlock - 1) / kBlock;
  const Scratch<BranchSums> scratch(blocks);
  BranchSums* sums = scratch;
  tasks(threads, blocks, kBlock, [=](long block) {
    const long from = block * kBlock, count = least(n - from, kBlock);
    sums[block] = throughSurrogateBlock(x + from, surrogate, gb + from, ga ? ga + from : nullptr, count);
  });
  BranchSums all{};
  for (long i = 0; i < blocks; i++) all += sums[i];
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
      for (long i = from; i < to; i += W) {
        const int count = int(least<long>(W, to - i));
        put(d + i, part(d + i, count) * s(part(w + i, count), parameter), count);
      }
    });
  });
}

void timesFactor(int threads, float* d, long n, float factor) {
  each(threads, n, [=](long from, long to) {
    for (long i = from; i < to; i++) d[i] *= factor;
  });
}

void padGradient(int threads, const float* dy, float* dkernel, const Geometry& g, float padValue) {
  tasks(threads, g.taps(), 4L * g.batch * (g.outHeight + g.outWidth) * g.outChannels, [&](long tap) {
    const int fh = int(tap) / g.filterWidth, fw = int(tap) % g.filterWidth;
    const Scratch<double> sums(g.outChannels);
    for (int o = 0; o < g.outChannels; o++) sums[o] = 0;
    bool any = false;
    for (long n = 0; n < g.batch; n++) {
      for (int oh = 0; oh < g.outHeight; oh++) {
        const int r = oh * g.strideHeight - g.padTop + fh * g.dilationHeight;
        const bool rowInside = r >= 0 && r < g.inHeight;
        for (int ow = 0; ow < g.outWidth; ow++) {
          const int c = ow * g.strideWidth - g.padLeft + fw * g.dilationWidth;
          if (rowInside && c >= 0 && c < g.inWidth) {
            // What lies inside lies side by side: on to the last pixel of the row that is inside.
            ow += (g.inWidth - 1 - c) / g.strideWidth;
            continue;
          }
          any = true;
          const float* row = dy + ((n * g.outHeight + oh) * g.outWidth + ow) * g.outChannels;
          for (int o = 0; o < g.outChannels; o++) sums[o] += row[o];
        }
      }
    }
    if (any) {
      float* target = dkernel + tap * g.groupInputs() * g.outChannels;
      for (int c = 0; c < g.groupInputs(); c++)
        for (int o = 0; o < g.outChannels; o++) target[long(c) * g.outChannels + o] += float(padValue * sums[o]);
    }
  });
}

}  // namespace surge::SURGE_ISA
