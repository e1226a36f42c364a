// dgrad of the binary branch by table look-up: sign_tables.h has the method.
#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/sign_tables.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {

#if defined(__AVX512F__)
namespace {

constexpr int kPixels = 16;  // of one row of dx that are computed together, for one block of channels; half as many for two

// Taps that meet the pixels of dx in one class of positions modulo the stride: dy row and column of pixel k are row + first, k + column.
struct Tap {
  int index, row, column;
};

struct InputPlan {
  const Geometry& g;
  int quads;   // tables of a dy pixel
  int words;   // vectors of weight bits for a tap and 16 input channels, 8 tables each
  int blocks;  // of 16 input channels
  int left;    // zero columns before a row of tables
  int columns;
};

// Weight bits [tap][block][word][16 lanes]: lane c holds the signs of 32 outputs, four bits for a table.
void packWeights(int threads, const float* kernel, const InputPlan& p, uint32_t* bits) {
  const Geometry& g = p.g;
  tasks(threads, long(g.taps()) * p.blocks, 16L * g.outChannels, [&](long task) {
    const long tap = task / p.blocks, block = task % p.blocks;
    uint32_t* out = bits + task * p.words * 16;
    memset(out, 0, p.words * 64);
    const int lanes = least(16, g.inChannels - int(block) * 16);
    for (int lane = 0; lane < lanes; lane++) {
      const float* row = kernel + (tap * g.inChannels + block * 16 + lane) * g.outChannels;
      for (int o = 0; o < g.outChannels; o += 16) {
        const int count = least(16, g.outChannels - o);
        const __m512 w = _mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), row + o);
        const uint32_t half = _mm512_cmp_ps_mask(w, _mm512_setzero_ps(), _CMP_LT_OQ);
        out[o / 32 * 16 + lane] |= half << o % 32;
      }
    }
  });
}

// Sums of `pixels` pixels of dx from k on, for `blocks` blocks of 16 channels, over taps that stand anywhere.
template <int blocks, int pixels>
inline void inputPixels(const InputPlan& p, const float* const* rows, const Tap* taps, int tapCount, const uint32_t* bits, int block, int k,
                        __m512 (&sums)[blocks][pixels]) {
  const long pixel = long(p.quads) * 16;
  for (int t = 0; t < tapCount; t++) {
    const float* tables = rows[t] + (k + taps[t].column + p.left) * pixel;
    const uint32_t* weights = bits + (long(taps[t].index) * p.blocks + block) * p.words * 16;
    for (int word = 0; word < p.words; word++) {
      __m512i index[blocks];
      for (int b = 0; b < blocks; b++) index[b] = _mm512_loadu_si512(weights + (long(b) * p.words + word) * 16);
      const int end = least(p.quads, (word + 1) * 8);
      for (int quad = word * 8; quad < end; quad++) {
        const float* from = tables + quad * 16;
#pragma GCC unroll 16
        for (int q = 0; q < pixels; q++) {
          const __m512 values = _mm512_load_ps(from + q * pixel);
          for (int b = 0; b < blocks; b++) sums[b][q] = lookedUp(q + b, sums[b][q], index[b], values);
        }
        for (int b = 0; b < blocks; b++) index[b] = _mm512_srli_epi32(index[b], 4);
      }
    }
  }
}

// The same where taps come in threes that lie side by side in a row (3x3, stride 1): a table is loaded once for the three pixels that
// it serves.
template <int blocks, int pixels>
inline void inputPixelsOfThrees(const InputPlan& p, const float* const* rows, const Tap* taps, int tapCount, const uint32_t* bits, int block,
                                int k, __m512 (&sums)[blocks][pixels]) {
  const long pixel = long(p.quads) * 16;
  const long tapBits = long(p.blocks) * p.words * 16;
  for (int t = 0; t < tapCount; t += 3) {
    // Tap t has the rightmost column, the two after it those to its left.
    const float* tables = rows[t] + (k + taps[t + 2].column + p.left) * pixel;
    const uint32_t* weights = bits + taps[t].index * tapBits + long(block) * p.words * 16;
    for (int word = 0; word < p.words; word++) {
      __m512i index[3][blocks];
#pragma GCC unroll 3
      for (int f = 0; f < 3; f++)
        for (int b = 0; b < blocks; b++) index[f][b] = _mm512_loadu_si512(weights + f * tapBits + (long(b) * p.words + word) * 16);
      const int end = least(p.quads, (word + 1) * 8);
      for (int quad = word * 8; quad < end; quad++) {
        const float* from = tables + quad * 16;
#pragma GCC unroll 18
        for (int column = 0; column < pixels + 2; column++) {
          const __m512 values = tableAt(from + column * pixel);
#pragma GCC unroll 3
          for (int f = 0; f < 3; f++) {
            const int q = column - 2 + f;
            if (q < 0 || q >= pixels) continue;
            for (int b = 0; b < blocks; b++) sums[b][q] = lookedUp(q + b, sums[b][q], index[f][b], values);
          }
        }
#pragma GCC unroll 3
        for (int f = 0; f < 3; f++)
          for (int b = 0; b < blocks; b++) index[f][b] = _mm512_srli_epi32(index[f][b], 4);
      }
    }
  }
}

// One row of dx (its pixels of one class modulo the stride) for `blocks` blocks of channels; `step` entries from pixel to pixel.
template <int blocks>
inline void inputRow(const InputPlan& p, const float* const* rows, const Tap* taps, int tapCount, bool threes, const uint32_t* bits, int block,
                     int pixelCount, float* target, long step) {
  constexpr int pixels = kPixels / blocks;
  for (int k = 0; k < pixelCount; k += pixels) {
    __m512 sums[blocks][pixels];
    for (int b = 0; b < blocks; b++)
      for (int q = 0; q < pixels; q++) sums[b][q] = _mm512_setzero_ps();
    if (threes) inputPixelsOfThrees<blocks, pixels>(p, rows, taps, tapCount, bits, block, k, sums);
    else inputPixels<blocks, pixels>(p, rows, taps, tapCount, bits, block, k, sums);
    for (int b = 0; b < blocks; b++) {
      const int c = (block + b) * 16;
      const __mmask16 valid = __mmask16((1u << least(16, p.g.inChannels - c)) - 1);
      const int end = least(pixels, pixelCount - k);
      for (int q = 0; q < end; q++) _mm512_mask_storeu_ps(target + (k + q) * step + c, valid, sums[b][q]);
    }
  }
}

inline int floorDivide(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

}  // namespace

bool hasSignProducts(const Geometry& g) {
  return g.groups == 1 && g.outChannels % 4 == 0 && g.taps() <= kMostTaps && g.filterWidth <= kMostTapsInRow && g.filterWidth != 2 &&
         g.outWidth <= 4 * kChunk && g.inputs() > 0 && g.outputs() > 0;
}

void signInputGradient(int threads, const float* dy, const float* kernel, float* dx, const Geometry& g) {
  if (isDense(g)) return denseSignInputGradient(threads, dy, kernel, dx, g);
  InputPlan p{g, g.outChannels / 4, (g.outChannels / 4 + 7) / 8, (g.inChannels + 15) / 16, 0, 0};
  // Columns of dy that the pixels of a row ask for, rounded up to whole steps of kPixels, from the first to the last.
  int lowest = 0, highest = g.outWidth;
  const int perClass = (g.inWidth + g.strideWidth - 1) / g.strideWidth;
  const int reachedColumns = (perClass + kPixels - 1) / kPixels * kPixels;
  for (int fw = 0; fw < g.filterWidth; fw++) {
    for (int w = 0; w < g.strideWidth; w++) {
      const int at = w + g.padLeft - fw * g.dilationWidth;
      if (((at % g.strideWidth) + g.strideWidth) % g.strideWidth) continue;
      const int column = floorDivide(at, g.strideWidth);
      lowest = least(lowest, column);
      highest = most(highest, column + reachedColumns);
    }
  }
  p.left = -lowest;
  p.columns = highest - lowest;
  const int reach = (g.filterHeight - 1) * g.dilationHeight;
  const int ring = least(g.outHeight, reach / g.strideHeight + 2);  // rows of tables that a row of dx can ask for
  const long pixel = long(p.quads) * 16, rowSize = p.columns * pixel;
  const Scratch<uint32_t> bits(long(g.taps()) * p.blocks * p.words * 16);
  packWeights(threads, kernel, p, bits);

  tasks(threads, g.batch, 2L * g.outHeight * g.outWidth * g.outChannels * g.inChannels, [&](long n) {
    const Scratch<float> tables(ring * rowSize);
    memset(tables, 0, ring * rowSize * sizeof(float));
    int built = -1;  // the last row of dy whose tables are there
    for (int ih = 0; ih < g.inHeight; ih++) {
      // The last row of dy that this row of dx needs.
      const int needed = least(g.outHeight - 1, floorDivide(ih + g.padTop, g.strideHeight));
      for (int oh = most(built + 1, needed - ring + 1); oh <= needed; oh++) {
        float* row = tables + (oh % ring) * rowSize + p.left * pixel;
        const float* source = dy + ((n * g.outHeight + oh) * g.outWidth) * g.outChannels;
        buildTables(source, long(g.outWidth) * p.quads, row);
        built = oh;
      }
      for (int w = 0; w < g.strideWidth; w++) {
        Tap taps[kMostTaps];
        const float* rows[kMostTaps];
        int count = 0;
        for (int fh = 0; fh < g.filterHeight; fh++) {
          const int up = ih + g.padTop - fh * g.dilationHeight;
          if (((up % g.strideHeight) + g.strideHeight) % g.strideHeight) continue;
          const int oh = floorDivide(up, g.strideHeight);
          if (oh < 0 || oh >= g.outHeight) continue;
          for (int fw = 0; fw < g.filterWidth; fw++) {
            const int at = w + g.padLeft - fw * g.dilationWidth;
            if (((at % g.strideWidth) + g.strideWidth) % g.strideWidth) continue;
            taps[count] = {fh * g.filterWidth + fw, oh, floorDivide(at, g.strideWidth)};
            rows[count++] = tables + (oh % ring) * rowSize;
          }
        }
        float* target = dx + (n * g.inHeight + ih) * g.inWidth * g.inChannels;
        const int pixels = (g.inWidth - w + g.strideWidth - 1) / g.strideWidth;
        const bool threes = g.filterWidth == 3 && g.strideWidth == 1 && g.dilationWidth == 1;
        const long step = long(g.strideWidth) * g.inChannels;
        for (int block = 0; block < p.blocks; block += 2) {
          float* out = target + long(w) * g.inChannels;
          if (block + 1 < p.blocks) inputRow<2>(p, rows, taps, count, threes, bits, block, pixels, out, step);
          else inputRow<1>(p, rows, taps, count, threes, bits, block, pixels, out, step);
        }
      }
    }
  });
}

#else

bool hasSignProducts(const Geometry&) { return false; }
void signInputGradient(int, const float*, const float*, float*, const Geometry&) {}

#endif

}  // namespace surge::SURGE_ISA
