// The two backward products of the binary branch, without multiplications: where one operand is a sign, a sum of four products is
// one of 16 numbers, and VPERMPS looks 16 of them up at once. For AVX-512; elsewhere oneDNN multiplies.
//
//   dgrad:  dx[p, c] = sum over taps t and outputs o of dy[p - t, o] B[t, c, o]
//   For a pixel of dy and four of its channels a table holds all +-dy0 +-dy1 +-dy2 +-dy3. A vector of 16 input channels c asks it with
//   the four sign bits of its weights: 64 multiply-adds by one permutation and one addition, where FMA takes four. A table is built by
//   four additions and serves every tap and every block of 16 input channels.
//
//   wgrad:  dW[t, c, o] = sum over pixels p of b(x)[p + t, c] dy[p, o]
//   The same with four neighbouring pixels of a row in a table of one output o, asked with the sign bits of x at the four pixels
//   under the tap, 16 input channels at once.
//
// Sums are float32 as in any float convolution; in the second product over at most kChunk tables before they join the total.
#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace surge::SURGE_ISA {

#if defined(__AVX512F__)
namespace {

constexpr int kMostTaps = 28;
constexpr int kMostTapsInRow = 4;
constexpr int kChunk = 128;  // tables of one output that the wgrad sums up before they join the total

// Entry i of a table: the sum of v[0], v[step], v[2 step], v[3 step] with a minus where bit 0, 1, 2, 3 of i is set. Products with +-1
// are exact, so the fused forms add and round just as additions would.
inline __m512 table(const float* v, long step) {
  const __m512 s0 = _mm512_setr_ps(1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1);
  const __m512 s1 = _mm512_setr_ps(1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1);
  const __m512 s2 = _mm512_setr_ps(1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1);
  const __m512 s3 = _mm512_setr_ps(1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1);
  __m512 sum = _mm512_mul_ps(s0, _mm512_set1_ps(v[0]));
  sum = _mm512_fmadd_ps(s1, _mm512_set1_ps(v[step]), sum);
  sum = _mm512_fmadd_ps(s2, _mm512_set1_ps(v[2 * step]), sum);
  return _mm512_fmadd_ps(s3, _mm512_set1_ps(v[3 * step]), sum);
}

// The tables of `count` runs of four consecutive entries, one after the other. A function of its own, so that its constants stay in
// registers.
__attribute__((noinline)) void buildTables(const float* v, long count, float* out) {
#pragma GCC unroll 4
  for (long i = 0; i < count; i++) _mm512_store_ps(out + i * 16, table(v + i * 4, 1));
}

constexpr int kOuts = 8;  // outputs o of the wgrad that share an index
// The tables of kOuts neighbouring columns of four rows that are `step` apart.
__attribute__((noinline)) void buildColumnTables(const float* v, long step, float* out) {
#pragma GCC unroll 8
  for (int o = 0; o < kOuts; o++) _mm512_store_ps(out + o * 16, table(v + o, step));
}

// A table that is asked more than once: read from memory once, where the compiler would rather read it for every question.
inline __m512 tableAt(const float* p) {
  __m512 values = _mm512_load_ps(p);
  asm("" : "+v"(values));
  return values;
}

// sum + table[index]. The addition is by turns a plain one and a fused product with 1, which rounds alike: permutations and additions
// share one of Zen 4's four vector pipes and fused products another, and so all of them work.
inline __m512 lookedUp(int turn, __m512 sum, __m512i index, __m512 values) {
  const __m512 found = _mm512_permutexvar_ps(index, values);
  if (turn % 2) return _mm512_fmadd_ps(found, _mm512_set1_ps(1), sum);
  return _mm512_add_ps(sum, found);
}

// ---- dgrad ----------------------------------------------------------------------------------------------------------------

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

// ---- wgrad ----------------------------------------------------------------------------------------------------------------

namespace {


struct FilterPlan {
  const Geometry& g;
  int quads;   // of four output pixels in a row
  int blocks;  // of 16 input channels
  int rows;    // of the padded picture
};

// Sign bits of x under each quad of output pixels: [picture][padded row][quad][block][16 lanes], four bits for each column of the
// filter. Padding counts as +1.
void packInput(int threads, const float* x, const FilterPlan& p, uint16_t* bits) {
  const Geometry& g = p.g;
  const long rowSize = long(p.quads) * p.blocks * 16;
  tasks(threads, g.batch, long(p.rows) * g.inWidth * g.inChannels * 4, [&](long n) {
    for (int r = 0; r < p.rows; r++) {
      uint16_t* out = bits + (n * p.rows + r) * rowSize;
      const int row = r - g.padTop;
      if (row < 0 || row >= g.inHeight) {
        memset(out, 0, rowSize * sizeof(uint16_t));
        continue;
      }
      const float* source = x + (n * g.inHeight + row) * g.inWidth * g.inChannels;
      for (int quad = 0; quad < p.quads; quad++) {
        for (int block = 0; block < p.blocks; block++) {
          const __mmask16 lanes = __mmask16((1u << least(16, g.inChannels - block * 16)) - 1);
          __m512i word = _mm512_setzero_si512();
          for (int fw = 0; fw < g.filterWidth; fw++) {
            for (int j = 0; j < 4; j++) {
              const int column = (quad * 4 + j) * g.strideWidth - g.padLeft + fw * g.dilationWidth;
              if (column < 0 || column >= g.inWidth) continue;
              const __m512 v = _mm512_maskz_loadu_ps(lanes, source + long(column) * g.inChannels + block * 16);
              const __mmask16 negative = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
              word = _mm512_mask_or_epi32(word, negative, word, _mm512_set1_epi32(1 << (4 * fw + j)));
            }
          }
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + (long(quad) * p.blocks + block) * 16), _mm512_cvtepi32_epi16(word));
        }
      }
    }
  });
}

// Sums of `taps` columns of the filter for kOuts outputs over the quads of some rows.
template <int taps>
inline void filterSums(const float* tables, const uint16_t* const* rows, int rowCount, int quads, long step, __m512 (&sums)[taps][kOuts]) {
  for (int t = 0; t < taps; t++)
    for (int o = 0; o < kOuts; o++) sums[t][o] = _mm512_setzero_ps();
  for (int r = 0; r < rowCount; r++) {
    const uint16_t* words = rows[r];
    for (int quad = 0; quad < quads; quad++, words += step, tables += kOuts * 16) {
      const __m512i word = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words)));
      __m512i index[taps];
      for (int t = 0; t < taps; t++) index[t] = _mm512_srli_epi32(word, 4 * t);
#pragma GCC unroll 8
      for (int o = 0; o < kOuts; o++) {
        const __m512 values = tableAt(tables + o * 16);
#pragma GCC unroll 4
        for (int t = 0; t < taps; t++) sums[t][o] = lookedUp(o + t, sums[t][o], index[t], values);
      }
    }
  }
}

// Whether the tap lies inside the picture for some output.
bool isSeen(const Geometry& g, int tap) {
  const auto some = [](int outs, int stride, int shift, int size) {
    for (int i = 0; i < outs; i++)
      if (i * stride + shift >= 0 && i * stride + shift < size) return true;
    return false;
  };
  return some(g.outHeight, g.strideHeight, tap / g.filterWidth * g.dilationHeight - g.padTop, g.inHeight) &&
         some(g.outWidth, g.strideWidth, tap % g.filterWidth * g.dilationWidth - g.padLeft, g.inWidth);
}

// Adds to outside[tap][kOuts] the gradients of one output row whose tap lies outside the picture.
inline void addOutside(const FilterPlan& p, const float* row, int oh, int outs, double* outside) {
  const Geometry& g = p.g;
  double wholeRow[kOuts] = {};
  bool summed = false;
  for (int fh = 0; fh < g.filterHeight; fh++) {
    const int r = oh * g.strideHeight - g.padTop + fh * g.dilationHeight;
    double* taps = outside + fh * g.filterWidth * kOuts;
    if (r < 0 || r >= g.inHeight) {
      if (!summed) {
        for (int ow = 0; ow < g.outWidth; ow++)
          for (int o = 0; o < outs; o++) wholeRow[o] += row[long(ow) * g.outChannels + o];
        summed = true;
      }
      for (int fw = 0; fw < g.filterWidth; fw++)
        for (int o = 0; o < outs; o++) taps[fw * kOuts + o] += wholeRow[o];
      continue;
    }
    for (int fw = 0; fw < g.filterWidth; fw++) {
      // Columns outside stand at the beginning and at the end of the row.
      const auto add = [&](int ow) {
        for (int o = 0; o < outs; o++) taps[fw * kOuts + o] += row[long(ow) * g.outChannels + o];
      };
      const int shift = fw * g.dilationWidth - g.padLeft;
      int ow = 0;
      for (; ow < g.outWidth && ow * g.strideWidth + shift < 0; ow++) add(ow);
      for (int last = g.outWidth - 1; last >= ow && last * g.strideWidth + shift >= g.inWidth; last--) add(last);
    }
  }
}

// totals [tap][block][kOuts][16 input channels] of one tile of outputs over the pictures [from, to), and its `outside` sums.
template <int taps>
void filterTile(const FilterPlan& p, const float* dy, const uint16_t* bits, int firstOut, long from, long to, float* tables, float* totals,
                double* outside) {
  const Geometry& g = p.g;
  const int outs = least(kOuts, g.outChannels - firstOut);
  const long step = long(p.blocks) * 16, rowSize = p.quads * step;
  const int rowsInChunk = most(1, kChunk / p.quads);
  const long allRows = (to - from) * g.outHeight;
  const uint16_t *firstRows[kChunk], *rows[kChunk];  // the bits under the top of each row's windows; and under one row of taps
  for (long first = 0; first < allRows; first += rowsInChunk) {
    const int rowCount = int(least<long>(rowsInChunk, allRows - first));
    float* out = tables;
    for (int r = 0; r < rowCount; r++) {
      const float* row = dy + (from * g.outHeight + first + r) * g.outWidth * g.outChannels + firstOut;
      const long n = from + (first + r) / g.outHeight;
      const int oh = int((first + r) % g.outHeight);
      firstRows[r] = bits + (n * p.rows + oh * g.strideHeight) * rowSize;
      addOutside(p, row, oh, outs, outside);
      for (int quad = 0; quad < p.quads; quad++, out += kOuts * 16) {
        const float* source = row + long(quad) * 4 * g.outChannels;
        long step = g.outChannels;
        float spare[4 * kOuts] = {};
        if (outs < kOuts || quad * 4 + 4 > g.outWidth) {
          // Pixels past the end of the row and outputs past the last add nothing.
          for (int j = 0; j < least(4, g.outWidth - quad * 4); j++) memcpy(spare + j * kOuts, source + j * step, outs * sizeof(float));
          source = spare;
          step = kOuts;
        }
        buildColumnTables(source, step, out);
      }
    }
    for (int fh = 0; fh < g.filterHeight; fh++) {
      for (int block = 0; block < p.blocks; block++) {
        for (int r = 0; r < rowCount; r++) rows[r] = firstRows[r] + fh * g.dilationHeight * rowSize + block * 16;
        __m512 sums[taps][kOuts];
        filterSums<taps>(tables, rows, rowCount, p.quads, step, sums);
        for (int t = 0; t < taps; t++) {
          float* total = totals + (long(fh * taps + t) * p.blocks + block) * kOuts * 16;
          for (int o = 0; o < kOuts; o++) _mm512_store_ps(total + o * 16, _mm512_add_ps(_mm512_load_ps(total + o * 16), sums[t][o]));
        }
      }
    }
  }
}

}  // namespace

void signFilterGradient(int threads, const float* x, const float* dy, float* dkernel, const Geometry& whole) {
  Geometry g = whole;
  const bool plain = g.taps() == 1 && g.strideHeight == 1 && g.strideWidth == 1 && g.padTop == 0 && g.padLeft == 0 &&
                     g.outHeight == g.inHeight && g.outWidth == g.inWidth;
  if (plain) {
    // A matrix product: pixels have no neighbours, so rows may be as long as they like.
    const long pixels = long(g.batch) * g.inHeight * g.inWidth;
    const int row = pixels % 64 == 0 ? 64 : pixels % 16 == 0 ? 16 : pixels % 4 == 0 ? 4 : 1;
    g.inHeight = g.outHeight = 1;
    g.inWidth = g.outWidth = row;
    g.batch = int(pixels / row);
  }
  FilterPlan p{g, (g.outWidth + 3) / 4, (g.inChannels + 15) / 16, (g.outHeight - 1) * g.strideHeight + (g.filterHeight - 1) * g.dilationHeight + 1};
  const Scratch<uint16_t> bits(long(g.batch) * p.rows * p.quads * p.blocks * 16);
  packInput(threads, x, p, bits);

  const int tiles = (g.outChannels + kOuts - 1) / kOuts;
  // Slices of the batch: as many as give every thread of a large machine work, by the shape alone.
  const int slices = most(1, least<int>(g.batch, 16 / tiles));
  const long tileSize = long(g.taps()) * p.blocks * kOuts * 16;
  const Scratch<float> scratch(long(slices) * tiles * tileSize);
  float* totals = scratch;
  const long outsideSize = long(g.taps()) * kOuts;
  const Scratch<double> outside(long(slices) * tiles * outsideSize);
  tasks(threads, long(slices) * tiles, g.batch / slices * long(g.outHeight) * g.outWidth * g.taps() * g.inChannels, [&](long task) {
    const long slice = task / tiles, tile = task % tiles;
    const long from = g.batch * slice / slices, to = g.batch * (slice + 1) / slices;
    float* total = totals + task * tileSize;
    memset(total, 0, tileSize * sizeof(float));
    double* out = outside + task * outsideSize;
    memset(out, 0, outsideSize * sizeof(double));
    const Scratch<float> tables(long(kChunk) * kOuts * 16);
    const int first = int(tile) * kOuts;
    switch (g.filterWidth) {
      case 1: filterTile<1>(p, dy, bits, first, from, to, tables, total, out); break;
      case 3: filterTile<3>(p, dy, bits, first, from, to, tables, total, out); break;
      case 4: filterTile<4>(p, dy, bits, first, from, to, tables, total, out); break;
    }
  });

  bool seen[kMostTaps];
  for (int tap = 0; tap < g.taps(); tap++) seen[tap] = isSeen(g, tap);
  split(threads, long(g.taps()) * g.inChannels, g.outChannels * slices, 1, [&](long first, long end) {
    for (long i = first; i < end; i++) {
      const long tap = i / g.inChannels, c = i % g.inChannels;
      for (int o = 0; o < g.outChannels; o++) {
        // What the padding counted as +1 comes off again. A tap that no window has inside is all padding: exactly 0.
        double sum = 0;
        if (!seen[tap]) {
          dkernel[i * g.outChannels + o] = 0;
          continue;
        }
        for (int slice = 0; slice < slices; slice++) {
          const long task = slice * tiles + o / kOuts;
          sum += totals[task * tileSize + ((tap * p.blocks + c / 16) * kOuts + o % kOuts) * 16 + c % 16] - outside[task * outsideSize + tap * kOuts + o % kOuts];
        }
        dkernel[i * g.outChannels + o] = float(sum);
      }
    }
  });
}

#else

bool hasSignProducts(const Geometry&) { return false; }
void signInputGradient(int, const float*, const float*, float*, const Geometry&) {}
void signFilterGradient(int, const float*, const float*, float*, const Geometry&) {}

#endif

}  // namespace surge::SURGE_ISA
