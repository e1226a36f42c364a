// The convolution of canonical evaluation: for each output a float64 sum from +0 over the window's rows, its columns and the
// channels of the group, then the bias, rounded once (packages/contract/src/kernels.ts). The product of two float32 is exact in
// float64, so neither the vector width nor a fused multiply-add could change a bit; the order of the sum alone decides.

#include "kernels/declarations.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

constexpr int P = 4;  // output pixels at once

}  // namespace

void canonicalConv(int threads, const float* x, const float* kernel, const float* bias, float* y, const Geometry& g, float padValue) {
  const int channels = g.groupInputs(), outs = g.groupOutputs();
  const long rowCost = 2L * g.outWidth * g.outChannels * g.taps() * channels;
  tasks(threads, long(g.batch) * g.outHeight, rowCost, [&](long task) {
    const long n = task / g.outHeight;
    const int oh = int(task % g.outHeight);
    float* row = y + task * g.outWidth * g.outChannels;
    for (int group = 0; group < g.groups; group++) {
      for (int o = 0; o < outs; o += W) {
        const int count = least(W, outs - o);
        const int at = group * outs + o;
        for (int ow = 0; ow < g.outWidth; ow += P) {
          const int pixels = least(P, g.outWidth - ow);
          Vd low[P] = {}, high[P] = {};
          for (int fh = 0; fh < g.filterHeight; fh++) {
            const int r = oh * g.strideHeight - g.padTop + fh * g.dilationHeight;
            const bool rowInside = r >= 0 && r < g.inHeight;
            if (!rowInside && padValue == 0) continue;
            for (int fw = 0; fw < g.filterWidth; fw++) {
              const float* source[P];
              bool any = false;
              for (int p = 0; p < P; p++) {
                const int c = (ow + p) * g.strideWidth - g.padLeft + fw * g.dilationWidth;
                const bool in = p < pixels && rowInside && c >= 0 && c < g.inWidth;
                source[p] = in ? x + ((n * g.inHeight + r) * g.inWidth + c) * g.inChannels + group * channels : nullptr;
                any = any || in || (p < pixels && padValue != 0);
              }
              if (!any) continue;
              const float* weights = kernel + long(fh * g.filterWidth + fw) * channels * g.outChannels + at;
              for (int i = 0; i < channels; i++, weights += g.outChannels) {
                float spare[W] = {};
                const float* w = weights;
                if (count < W) w = static_cast<const float*>(memcpy(spare, weights, count * sizeof(float)));
                const Vd a = low64(w), b = high64(w);
                for (int p = 0; p < P; p++) {
                  // A tap outside the picture is skipped where padding is 0: 0 * Infinity must not make a NaN.
                  if (!source[p] && (padValue == 0 || p >= pixels)) continue;
                  const Vd value = all64(source[p] ? source[p][i] : padValue);
                  low[p] += value * a;
                  high[p] += value * b;
                }
              }
            }
          }
          for (int p = 0; p < pixels; p++) {
            if (bias) {
              double wide[W] = {};
              for (int i = 0; i < count; i++) wide[i] = bias[at + i];
              Vd a, b;
              memcpy(&a, wide, sizeof a);
              memcpy(&b, wide + W / 2, sizeof b);
              low[p] += a;
              high[p] += b;
            }
            float out[W];
            store64(out, low[p], high[p]);
            memcpy(row + long(ow + p) * g.outChannels + at, out, count * sizeof(float));
          }
        }
      }
    }
  });
}

}  // namespace surge::SURGE_ISA
