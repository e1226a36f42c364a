// The two float products of the auxiliary branch for 3x3 filters with stride 1, by Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray,
// arXiv 1509.09308): 16 products instead of 36 for four pixels. Its transforms only add and halve, so it rounds no worse than the direct sum.
//
// In one dimension, for inputs d0..d3 and a filter of three g0..g2 (two outputs) or of two (three outputs):
//   m = (B^T d) * (G g):  B^T d = (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
//   three: G g = (g0, (g0 + g1 + g2)/2, (g0 - g1 + g2)/2, g2)    y = (m0 + m1 + m2, m1 - m2 - m3)
//   two:   G g = (g0, (g0 + g1)/2, (g0 - g1)/2, g1)              y = (m0 + m1 + m2, m1 - m2, m1 + m2 - m3)
// dgrad is the first with the turned filter: four outputs of dx from a 4x4 piece of dy. wgrad is the second: nine sums from a 4x4 piece
// of x and a 2x2 piece of dy, added up over all tiles before they are transformed back.
//
// In two dimensions the transforms are applied to rows and columns; the 16 products become 16 matrix products over channels.
#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

constexpr int kPositions = 16;
constexpr int kRegisters = W == 16 ? 16 : 8;  // sums of one micro-kernel
constexpr long kMostFilterFloats = 16L * 64 * 128;  // transformed filters beyond this leave the second-level cache

// Entries from one position to the next: not a power of two, or all positions would share a few sets of the first-level cache.
long apart(long entries) { return entries + 3 * 16; }

inline void inputTransform(Vf (&d)[4]) {
  const Vf d0 = d[0] - d[2], d1 = d[1] + d[2], d2 = d[2] - d[1], d3 = d[1] - d[3];
  d[0] = d0, d[1] = d1, d[2] = d2, d[3] = d3;
}

// The transform of 16 entries at `p`, `row` entries from row to row and `column` from column to column, laid down at every position,
// `apart` entries from one to the next.
inline void transformPiece(const float* p, long row, long column, float* out, long apart) {
  Vf d[4][4];
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    Vf v[4] = {load(p + c * column), load(p + row + c * column), load(p + 2 * row + c * column), load(p + 3 * row + c * column)};
    inputTransform(v);
    d[0][c] = v[0], d[1][c] = v[1], d[2][c] = v[2], d[3][c] = v[3];
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) {
    inputTransform(d[r]);
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) store(out + (4 * r + c) * apart, d[r][c]);
  }
}

// A 4x4 piece of a picture from (top, left) on, zeros outside, all channels; [position][channel].
inline void inputTile(const float* picture, int height, int width, long channels, int top, int left, float* out, long apart) {
  if (top >= 0 && left >= 0 && top + 4 <= height && left + 4 <= width) {
    const float* p = picture + (long(top) * width + left) * channels;
    for (long k = 0; k < channels; k += W) transformPiece(p + k, width * channels, channels, out + k, apart);
    return;
  }
  // Rows and columns outside are read from zeros; the picture's own stay where they are.
  alignas(64) static constexpr float zeros[W] = {};
  const bool columnThere[4] = {left >= 0, left + 1 >= 0 && left + 1 < width, left + 2 >= 0 && left + 2 < width, left + 3 < width};
  for (long k = 0; k < channels; k += W) {
    alignas(64) float piece[16 * W];
    for (int r = 0; r < 4; r++) {
      const bool rowThere = top + r >= 0 && top + r < height;
      const float* row = picture + (long(top + r) * width + left) * channels + k;
      for (int c = 0; c < 4; c++) store(piece + (4 * r + c) * W, load(rowThere & columnThere[c] ? row + c * channels : zeros));
    }
    transformPiece(piece, 4 * W, W, out + k, apart);
  }
}

// The tiles of a picture: 2x2 pixels each.
struct Tiles {
  int rows, columns;
  int rowsAtOnce;  // rows of tiles that go through the matrix products together
  int most() const { return rowsAtOnce * columns; }
};

Tiles tilesOf(int height, int width, int together) {
  const int rows = (height + 1) / 2, columns = (width + 1) / 2;
  return {rows, columns, least(rows, most(1, together / columns))};
}

bool isPlain(const Geometry& g) {
  return g.filterHeight == 3 && g.filterWidth == 3 && g.strideHeight == 1 && g.strideWidth == 1 && g.dilationHeight == 1 &&
         g.dilationWidth == 1 && g.groups == 1 && g.inChannels % W == 0 && g.outChannels % W == 0 && g.inputs() > 0 && g.outputs() > 0 &&
         long(g.inChannels) * g.outChannels * kPositions <= kMostFilterFloats;
}

// ---- dgrad ----------------------------------------------------------------------------------------------------------------

// The turned filters, transformed: [block of W channels c][row of positions][output channel o][position in the row][W].
void transformFilters(int threads, const float* filter, const Geometry& g, float* out) {
  const long c = g.inChannels, o = g.outChannels;
  split(threads, o, 64 * c, 1, [=](long from, long to) {
    for (long k = from; k < to; k++) {
      for (long i = 0; i < c; i++) {
        float rows[4][3], all[4][4];
        for (int x = 0; x < 3; x++) {
          float t[3];
          for (int y = 0; y < 3; y++) t[y] = filter[(((2 - y) * 3 + (2 - x)) * c + i) * o + k];
          rows[0][x] = t[0];
          rows[1][x] = 0.5f * (t[0] + t[1] + t[2]);
          rows[2][x] = 0.5f * (t[0] - t[1] + t[2]);
          rows[3][x] = t[2];
        }
        for (int y = 0; y < 4; y++) {
          const float* t = rows[y];
          all[y][0] = t[0];
          all[y][1] = 0.5f * (t[0] + t[1] + t[2]);
          all[y][2] = 0.5f * (t[0] - t[1] + t[2]);
          all[y][3] = t[2];
        }
        float* block = out + i / W * kPositions * o * W + i % W;
        for (int p = 0; p < kPositions; p++) block[((p / 4 * o + k) * 4 + p % 4) * W] = all[p / 4][p % 4];
      }
    }
  });
}

// For the four positions of one row of the transform and `tiles` tiles: sums over channels, already put together along the row:
// rows[tile][2][W] = (m0 + m1 + m2, m1 - m2 - m3) with m_i[tile] = sum over k of a[tile][i][k] b[k][i][W]. A depth that is known to the
// compiler (0: any) keeps all of a within reach of one register.
template <int tiles, int knownDepth>
inline void rowProducts(const float* a, long anyDepth, const float* b, float* rows) {
  const long depth = knownDepth ? knownDepth : anyDepth;
  Vf m[4][tiles];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++)
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++) m[i][t] = Vf{};
  for (long k = 0; k < depth; k++, a++, b += 4 * W) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const Vf filter = load(b + i * W);
#pragma GCC unroll 4
      for (int t = 0; t < tiles; t++) m[i][t] = fused(all(a[(t * kPositions + i) * depth]), filter, m[i][t]);
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < tiles; t++) {
    store(rows + 2 * t * W, m[0][t] + m[1][t] + m[2][t]);
    store(rows + (2 * t + 1) * W, m[1][t] - m[2][t] - m[3][t]);
  }
}

template <int tiles>
inline void rowProducts(const float* a, long depth, const float* b, float* rows) {
  switch (depth) {
    case 16: return rowProducts<tiles, 16>(a, depth, b, rows);
    case 32: return rowProducts<tiles, 32>(a, depth, b, rows);
    case 64: return rowProducts<tiles, 64>(a, depth, b, rows);
    default: return rowProducts<tiles, 0>(a, depth, b, rows);
  }
}

constexpr int kTilesAtOnce = W == 16 ? 4 : 2;  // four positions of each fill the registers

// Two pixels of dx in both directions, from the four rows of the transform; `rowApart` entries from one to the next.
inline void outputTile(const float* rows, long rowApart, float* target, long rowStep, long pixelStep, bool below, bool beside) {
#pragma GCC unroll 2
  for (int c = 0; c < 2; c++) {
    if (c == 1 && !beside) return;
    const Vf r0 = load(rows + c * W), r1 = load(rows + rowApart + c * W), r2 = load(rows + 2 * rowApart + c * W);
    const Vf r3 = load(rows + 3 * rowApart + c * W);
    store(target + c * pixelStep, r0 + r1 + r2);
    if (below) store(target + rowStep + c * pixelStep, r1 - r2 - r3);
  }
}

}  // namespace

bool winogradInputGradient(int threads, const float* dy, const float* filter, float* dx, const Geometry& g) {
  if (!isPlain(g)) return false;
  const long ins = g.outChannels, outs = g.inChannels;  // of this product
  const Scratch<float> transformedFilters(kPositions * ins * outs);
  float* filters = transformedFilters;
  transformFilters(threads, filter, g, filters);
  const Tiles tiles = tilesOf(g.inHeight, g.inWidth, 16);
  // dx at a pixel sees dy from 2 - pad rows above on.
  const int up = 2 - g.padTop, before = 2 - g.padLeft;
  tasks(threads, g.batch, 8L * g.inHeight * g.inWidth * ins * outs, [&](long n) {
    const long count = tiles.most();
    const Scratch<float> transformed(count * kPositions * ins);
    const float* source = dy + n * g.outHeight * g.outWidth * ins;
    float* target = dx + n * g.inHeight * g.inWidth * outs;
    for (int first = 0; first < tiles.rows; first += tiles.rowsAtOnce) {
      const int end = least(tiles.rows, first + tiles.rowsAtOnce);
      float* tile = transformed;
      for (int row = first; row < end; row++)
        for (int column = 0; column < tiles.columns; column++, tile += kPositions * ins)
          inputTile(source, g.outHeight, g.outWidth, ins, 2 * row - up, 2 * column - before, tile, ins);
      const int now = (end - first) * tiles.columns;
      for (long o = 0; o < outs; o += W) {
        const float* filterBlock = filters + o * kPositions * ins;
        int row = first, column = 0;
        for (int t = 0; t < now; t += kTilesAtOnce) {
          constexpr long rowApart = 2 * kTilesAtOnce * W;
          alignas(64) float sums[4 * rowApart];
          const int together = least(kTilesAtOnce, now - t);
          for (int r = 0; r < 4; r++) {
            const float* a = transformed + (long(t) * kPositions + 4 * r) * ins;
            const float* b = filterBlock + 4 * r * ins * W;
            if (together == kTilesAtOnce) rowProducts<kTilesAtOnce>(a, ins, b, sums + r * rowApart);
            else for (int i = 0; i < together; i++) rowProducts<1>(a + i * kPositions * ins, ins, b, sums + r * rowApart + 2 * i * W);
          }
          for (int i = 0; i < together; i++) {
            float* pixel = target + (long(2 * row) * g.inWidth + 2 * column) * outs + o;
            outputTile(sums + 2 * i * W, rowApart, pixel, g.inWidth * outs, outs, 2 * row + 1 < g.inHeight, 2 * column + 1 < g.inWidth);
            if (++column == tiles.columns) column = 0, row++;
          }
        }
      }
    }
  });
  return true;
}

// ---- wgrad ----------------------------------------------------------------------------------------------------------------

namespace {

// A 2x2 piece of dy, zeros outside, as a filter of two.
inline void filterTile(const float* picture, int height, int width, long channels, int top, int left, float* out, long apart) {
  const Vf zero{};
  const bool below = top + 1 < height, beside = left + 1 < width;
  const float* p = picture + (long(top) * width + left) * channels;
  const Vf a = load(p), b = beside ? load(p + channels) : zero;
  const Vf c = below ? load(p + width * channels) : zero, d = below && beside ? load(p + (width + 1) * channels) : zero;
  const Vf half = all(0.5f);
  const Vf left4[4] = {a, half * (a + c), half * (a - c), c}, right4[4] = {b, half * (b + d), half * (b - d), d};
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) {
    store(out + 4 * r * apart, left4[r]);
    store(out + (4 * r + 1) * apart, half * (left4[r] + right4[r]));
    store(out + (4 * r + 2) * apart, half * (left4[r] - right4[r]));
    store(out + (4 * r + 3) * apart, right4[r]);
  }
}

// total[channel][W] += sum over tiles of a[tile][channel] b[tile][W], kRegisters channels.
inline void outerProducts(const float* a, long aStep, const float* b, long bStep, int tiles, float* total, long totalStep) {
  Vf sums[kRegisters];
  for (int c = 0; c < kRegisters; c++) sums[c] = Vf{};
  for (int t = 0; t < tiles; t++) {
    const Vf row = load(b + t * bStep);
#pragma GCC unroll 16
    for (int c = 0; c < kRegisters; c++) sums[c] = fused(all(a[t * aStep + c]), row, sums[c]);
  }
  for (int c = 0; c < kRegisters; c++) store(total + c * totalStep, load(total + c * totalStep) + sums[c]);
}

// From the sums at the 16 positions to the nine of the filter, for one channel and W outputs.
inline void filterOutput(const float* totals, long apart, float* dfilter, long tapStep) {
  Vf rows[3][4];
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    const Vf a = load(totals + c * apart), b = load(totals + (4 + c) * apart), d = load(totals + (8 + c) * apart);
    const Vf e = load(totals + (12 + c) * apart);
    rows[0][c] = a + b + d;
    rows[1][c] = b - d;
    rows[2][c] = b + d - e;
  }
  for (int r = 0; r < 3; r++) {
    const Vf* m = rows[r];
    store(dfilter + 3 * r * tapStep, m[0] + m[1] + m[2]);
    store(dfilter + (3 * r + 1) * tapStep, m[1] - m[2]);
    store(dfilter + (3 * r + 2) * tapStep, m[1] + m[2] - m[3]);
  }
}

}  // namespace

bool winogradFilterGradient(int threads, const float* x, const float* dy, float* dfilter, const Geometry& g) {
  // With fewer channels the transforms cost what the products save.
  if (!isPlain(g) || g.inChannels < 32 || g.outChannels < 32) return false;
  const long ins = g.inChannels, outs = g.outChannels;
  const Tiles tiles = tilesOf(g.outHeight, g.outWidth, 16);
  const int slices = least(g.batch, 8);  // of the batch, with sums of their own
  const long size = kPositions * ins * outs;
  const Scratch<float> scratch(slices * size);
  float* totals = scratch;
  tasks(threads, slices, g.batch / slices * 8L * g.outHeight * g.outWidth * ins * outs, [&](long slice) {
    const long count = tiles.most();
    const long inApart = apart(count * ins), outApart = apart(count * outs);
    const Scratch<float> transformed(kPositions * inApart);
    const Scratch<float> gradients(kPositions * outApart);
    float* total = totals + slice * size;
    memset(total, 0, size * sizeof(float));
    for (long n = g.batch * slice / slices; n < g.batch * (slice + 1) / slices; n++) {
      const float* source = x + n * g.inHeight * g.inWidth * ins;
      const float* gradient = dy + n * g.outHeight * g.outWidth * outs;
      for (int first = 0; first < tiles.rows; first += tiles.rowsAtOnce) {
        const int end = least(tiles.rows, first + tiles.rowsAtOnce);
        float *piece = transformed, *tile = gradients;
        for (int row = first; row < end; row++) {
          for (int column = 0; column < tiles.columns; column++, piece += ins, tile += outs) {
            inputTile(source, g.inHeight, g.inWidth, ins, 2 * row - g.padTop, 2 * column - g.padLeft, piece, inApart);
            for (long o = 0; o < outs; o += W)
              filterTile(gradient + o, g.outHeight, g.outWidth, outs, 2 * row, 2 * column, tile + o, outApart);
          }
        }
        const int now = (end - first) * tiles.columns;
        for (int p = 0; p < kPositions; p++)
          for (long k = 0; k < ins; k += kRegisters)
            for (long o = 0; o < outs; o += W)
              outerProducts(transformed + p * inApart + k, ins, gradients + p * outApart + o, outs, now, total + (p * ins + k) * outs + o, outs);
      }
    }
  });
  split(threads, ins, 30 * outs, 1, [=](long from, long to) {
    for (long k = from; k < to; k++) {
      for (long o = 0; o < outs; o += W) {
        for (long slice = 1; slice < slices; slice++) {
          for (int p = 0; p < kPositions; p++) {
            float* sum = totals + (p * ins + k) * outs + o;
            store(sum, load(sum) + load(sum + slice * size));
          }
        }
        filterOutput(totals + k * outs + o, ins * outs, dfilter + k * outs + o, ins * outs);
      }
    }
  });
  return true;
}

}  // namespace surge::SURGE_ISA
