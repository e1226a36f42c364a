// The filter gradients of a binary layer, sign(x) * dy and x * dy, by minimal filtering (winograd.h): tiles of dy are filters of four, three
// outputs in either direction, transformed once for both branches. The products of all tiles are added up before they are transformed back.
#include "kernels/winograd.h"

namespace surge::SURGE_ISA {
namespace winograd {
namespace {

using Panels = Runs<64>;
constexpr int kRegisters = W > 8 ? W : 8;  // sums of one micro-kernel: the channels of one panel or of two
constexpr int kTaps = 3;

// G g for filters of four.
inline void transformFilter(const Vf (&g)[kPixels], Vf (&m)[kSide]) {
  const Vf evenA = plus(g[0], kA2, g[2]), oddA = plus(g[1], kA2, g[3]), evenB = plus(g[0], kB2, g[2]), oddB = plus(g[1], kB2, g[3]);
  m[0] = g[0];
  m[1] = plus(evenA, kA, oddA), m[2] = plus(evenA, -kA, oddA);
  m[3] = plus(evenB, kB, oddB), m[4] = plus(evenB, -kB, oddB);
  m[5] = g[3];
}

// A 4x4 tile of W channels.
template <int first, int rows>
inline void transformTile(const float* p, long rowStep, long pixelStep, float* out) {
  Vf columns[kPixels][kSide];
#pragma GCC unroll 4
  for (int c = 0; c < kPixels; c++) {
    const Vf g[kPixels] = {once(p + c * pixelStep), once(p + rowStep + c * pixelStep), once(p + 2 * rowStep + c * pixelStep),
                           once(p + 3 * rowStep + c * pixelStep)};
    transformFilter(g, columns[c]);
  }
#pragma GCC unroll 6
  for (int r = first; r < first + rows; r++) {
    const Vf g[kPixels] = {columns[0][r], columns[1][r], columns[2][r], columns[3][r]};
    Vf m[kSide];
    transformFilter(g, m);
#pragma GCC unroll 6
    for (int c = 0; c < kSide; c++) {
      float* target = out + ((r - first) * kSide + c) * Panels::kStep;
      store(target, m[c]);
      ahead(target + 4 * W);
    }
  }
}

// The same where only some of the rows and columns are in the picture; zeros outside.
template <int first, int rows>
void transformPart(const float* p, long rowStep, long pixelStep, int height, int width, float* out) {
  alignas(64) float tile[kPixels * kPixels * W] = {};
  for (int r = 0; r < height; r++)
    for (int c = 0; c < width; c++) store(tile + (r * kPixels + c) * W, load(p + r * rowStep + c * pixelStep));
  transformTile<first, rows>(tile, kPixels * W, W, out);
}

// total[channel][W] (+)= sum over tiles of a[tile][channel] b[tile][W], for a number of channels.
template <int channels>
inline void outerProducts(const float* a, const float* b, int tiles, bool add, float* total, long totalStep) {
  Vf sums[channels];
#pragma GCC unroll 16
  for (int c = 0; c < channels; c++) sums[c] = Vf{};
  for (int t = 0; t < tiles; t++) {
    const Vf row = load(b + t * W);
#pragma GCC unroll 16
    for (int c = 0; c < channels; c++) sums[c] = fused(all(a[c / W * Panels::kPanel + t * W + c % W]), row, sums[c]);
  }
  if (add) {
#pragma GCC unroll 16
    for (int c = 0; c < channels; c++) sums[c] += load(total + c * totalStep);
  }
#pragma GCC unroll 16
  for (int c = 0; c < channels; c++) store(total + c * totalStep, sums[c]);
}

// A^T N m: three outputs.
inline void transformOutput(const Vf (&m)[kSide], Vf (&y)[kTaps]) {
  const Vf evenA = all(kNormA) * (m[1] + m[2]), oddA = all(kNormA * kA) * (m[1] - m[2]);
  const Vf evenB = all(kNormB) * (m[3] + m[4]), oddB = all(kNormB * kB) * (m[3] - m[4]);
  y[0] = plus(evenA + evenB, kNormZero, m[0]);
  y[1] = oddA + oddB;
  y[2] = plus(plus(m[5], kA2, evenA), kB2, evenB);
}

// From the sums at all positions to the nine of the filter, for one channel and W outputs.
inline void filterOutput(const float* totals, long apart, float* dfilter, long tapStep) {
  Vf rows[kTaps][kSide];
#pragma GCC unroll 6
  for (int c = 0; c < kSide; c++) {
    Vf m[kSide], y[kTaps];
#pragma GCC unroll 6
    for (int r = 0; r < kSide; r++) m[r] = load(totals + (r * kSide + c) * apart);
    transformOutput(m, y);
    rows[0][c] = y[0], rows[1][c] = y[1], rows[2][c] = y[2];
  }
#pragma GCC unroll 3
  for (int r = 0; r < kTaps; r++) {
    Vf y[kTaps];
    transformOutput(rows[r], y);
#pragma GCC unroll 3
    for (int c = 0; c < kTaps; c++) store(dfilter + (r * kTaps + c) * tapStep, y[c]);
  }
}

// The pieces of x, or of its signs, of some runs.
template <int firstRow, int rows, bool signs>
void transformInputs(const float* x, const Geometry& g, const Panels& runs, long first, long end, float* pieces) {
  for (long i = first; i < end; i++) {
    const Run run(runs, i);
    const float* picture = x + run.picture * g.inHeight * g.inWidth * g.inChannels;
    transformPieces<Panels, firstRow, rows, signs>(picture, g.inHeight, g.inWidth, g.inChannels, kPixels * run.row - g.padTop,
                                                   kPixels * run.column - g.padLeft, run.tiles, pieces);
    pieces += run.tiles * W;
  }
}

// The tiles of dy of some runs; returns how many there are.
template <int firstRow, int rows>
int transformGradients(const float* dy, const Geometry& g, const Panels& runs, long first, long end, float* gradients) {
  const long outs = g.outChannels, rowStep = g.outWidth * outs;
  int tiles = 0;
  for (long i = first; i < end; i++) {
    const Run run(runs, i);
    const int top = kPixels * run.row, height = least(kPixels, g.outHeight - top);
    for (int t = 0; t < run.tiles; t++, tiles++) {
      const int left = kPixels * (run.column + t), width = least(kPixels, g.outWidth - left);
      const float* source = dy + ((run.picture * g.outHeight + top) * g.outWidth + left) * outs;
      const bool whole = height == kPixels && width == kPixels;
      for (long o = 0; o < outs; o += W) {
        float* target = gradients + o / W * Panels::kPanel + tiles * W;
        for (int r = 0; r < kPixels; r++)  // the next row of tiles
          for (int c = 0; c < kPixels; c++) soon(source + (r + kPixels) * rowStep + c * outs + o);
        if (whole) transformTile<firstRow, rows>(source + o, rowStep, outs, target);
        else transformPart<firstRow, rows>(source + o, rowStep, outs, height, width, target);
      }
    }
  }
  return tiles;
}

// total[position][in][out] (+)= the products of some tiles at `positions` positions.
void addProducts(const float* pieces, const float* gradients, int positions, int tiles, bool add, float* total, long ins, long outs) {
  for (int p = 0; p < positions; p++) {
    long together;
    for (long k = 0; k < ins; k += together) {
      together = k + kRegisters <= ins ? kRegisters : W;
      const float* a = pieces + k / W * Panels::kPanel + p * Panels::kStep;
      for (long o = 0; o < outs; o += W) {
        const float* b = gradients + o / W * Panels::kPanel + p * Panels::kStep;
        float* sums = total + (p * ins + k) * outs + o;
        if (together == kRegisters) outerProducts<kRegisters>(a, b, tiles, add, sums, outs);
        else outerProducts<W>(a, b, tiles, add, sums, outs);
      }
    }
  }
}

// The sums of some rows of positions.
template <int firstRow, int rows>
void addSums(const float* x, const float* dy, bool add, float* binary, float* real, const Geometry& g) {
  const long ins = g.inChannels, outs = g.outChannels, offset = firstRow * kSide * ins * outs;
  const Panels runs(g.batch, g.outHeight, g.outWidth);
  const Scratch<float> inputs(ins / W * Panels::kPanel), outputs(outs / W * Panels::kPanel);
  float *pieces = inputs, *gradients = outputs;
  for (long first = 0; first < runs.count; first += runs.together, add = true) {
    const long end = least(runs.count, first + runs.together);
    const int tiles = transformGradients<firstRow, rows>(dy, g, runs, first, end, gradients);
    transformInputs<firstRow, rows, true>(x, g, runs, first, end, pieces);
    addProducts(pieces, gradients, rows * kSide, tiles, add, binary + offset, ins, outs);
    if (!real) continue;
    transformInputs<firstRow, rows, false>(x, g, runs, first, end, pieces);
    addProducts(pieces, gradients, rows * kSide, tiles, add, real + offset, ins, outs);
  }
}

}  // namespace

void addFilterSums(const float* x, const float* dy, bool add, float* binary, float* real, const Geometry& g) {
  addSums<0, kSide>(x, dy, add, binary, real, g);
}

void addThirdOfFilterSums(int third, const float* x, const float* dy, bool add, float* binary, float* real, const Geometry& g) {
  if (third == 0) addSums<0, 2>(x, dy, add, binary, real, g);
  else if (third == 1) addSums<2, 2>(x, dy, add, binary, real, g);
  else addSums<4, 2>(x, dy, add, binary, real, g);
}

void outputFilters(int threads, float* sums, long slices, float* dfilter, const Geometry& g) {
  const long ins = g.inChannels, outs = g.outChannels, size = kPositions * ins * outs;
  split(threads, ins, 100 * outs, 1, [=](long from, long to) {
    for (long k = from; k < to; k++) {
      for (long o = 0; o < outs; o += W) {
        for (int p = 0; p < kPositions; p++) {
          float* all = sums + (p * ins + k) * outs + o;
          Vf sum = load(all);
          for (long slice = 1; slice < slices; slice++) sum += load(all + slice * size);
          store(all, sum);
        }
        filterOutput(sums + k * outs + o, ins * outs, dfilter + k * outs + o, ins * outs);
      }
    }
  });
}

}  // namespace winograd
}  // namespace surge::SURGE_ISA
