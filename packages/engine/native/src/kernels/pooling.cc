// Max and average pooling and their gradients, NHWC. A NaN never wins a maximum; the gradient goes to the first maximum of a window in
// row-major order. Gradients are gathered, not scattered: each picture belongs to one task, so sums have one order.
#include <cmath>

#include "kernels/declarations.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

inline void inside(int start, int filter, int dilation, int size, int& from, int& to) {
  from = start < 0 ? (-start + dilation - 1) / dilation : 0;
  const int last = size - 1 - start;
  to = last < 0 ? 0 : least(filter, last / dilation + 1);
  if (to < from) to = from;
}

// f(output index, picture base, first filter row and column, end row and column, top, left) for one output pixel after the other.
template <class F>
void windows(int threads, const Geometry& g, F f) {
  const long perPicture = long(g.outHeight) * g.outWidth * g.inChannels * g.filterHeight * g.filterWidth;
  tasks(threads, g.batch, perPicture, [&](long n) {
    for (int oh = 0; oh < g.outHeight; oh++) {
      int r0, r1;
      const int top = oh * g.strideHeight - g.padTop;
      inside(top, g.filterHeight, g.dilationHeight, g.inHeight, r0, r1);
      for (int ow = 0; ow < g.outWidth; ow++) {
        int c0, c1;
        const int left = ow * g.strideWidth - g.padLeft;
        inside(left, g.filterWidth, g.dilationWidth, g.inWidth, c0, c1);
        f(((n * g.outHeight + oh) * g.outWidth + ow) * g.inChannels, n, r0, r1, c0, c1, top, left);
      }
    }
  });
}

inline long pixel(const Geometry& g, long n, int top, int left, int r, int c) {
  return ((n * g.inHeight + top + r * g.dilationHeight) * g.inWidth + left + c * g.dilationWidth) * g.inChannels;
}

}  // namespace

void maxPool(int threads, const float* x, float* y, const Geometry& g) {
  windows(threads, g, [&](long out, long n, int r0, int r1, int c0, int c1, int top, int left) {
    float* target = y + out;
    for (int i = 0; i < g.inChannels; i++) target[i] = -INFINITY;
    for (int r = r0; r < r1; r++) {
      for (int c = c0; c < c1; c++) {
        const float* source = x + pixel(g, n, top, left, r, c);
        for (int i = 0; i < g.inChannels; i++) target[i] = source[i] > target[i] ? source[i] : target[i];
      }
    }
  });
}

void maxPoolGradient(int threads, const float* dy, const float* x, float* dx, const Geometry& g) {
  fill(threads, dx, g.inputs(), 0);
  windows(threads, g, [&](long out, long n, int r0, int r1, int c0, int c1, int top, int left) {
    constexpr int kTile = 64;
    for (int from = 0; from < g.inChannels; from += kTile) {
      const int count = least(kTile, g.inChannels - from);
      float best[kTile];
      int winner[kTile];
      for (int i = 0; i < count; i++) best[i] = -INFINITY, winner[i] = -1;
      for (int r = r0; r < r1; r++) {
        for (int c = c0; c < c1; c++) {
          const float* source = x + pixel(g, n, top, left, r, c) + from;
          const int tap = r * g.filterWidth + c;
          for (int i = 0; i < count; i++) {
            // -Infinity wins over nothing; a NaN compares false with everything.
            const bool wins = source[i] > best[i] || (winner[i] < 0 && source[i] == best[i]);
            best[i] = wins ? source[i] : best[i];
            winner[i] = wins ? tap : winner[i];
          }
        }
      }
      for (int i = 0; i < count; i++) {
        if (winner[i] < 0) continue;
        const long at = pixel(g, n, top, left, winner[i] / g.filterWidth, winner[i] % g.filterWidth);
        dx[at + from + i] += dy[out + from + i];
      }
    }
  });
}

void avgPool(int threads, const float* x, float* y, const Geometry& g) {
  windows(threads, g, [&](long out, long n, int r0, int r1, int c0, int c1, int top, int left) {
    constexpr int kTile = 64;
    for (int from = 0; from < g.inChannels; from += kTile) {
      const int count = least(kTile, g.inChannels - from);
      double sums[kTile] = {};
      for (int r = r0; r < r1; r++) {
        for (int c = c0; c < c1; c++) {
          const float* source = x + pixel(g, n, top, left, r, c) + from;
          for (int i = 0; i < count; i++) sums[i] += source[i];
        }
      }
      const double entries = double(r1 - r0) * (c1 - c0);
      for (int i = 0; i < count; i++) y[out + from + i] = float(sums[i] / entries);
    }
  });
}

void avgPoolGradient(int threads, const float* dy, float* dx, const Geometry& g) {
  fill(threads, dx, g.inputs(), 0);
  windows(threads, g, [&](long out, long n, int r0, int r1, int c0, int c1, int top, int left) {
    const float entries = float(r1 - r0) * float(c1 - c0);
    for (int r = r0; r < r1; r++) {
      for (int c = c0; c < c1; c++) {
        float* target = dx + pixel(g, n, top, left, r, c);
        for (int i = 0; i < g.inChannels; i++) target[i] += dy[out + i] / entries;
      }
    }
  });
}

}  // namespace surge::SURGE_ISA
