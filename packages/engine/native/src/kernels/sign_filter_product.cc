// wgrad of the binary branch by table look-up: sign_tables.h has the method.
#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/sign_tables.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {

#if defined(__AVX512F__)
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

void signFilterGradient(int threads, const float* x, const float* dy, float* dkernel, const Geometry& g) {
  if (isDense(g)) return denseSignFilterGradient(threads, x, dy, dkernel, g);
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

void signFilterGradient(int, const float*, const float*, float*, const Geometry&) {}

#endif

}  // namespace surge::SURGE_ISA
