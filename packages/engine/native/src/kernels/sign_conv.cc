// y = conv(sign(x), sign(kernel)) by XOR and popcount: with bits for signs, a product is -1 where the bits differ, so a window of K
// products sums to K - 2 popcount(x ^ w).
//
// A picture is packed with its padding around it, 16 channels a half-word; each output pixel's window is copied to one row of words
// (so that channels, taps and filters of any size cost only the bits of their last word), and rows meet panels of
// filters whose lanes are output channels. Padding with 0 is no sign: its bits are 0, which count as +1, and where the
// window leaves the picture the sums of the weights under the padding are taken off again.
#include <atomic>

#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/sign_bits.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

constexpr int P = 4;           // output pixels that are counted together
constexpr int kRowPixels = 32;  // pixels (at least, where the picture has them) that share one trip through the panels

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
        const Vf w = part(from, count);
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

// The signs of `pixels` pixels of one group, `halves` half-words each.
inline bool packPixels(const float* source, int pixels, int channels, long step, int halves, uint16_t* out, long outStep) {
  bool nan = false;
  const int last = channels - 16 * (halves - 1);
  for (int i = 0; i < pixels; i++, source += step, out += outStep) {
    for (int h = 0; h < halves - 1; h++) out[h] = signHalf(source + 16 * h, 16, nan);
    out[halves - 1] = signHalf(source + 16 * (halves - 1), last, nan);
  }
  return nan;
}

// The rows [firstRow, firstRow + rows) of the padded picture as bits, for all groups: [row][column][group][halves].
bool packRows(const float* picture, const Plan& p, int firstRow, int rows, int columns, int padValue, uint16_t* bits) {
  const Geometry& g = p.g;
  const int channels = g.groupInputs();
  const long pixel = long(g.groups) * p.halves;
  bool nan = false;
  const int inside = most(0, least(g.inWidth, columns - p.padLeft));
  const uint16_t full = padValue < 0 ? 0xffff : 0, rest = padValue < 0 ? uint16_t((1u << (channels - 16 * (p.halves - 1))) - 1) : 0;
  const auto padding = [&](uint16_t* out, int count) {
    for (long i = 0; i < count * long(g.groups); i++)
      for (int h = 0; h < p.halves; h++) *out++ = h == p.halves - 1 ? rest : full;
  };
  for (int r = 0; r < rows; r++) {
    const int row = firstRow + r - p.padTop;
    uint16_t* out = bits + r * columns * pixel;
    if (row < 0 || row >= g.inHeight) {
      padding(out, columns);
      continue;
    }
    padding(out, least(p.padLeft, columns));
    const float* source = picture + long(row) * g.inWidth * g.inChannels;
    for (int group = 0; group < g.groups; group++) {
      uint16_t* first = out + p.padLeft * pixel + group * p.halves;
      nan = packPixels(source + group * channels, inside, channels, g.inChannels, p.halves, first, pixel) || nan;
    }
    const int done = least(columns, p.padLeft) + inside;
    padding(out + done * pixel, columns - done);
  }
  return nan;
}

// Eight bytes at a time: what is written beyond the run is overwritten by the next one, or lies in the windows' slack.
inline void copyBits(uint16_t* to, const uint16_t* from, int halves) {
  memcpy(to, from, 8);
  if (halves <= 4) return;
  memcpy(to + 4, from + 4, 8);
  for (int i = 8; i < halves; i += 4) memcpy(to + i, from + i, 8);
}

// The same for 3x3 windows of one half-word a pixel: nine half-words put together from three rows of three.
void copySmallWindows(const Plan& p, const uint16_t* bits, int columns, uint32_t* windows, long stride) {
  const int width = p.g.outWidth;
  const long step = p.g.strideWidth, apart = long(p.g.dilationHeight) * columns;
  for (int ow = 0; ow < width; ow++, bits += step, windows += stride) {
    uint64_t row[3];
    for (int fh = 0; fh < 3; fh++) {
      memcpy(&row[fh], bits + fh * apart, 8);
      row[fh] &= 0xffffffffffffu;
    }
    const uint64_t words[2] = {row[0] | row[1] << 48, row[1] >> 16 | row[2] << 32};
    const uint32_t last = uint32_t(row[2] >> 32);
    memcpy(windows, words, 16);
    memcpy(windows + 4, &last, 4);
  }
}

// The windows of one row of output pixels, `stride` words each; bits points at the row's first tap.
void copyWindows(const Plan& p, const uint16_t* bits, int columns, int group, uint32_t* windows, long stride) {
  const Geometry& g = p.g;
  const long pixel = long(g.groups) * p.halves;
  const bool runs = g.dilationWidth == 1 && g.groups == 1;
  if (runs && p.halves == 1 && g.filterHeight == 3 && g.filterWidth == 3) return copySmallWindows(p, bits, columns, windows, stride);
  const int copies = runs ? 1 : g.filterWidth, run = runs ? g.filterWidth * p.halves : p.halves;
  for (int fh = 0; fh < g.filterHeight; fh++) {
    const uint16_t* row = bits + long(fh) * g.dilationHeight * columns * pixel + group * p.halves;
    uint16_t* out = reinterpret_cast<uint16_t*>(windows) + fh * g.filterWidth * p.halves;
    for (int ow = 0; ow < g.outWidth; ow++, row += g.strideWidth * pixel, out += 2 * stride)
      for (int i = 0; i < copies; i++) copyBits(out + i * run, row + i * g.dilationWidth * pixel, run);
  }
  // Copies run into the slack; the half-word that fills the last word must be empty.
  const int halves = g.taps() * p.halves;
  if (halves % 2 == 0) return;
  uint16_t* end = reinterpret_cast<uint16_t*>(windows) + halves;
  for (int ow = 0; ow < g.outWidth; ow++, end += 2 * stride) *end = 0;
}

// Counts `blocks` panels against P rows of words; sums[b][pixel] = popcounts.
template <int blocks>
inline void countBlock(const uint32_t* rows, long stride, const uint32_t* panel, int words, Vi (&sums)[blocks][P]) {
  for (int b = 0; b < blocks; b++)
    for (int q = 0; q < P; q++) sums[b][q] = Vi{};
  for (int from = 0; from < words; from += least(kFoldEvery, words)) {
    const int to = kFoldEvery > words ? words : least(words, from + kFoldEvery);
    Vi part[blocks][P] = {};
    for (int k = from; k < to; k++) {
      Vi filters[blocks];
      for (int b = 0; b < blocks; b++) memcpy(&filters[b], panel + (long(b) * words + k) * W, sizeof(Vi));
      for (int q = 0; q < P; q++) {
        const Vi window = int32_t(rows[q * stride + k]) - Vi{};
        for (int b = 0; b < blocks; b++) part[b][q] = addCounts(part[b][q], counts(window ^ filters[b]));
      }
    }
    for (int b = 0; b < blocks; b++)
      for (int q = 0; q < P; q++) sums[b][q] += folded(part[b][q]);
  }
}

template <int blocks>
inline void countRows(const uint32_t* rows, long stride, long pixels, const uint32_t* panel, const Plan& p, int filters, float* y) {
  const int words = p.words, products = p.products;
  const long step = p.g.outChannels;
  const bool whole = filters >= blocks * W;
  for (long q = 0; q < pixels; q += P) {
    Vi sums[blocks][P];
    countBlock<blocks>(rows + q * stride, stride, panel, words, sums);
    const int last = int(least<long>(P, pixels - q));
    for (int b = 0; b < blocks; b++) {
#pragma GCC unroll 4
      for (int i = 0; i < P; i++) {
        if (i >= last) break;
        const Vf value = __builtin_convertvector(products - 2 * sums[b][i], Vf);
        float* out = y + (q + i) * step + b * W;
        if (whole) store(out, value);
        else put(out, value, least(W, filters - b * W));
      }
    }
  }
}

// Padding of value 0 was counted as +1: where windows of the output row `oh` leave the picture, the weights under it come off again.
void takeOffPadding(const Plan& p, int oh, const float* tapSums, float* row) {
  const Geometry& g = p.g;
  const int reachHeight = (g.filterHeight - 1) * g.dilationHeight, reachWidth = (g.filterWidth - 1) * g.dilationWidth;
  const int top = oh * g.strideHeight - g.padTop;
  const bool rowsInside = top >= 0 && top + reachHeight < g.inHeight;
  for (int ow = 0; ow < g.outWidth; ow++) {
    const int left = ow * g.strideWidth - g.padLeft;
    if (rowsInside && left >= 0 && left + reachWidth < g.inWidth) continue;
    for (int group = 0; group < g.groups; group++) {
      for (int b = 0; b < p.panels; b++) {
        const float* sums = tapSums + (long(group) * p.panels + b) * g.taps() * W;
        Vf outside{};
        for (int fh = 0; fh < g.filterHeight; fh++) {
          const int r = top + fh * g.dilationHeight;
          for (int fw = 0; fw < g.filterWidth; fw++) {
            const int c = left + fw * g.dilationWidth;
            if (r >= 0 && r < g.inHeight && c >= 0 && c < g.inWidth) continue;
            outside += load(sums + (fh * g.filterWidth + fw) * W);
          }
        }
        float* out = row + long(ow) * g.outChannels + group * g.groupOutputs() + b * W;
        const int count = least(W, g.groupOutputs() - b * W);
        put(out, part(out, count) - outside, count);
      }
    }
  }
}

}  // namespace

int signConv(int threads, const float* x, const float* kernel, float* y, const Geometry& g, int padValue) {
  const Plan p = planOf(g);
  const int outs = g.groupOutputs();
  const Scratch<uint32_t> panels(long(g.groups) * p.panels * p.words * W);
  const Scratch<float> tapSums(long(g.groups) * p.panels * g.taps() * W);
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
    const Scratch<uint16_t> bits(rows * columns * pixel + 8);
    if (packRows(x + n * g.inHeight * g.inWidth * g.inChannels, p, firstRow, rows, columns, padValue, bits)) inputNaN = true;
    const long rowPixels = long(rowsAtOnce) * g.outWidth;
    const long stride = p.words + 2;  // with slack for copies of eight bytes
    const Scratch<uint32_t> windows((rowPixels + P) * stride + 8);
    for (int oh = firstOut; oh < endOut; oh += rowsAtOnce) {
      const int outRows = least(rowsAtOnce, endOut - oh);
      const long pixels = long(outRows) * g.outWidth;
      float* target = y + (n * g.outHeight + oh) * g.outWidth * g.outChannels;
      for (int group = 0; group < g.groups; group++) {
        for (int r = 0; r < outRows; r++) {
          const uint16_t* first = bits + (long(oh + r) * g.strideHeight - firstRow) * columns * pixel;
          copyWindows(p, first, columns, group, windows + long(r) * g.outWidth * stride, stride);
        }
        for (int b = 0; b < p.panels; b += 2) {
          const uint32_t* panel = panels + (long(group) * p.panels + b) * p.words * W;
          float* out = target + group * outs + b * W;
          if (b + 1 < p.panels) countRows<2>(windows, stride, pixels, panel, p, outs - b * W, out);
          else countRows<1>(windows, stride, pixels, panel, p, outs - b * W, out);
        }
      }
      if (padValue != 0) continue;
      for (int r = 0; r < outRows; r++) takeOffPadding(p, oh + r, tapSums, target + long(r) * g.outWidth * g.outChannels);
    }
  });
  return inputNaN ? 1 : kernelNaN ? 2 : 0;
}

}  // namespace surge::SURGE_ISA
