// y = conv(sign(x), sign(kernel)) by XOR and popcount: with bits for signs, a product is -1 where the bits differ, so a window of K
// products sums to K - 2 popcount(x ^ w).
//
// A picture is packed with its padding around it, 16 channels a half-word; each output pixel's window is copied to one row of words
// (so that channels, taps and filters of any size cost only the bits of their last word), and rows meet panels of
// filters whose lanes are output channels. Padding with 0 is no sign: its bits are 0, which count as +1, and where the
// window leaves the picture the sums of the weights under the padding are taken off again.
#include <atomic>
#include <cstdlib>

#include "kernels/declarations.h"
#include "kernels/sign_bits.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

constexpr int P = 4;           // output pixels that are counted together
constexpr int kRowPixels = 32;  // pixels (at least, where the picture has them) that share one trip through the panels

template <class T>
T* make(long count) { return static_cast<T*>(aligned_alloc(64, (most<long>(count, 1) * sizeof(T) + 127) / 64 * 64)); }

struct Plan {
  const Geometry& g;
  int halves;   // half-words of a pixel of one group
  int words;    // 32-bit words of a window
  int panels;   // blocks of W filters in a group
  int products;  // of one window
  int bottom, right;  // padding below and to the right, as far as windows reach
  int padTop, padLeft;
};

Plan planOf(const Geometry& g) {
  Plan p{g, (g.groupInputs() + 15) / 16, 0, (g.groupOutputs() + W - 1) / W, g.taps() * g.groupInputs(), 0, 0, g.padTop, g.padLeft};
  p.words = (g.taps() * p.halves + 1) / 2;
  return p;
}

// Panels [group][block][word][W filters] and the sums of each tap's signs [group][block][tap][W]. Returns whether a weight is NaN.
bool packFilters(int threads, const float* kernel, const Plan& p, uint32_t* panels, float* tapSums) {
  const Geometry& g = p.g;
  std::atomic<bool> nan{false};
  tasks(threads, long(g.groups) * p.panels, 2L * p.products * W, [&](long task) {
    const int group = int(task / p.panels), block = int(task % p.panels);
    const int first = group * g.groupOutputs() + block * W;
    const int count = least(W, g.groupOutputs() - block * W);
    uint32_t* panel = panels + task * p.words * W;
    memset(panel, 0, p.words * W * sizeof(uint32_t));
    Vi unordered{};
    for (int tap = 0; tap < g.taps(); tap++) {
      Vi negative{};
      for (int c = 0; c < g.groupInputs(); c++) {
        const float* from = kernel + (long(tap) * g.groupInputs() + c) * g.outChannels + first;
        Vf w{};
        if (count == W) w = load(from);
        else memcpy(&w, from, count * sizeof(float));
        const Vi isNegative = (Vi)(w < Vf{});
        unordered |= (Vi)(w != w);
        const int bit = tap * p.halves * 16 + c;
        uint32_t* word = panel + bit / 32 * W;
        Vi old;
        memcpy(&old, word, sizeof old);
        old |= isNegative & int32_t(1u << bit % 32);
        memcpy(word, &old, sizeof old);
        negative -= isNegative;
      }
      for (int i = 0; i < W; i++) tapSums[(task * g.taps() + tap) * W + i] = float(g.groupInputs() - 2 * negative[i]);
    }
    bool any = false;
    for (int i = 0; i < W; i++) any = any || unordered[i];
    if (any) nan = true;
  });
  return nan;
}

// The rows [firstRow, firstRow + rows) of the padded picture as bits, for all groups: [row][column][group][halves].
bool packRows(const float* picture, const Plan& p, int firstRow, int rows, int columns, int padValue, uint16_t* bits) {
  const Geometry& g = p.g;
  const int channels = g.groupInputs();
  const long pixel = long(g.groups) * p.halves;
  bool nan = false;
  for (int r = 0; r < rows; r++) {
    const int row = firstRow + r - p.padTop;
    uint16_t* out = bits + r * columns * pixel;
    for (int c = 0; c < columns; c++, out += pixel) {
      const int column = c - p.padLeft;
      const bool inside = row >= 0 && row < g.inHeight && column >= 0 && column < g.inWidth;
      const float* source = picture + (long(row) * g.inWidth + column) * g.inChannels;
      for (int group = 0; group < g.groups; group++) {
        for (int h = 0; h < p.halves; h++) {
          const int count = least(16, channels - 16 * h);
          uint16_t half = padValue < 0 ? uint16_t((1u << count) - 1) : 0;
          if (inside) half = signHalf(source + group * channels + 16 * h, count, nan);
          out[group * p.halves + h] = half;
        }
      }
    }
  }
  return nan;
}

inline void copyBits(uint16_t* to, const uint16_t* from, int halves) {
  // Eight bytes at a time: what is written beyond the run is overwritten by the next one, or lies in the rows' slack.
  for (int i = 0; i < halves; i += 4) memcpy(to + i, from + i, 8);
}

// Counts `blocks` panels against P rows of words; sums[b][pixel] = popcounts.
template <int blocks>
inline void countBlock(const uint32_t* rows, const uint32_t* panel, int words, Vi (&sums)[blocks][P]) {
  for (int b = 0; b < blocks; b++)
    for (int q = 0; q < P; q++) sums[b][q] = Vi{};
  for (int from = 0; from < words; from += least(kFoldEvery, words)) {
    const int to = kFoldEvery > words ? words : least(words, from + kFoldEvery);
    Vi part[blocks][P] = {};
    for (int k = from; k < to; k++) {
      Vi filters[blocks];
      for (int b = 0; b < blocks; b++) memcpy(&filters[b], panel + (long(b) * words + k) * W, sizeof(Vi));
      for (int q = 0; q < P; q++) {
        const Vi window = int32_t(rows[long(q) * words + k]) - Vi{};
        for (int b = 0; b < blocks; b++) part[b][q] = addCounts(part[b][q], counts(window ^ filters[b]));
      }
    }
    for (int b = 0; b < blocks; b++)
      for (int q = 0; q < P; q++) sums[b][q] += folded(part[b][q]);
  }
}

template <int blocks>
inline void countRows(const uint32_t* rows, long pixels, const uint32_t* panel, const Plan& p, int filters, float* y) {
  const Geometry& g = p.g;
  for (long q = 0; q < pixels; q += P) {
    Vi sums[blocks][P];
    countBlock<blocks>(rows + q * p.words, panel, p.words, sums);
    for (int b = 0; b < blocks; b++) {
      const int count = least(W, filters - b * W);
      for (int i = 0; i < P && q + i < pixels; i++) {
        const Vf value = __builtin_convertvector(p.products - 2 * sums[b][i], Vf);
        memcpy(y + (q + i) * g.outChannels + b * W, &value, count * sizeof(float));
      }
    }
  }
}

}  // namespace

int signConv(int threads, const float* x, const float* kernel, float* y, const Geometry& g, int padValue) {
  const Plan p = planOf(g);
  const int outs = g.groupOutputs();
  uint32_t* panels = make<uint32_t>(long(g.groups) * p.panels * p.words * W);
  float* tapSums = make<float>(long(g.groups) * p.panels * g.taps() * W);
  const bool kernelNaN = packFilters(threads, kernel, p, panels, tapSums);

  const int columns = (g.outWidth - 1) * g.strideWidth + (g.filterWidth - 1) * g.dilationWidth + 1;
  const int reach = (g.filterHeight - 1) * g.dilationHeight + 1;
  // Whole pictures, or strips of them where there are too few pictures for the threads.
  const int strips = g.batch >= 2 * threads ? 1 : least<int>(g.outHeight, (4 * threads + g.batch - 1) / most(1, g.batch));
  const int stripRows = (g.outHeight + strips - 1) / strips;
  const int rowsAtOnce = most(1, kRowPixels / most(1, g.outWidth));
  const long pixel = long(g.groups) * p.halves;
  std::atomic<bool> inputNaN{false};
  // The rows and columns of x that no window sees hold no sign, but a NaN there is still the user's error.
  const int seenRows = least(g.inHeight, (g.outHeight - 1) * g.strideHeight + reach - g.padTop);
  const int seenColumns = least(g.inWidth, columns - g.padLeft);
  const bool allSeen = g.strideHeight <= reach && g.strideWidth <= (g.filterWidth - 1) * g.dilationWidth + 1 && seenRows == g.inHeight &&
                       seenColumns == g.inWidth && (g.dilationHeight == 1 || g.strideHeight == 1) && (g.dilationWidth == 1 || g.strideWidth == 1);
  if (!allSeen) {
    each(threads, g.inputs(), [&](long from, long to) {
      bool nan = false;
      for (long i = from; i < to; i++) nan |= x[i] != x[i];
      if (nan) inputNaN = true;
    });
  }

  tasks(threads, long(g.batch) * strips, long(stripRows) * g.outWidth * g.outChannels * p.words, [&](long task) {
    const long n = task / strips;
    const int firstOut = int(task % strips) * stripRows, endOut = least(g.outHeight, firstOut + stripRows);
    if (firstOut >= endOut) return;
    const int firstRow = firstOut * g.strideHeight;
    const int rows = (endOut - 1 - firstOut) * g.strideHeight + reach;
    uint16_t* bits = make<uint16_t>(rows * columns * pixel + 8);
    if (packRows(x + n * g.inHeight * g.inWidth * g.inChannels, p, firstRow, rows, columns, padValue, bits)) inputNaN = true;
    const long rowPixels = long(rowsAtOnce) * g.outWidth;
    uint32_t* windows = make<uint32_t>((rowPixels + P) * p.words + 8);
    for (int oh = firstOut; oh < endOut; oh += rowsAtOnce) {
      const int outRows = least(rowsAtOnce, endOut - oh);
      const long pixels = long(outRows) * g.outWidth;
      float* target = y + (n * g.outHeight + oh) * g.outWidth * g.outChannels;
      for (int group = 0; group < g.groups; group++) {
        for (long q = 0; q < pixels; q++) {
          const int top = int(oh + q / g.outWidth) * g.strideHeight - firstRow, left = int(q % g.outWidth) * g.strideWidth;
          uint16_t* window = reinterpret_cast<uint16_t*>(windows + q * p.words);
          for (int fh = 0; fh < g.filterHeight; fh++) {
            const uint16_t* source = bits + (long(top + fh * g.dilationHeight) * columns + left) * pixel + group * p.halves;
            if (g.dilationWidth == 1 && g.groups == 1) {
              copyBits(window, source, g.filterWidth * p.halves);
              window += g.filterWidth * p.halves;
              continue;
            }
            for (int fw = 0; fw < g.filterWidth; fw++, window += p.halves) copyBits(window, source + fw * g.dilationWidth * pixel, p.halves);
          }
          if (g.taps() * p.halves % 2) *window = 0;
        }
        for (int b = 0; b < p.panels; b += 2) {
          const uint32_t* panel = panels + (long(group) * p.panels + b) * p.words * W;
          float* out = target + group * outs + b * W;
          if (b + 1 < p.panels) countRows<2>(windows, pixels, panel, p, outs - b * W, out);
          else countRows<1>(windows, pixels, panel, p, outs - b * W, out);
        }
      }
      if (padValue != 0) continue;
      for (long q = 0; q < pixels; q++) {
        const int top = int(oh + q / g.outWidth) * g.strideHeight - g.padTop, left = int(q % g.outWidth) * g.strideWidth - g.padLeft;
        const bool inside = top >= 0 && left >= 0 && top + reach <= g.inHeight && left + (g.filterWidth - 1) * g.dilationWidth < g.inWidth;
        if (inside) continue;
        for (int tap = 0; tap < g.taps(); tap++) {
          const int r = top + tap / g.filterWidth * g.dilationHeight, c = left + tap % g.filterWidth * g.dilationWidth;
          if (r >= 0 && r < g.inHeight && c >= 0 && c < g.inWidth) continue;
          for (int group = 0; group < g.groups; group++) {
            for (int o = 0; o < outs; o++) {
              target[q * g.outChannels + group * outs + o] -= tapSums[((long(group) * p.panels + o / W) * g.taps() + tap) * W + o % W];
            }
          }
        }
      }
    }
    free(windows);
    free(bits);
  });
  free(tapSums);
  free(panels);
  return inputNaN ? 1 : kernelNaN ? 2 : 0;
}

}  // namespace surge::SURGE_ISA
