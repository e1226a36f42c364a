// The input gradients of a binary layer, dy * turned filter, by minimal filtering (winograd.h): filters of three, four outputs in either
// direction. dy is transformed once for both branches, and what comes out is measured while it is in the cache.
#include "kernels/through_surrogate.h"
#include "kernels/winograd.h"

namespace surge::SURGE_ISA {
namespace winograd {
namespace {

using Panels = Runs<16>;
constexpr int kRegisters = W == 16 ? 16 : 8;  // sums of one micro-kernel

// N G g for filters of three.
inline void transformFilter(Vf g0, Vf g1, Vf g2, Vf (&m)[kSide]) {
  const Vf evenA = all(kNormA) * plus(g0, kA2, g2), evenB = all(kNormB) * plus(g0, kB2, g2);
  m[0] = all(kNormZero) * g0;
  m[1] = plus(evenA, kNormA * kA, g1), m[2] = plus(evenA, -kNormA * kA, g1);
  m[3] = plus(evenB, kNormB * kB, g1), m[4] = plus(evenB, -kNormB * kB, g1);
  m[5] = g2;
}

// The turned filters, or their signs, transformed: [position][block of W input channels][output channel][W].
template <bool signs>
void transformFilters(int threads, const float* filter, const Geometry& g, float* out) {
  const long ins = g.inChannels, outs = g.outChannels;
  split(threads, outs, 100 * ins, 1, [=](long from, long to) {
    const long count = to - from;
    const Scratch<float> turned(9 * count * W);  // [tap][output channel][W]
    for (long block = 0; block < ins; block += W) {
      for (int tap = 0; tap < 9; tap++)
        for (int i = 0; i < W; i++)
          for (long o = 0; o < count; o++) {
            const float w = filter[((8 - tap) * ins + block + i) * outs + from + o];
            turned[(tap * count + o) * W + i] = !signs ? w : w < 0 ? -1.0f : 1.0f;
          }
      for (long o = 0; o < count; o++) {
        Vf columns[3][kSide];
#pragma GCC unroll 3
        for (int x = 0; x < 3; x++) {
          const float* t = turned + (x * count + o) * W;
          transformFilter(load(t), load(t + 3 * count * W), load(t + 6 * count * W), columns[x]);
        }
        float* target = out + (block * outs + (from + o) * W);
#pragma GCC unroll 6
        for (int r = 0; r < kSide; r++) {
          Vf m[kSide];
          transformFilter(columns[0][r], columns[1][r], columns[2][r], m);
          for (int c = 0; c < kSide; c++) store(target + (r * kSide + c) * ins * outs, m[c]);
        }
      }
    }
  });
}

// m[tile][W] = sum over channels k of a[k / W][tile][k % W] b[k][W].
template <int tiles>
inline void products(const float* a, long depth, const float* b, float* m) {
  Vf sums[tiles];
#pragma GCC unroll 16
  for (int t = 0; t < tiles; t++) sums[t] = Vf{};
  for (long k = 0; k < depth; k += W, a += Panels::kPanel, b += W * W) {
    for (int i = 0; i < W; i++) {
      const Vf filter = load(b + i * W);
#pragma GCC unroll 16
      for (int t = 0; t < tiles; t++) sums[t] = fused(all(a[t * W + i]), filter, sums[t]);
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < tiles; t++) store(m + t * W, sums[t]);
}

// The products of one position: m = a b for all tiles and channels.
void positionProducts(const float* a, long ins, const float* b, float* m, long outs, int tiles) {
  for (long o = 0; o < outs; o += W, b += ins * W, m += Panels::kPanel) {
    int t = 0;
    for (; t + kRegisters <= tiles; t += kRegisters) products<kRegisters>(a + t * W, ins, b, m + t * W);
    for (; t + 4 <= tiles; t += 4) products<4>(a + t * W, ins, b, m + t * W);
    for (; t < tiles; t++) products<1>(a + t * W, ins, b, m + t * W);
  }
}

// A^T m: four outputs.
inline void transformOutput(const Vf (&m)[kSide], Vf (&y)[kPixels]) {
  const Vf evenA = m[1] + m[2], oddA = m[1] - m[2], evenB = m[3] + m[4], oddB = m[3] - m[4];
  y[0] = m[0] + (evenA + evenB);
  y[1] = plus(all(kA) * oddA, kB, oddB);
  y[2] = plus(all(kA2) * evenA, kB2, evenB);
  y[3] = plus(plus(m[5], kA2 * kA, oddA), kB2 * kB, oddB);
}

// 4x4 pixels of W channels from the products at all positions.
inline void outputTile(const float* products, float* target, long rowStep, long pixelStep) {
  Vf rows[kPixels][kSide];
#pragma GCC unroll 6
  for (int c = 0; c < kSide; c++) {
    Vf m[kSide], y[kPixels];
#pragma GCC unroll 6
    for (int r = 0; r < kSide; r++) m[r] = once(products + (r * kSide + c) * Panels::kStep);
    transformOutput(m, y);
#pragma GCC unroll 4
    for (int r = 0; r < kPixels; r++) rows[r][c] = y[r];
  }
#pragma GCC unroll 4
  for (int r = 0; r < kPixels; r++) {
    Vf y[kPixels];
    transformOutput(rows[r], y);
#pragma GCC unroll 4
    for (int c = 0; c < kPixels; c++) store(target + r * rowStep + c * pixelStep, y[c]);
  }
}

// The same where only some of the rows and columns are in the picture.
void partOfTile(const float* products, float* target, long rowStep, long pixelStep, int rows, int columns) {
  alignas(64) float tile[kPixels * kPixels * W];
  outputTile(products, tile, kPixels * W, W);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++) store(target + r * rowStep + c * pixelStep, load(tile + (r * kPixels + c) * W));
}

// dx at all pixels of a run of tiles.
void outputRun(const Run& run, const float* products, float* dx, const Geometry& g) {
  const long outs = g.inChannels, rowStep = g.inWidth * outs;
  const int top = kPixels * run.row, rows = least(kPixels, g.inHeight - top);
  for (int t = 0; t < run.tiles; t++, products += W) {
    const int left = kPixels * (run.column + t), columns = least(kPixels, g.inWidth - left);
    float* target = dx + ((run.picture * g.inHeight + top) * g.inWidth + left) * outs;
    const bool whole = rows == kPixels && columns == kPixels;
    for (long o = 0; o < outs; o += W) {
      const float* panel = products + o / W * Panels::kPanel;
      if (whole) outputTile(panel, target + o, rowStep, outs);
      else partOfTile(panel, target + o, rowStep, outs, rows, columns);
      for (int r = 0; r < kPixels; r++)  // the next row of tiles
        for (int c = 0; c < kPixels; c++) ahead(target + (r + kPixels) * rowStep + c * outs + o);
    }
  }
}

// gb through the surrogate, and what both branches measure, at all pixels of a run of tiles.
void measureRun(const Run& run, const float* x, Surrogate surrogate, float* gb, const float* ga, const Geometry& g, BranchSums& sums) {
  const int top = kPixels * run.row, rows = least(kPixels, g.inHeight - top);
  const int left = kPixels * run.column, columns = least(kPixels * run.tiles, g.inWidth - left);
  // Rows that fill the picture's width lie behind one another.
  const int pieces = columns == g.inWidth ? 1 : rows;
  for (int r = 0; r < pieces; r++) {
    const long at = ((run.picture * g.inHeight + top + r) * g.inWidth + left) * g.inChannels;
    const long length = long(columns) * g.inChannels * (rows / pieces);
    sums += throughSurrogateBlock(x + at, surrogate, gb + at, ga ? ga + at : nullptr, length);
  }
}

}  // namespace

void transformFilters(int threads, const float* filter, bool signs, const Geometry& g, float* out) {
  if (signs) transformFilters<true>(threads, filter, g, out);
  else transformFilters<false>(threads, filter, g, out);
}

BranchSums inputGradients(const float* dy, const float* x, const float* binaryFilters, const float* realFilters, Surrogate surrogate, float* gb,
                          float* ga, const Geometry& g) {
  const long ins = g.outChannels, outs = g.inChannels;  // of this product
  const Panels runs(g.batch, g.inHeight, g.inWidth);
  // dx at a pixel sees dy from 2 - pad rows above on.
  const int up = 2 - g.padTop, before = 2 - g.padLeft;
  // The binary branch's products of a position take the place of the inputs of the position before.
  const Scratch<float> panels(most(ins, outs) / W * Panels::kPanel), realPanels(ga ? outs / W * Panels::kPanel : 0);
  float *binarySums = panels, *realSums = realPanels, *pieces = binarySums + Panels::kStep;
  BranchSums sums{};
  for (long first = 0; first < runs.count; first += runs.together) {
    const long end = least(runs.count, first + runs.together);
    int tiles = 0;
    for (long i = first; i < end; i++) {
      const Run run(runs, i);
      transformPieces<Panels, 0, kSide, false>(dy + run.picture * g.outHeight * g.outWidth * ins, g.outHeight, g.outWidth, ins,
                                               kPixels * run.row - up, kPixels * run.column - before, run.tiles, pieces + tiles * W);
      tiles += run.tiles;
    }
    for (int p = 0; p < kPositions; p++) {
      const long panel = p * Panels::kStep, filters = p * ins * outs;
      if (ga) positionProducts(pieces + panel, ins, realFilters + filters, realSums + panel, outs, tiles);
      positionProducts(pieces + panel, ins, binaryFilters + filters, binarySums + panel, outs, tiles);
    }
    long tile = 0;
    for (long i = first; i < end; i++) {
      const Run run(runs, i);
      outputRun(run, binarySums + tile * W, gb, g);
      if (ga) outputRun(run, realSums + tile * W, ga, g);
      tile += run.tiles;
      measureRun(run, x, surrogate, gb, ga, g, sums);
    }
  }
  return sums;
}

}  // namespace winograd
}  // namespace surge::SURGE_ISA
