// dfilter = x * dy by minimal filtering (winograd.h): tiles of dy are filters of four, three outputs in either direction. The products of
// all tiles are added up before they are transformed back.
#include "kernels/winograd.h"

namespace surge::SURGE_ISA {
namespace winograd {
namespace {

using Panels = Runs<64>;
constexpr int kRegisters = W > 8 ? W : 8;  // sums of one micro-kernel: the channels of one panel or of two
constexpr int kFewestChannels = 16;  // with fewer the transforms cost what the products save
constexpr long kMostSlices = 8, kMostSums = 300000;  // floats, of all slices
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

// The sums over the tiles of a slice, of some rows of positions: total[position][in][out].
template <int firstRow, int rows>
void sliceSums(const float* x, const float* dy, const Geometry& g, const Panels& runs, long firstChunk, long endChunk, float* total) {
  const long ins = g.inChannels, outs = g.outChannels;
  const Scratch<float> pieces(ins / W * Panels::kPanel), gradients(outs / W * Panels::kPanel);
  for (long chunk = firstChunk; chunk < endChunk; chunk++) {
    const long first = chunk * runs.together, end = least(runs.count, first + runs.together);
    int tiles = 0;
    for (long i = first; i < end; i++) {
      const Run run(runs, i);
      const int top = kPixels * run.row, height = least(kPixels, g.outHeight - top);
      transformPieces<Panels, firstRow, rows>(x + run.picture * g.inHeight * g.inWidth * ins, g.inHeight, g.inWidth, ins, top - g.padTop,
                                              kPixels * run.column - g.padLeft, run.tiles, pieces + tiles * W);
      for (int t = 0; t < run.tiles; t++, tiles++) {
        const int left = kPixels * (run.column + t), width = least(kPixels, g.outWidth - left);
        const float* source = dy + ((run.picture * g.outHeight + top) * g.outWidth + left) * outs;
        const bool whole = height == kPixels && width == kPixels;
        for (long o = 0; o < outs; o += W) {
          float* target = gradients + o / W * Panels::kPanel + tiles * W;
          for (int r = 0; r < kPixels; r++)  // the next row of tiles
            for (int c = 0; c < kPixels; c++) soon(source + ((r + kPixels) * g.outWidth + c) * outs + o);
          if (whole) transformTile<firstRow, rows>(source + o, g.outWidth * outs, outs, target);
          else transformPart<firstRow, rows>(source + o, g.outWidth * outs, outs, height, width, target);
        }
      }
    }
    for (int p = 0; p < rows * kSide; p++) {
      long together;
      for (long k = 0; k < ins; k += together) {
        together = k + kRegisters <= ins ? kRegisters : W;
        const float* a = pieces + k / W * Panels::kPanel + p * Panels::kStep;
        for (long o = 0; o < outs; o += W) {
          const float* b = gradients + o / W * Panels::kPanel + p * Panels::kStep;
          float* sums = total + ((firstRow * kSide + p) * ins + k) * outs + o;
          if (together == kRegisters) outerProducts<kRegisters>(a, b, tiles, chunk > firstChunk, sums, outs);
          else outerProducts<W>(a, b, tiles, chunk > firstChunk, sums, outs);
        }
      }
    }
  }
}

}  // namespace
}  // namespace winograd

bool winogradFilterGradient(int threads, const float* x, const float* dy, float* dfilter, const Geometry& g) {
  using namespace winograd;
  if (!applies(g) || g.inChannels < kFewestChannels || g.outChannels < kFewestChannels) return false;
  const long ins = g.inChannels, outs = g.outChannels, size = kPositions * ins * outs;
  const Panels runs(g.batch, g.outHeight, g.outWidth);
  // Slices of the chunks have sums of their own, which cost time where they are few tiles' or do not stay in the cache; sums that would
  // fill the second-level cache are taken a third at a time.
  const long chunks = runs.chunks(), slices = least(chunks, most(2L, least(chunks / 2, least(kMostSlices, kMostSums / size))));
  const long parts = size > kMostSums / 4 ? 3 : 1;
  const Scratch<float> scratch(slices * size);
  float* totals = scratch;
  tasks(threads, slices * parts, chunks * runs.together * runs.length / slices * size / parts / W, [&](long task) {
    const long slice = task / parts, first = chunks * slice / slices, end = chunks * (slice + 1) / slices;
    float* total = totals + slice * size;
    if (parts == 1) sliceSums<0, 6>(x, dy, g, runs, first, end, total);
    else if (task % parts == 0) sliceSums<0, 2>(x, dy, g, runs, first, end, total);
    else if (task % parts == 1) sliceSums<2, 2>(x, dy, g, runs, first, end, total);
    else sliceSums<4, 2>(x, dy, g, runs, first, end, total);
  });
  split(threads, ins, 100 * outs, 1, [=](long from, long to) {
    for (long k = from; k < to; k++) {
      for (long o = 0; o < outs; o += W) {
        for (int p = 0; p < kPositions; p++) {
          float* sums = totals + (p * ins + k) * outs + o;
          Vf sum = load(sums);
          for (long slice = 1; slice < slices; slice++) sum += load(sums + slice * size);
          store(sums, sum);
        }
        filterOutput(totals + k * outs + o, ins * outs, dfilter + k * outs + o, ins * outs);
      }
    }
  });
  return true;
}

}  // namespace surge::SURGE_ISA
