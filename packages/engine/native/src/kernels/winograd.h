// Winograd's minimal filtering (Lavin & Gray, arXiv 1509.09308; Toom and Cook's products of polynomials) for 3x3 filters with stride 1:
// 36 products instead of 144 for a tile of 4x4 pixels. winograd_input.cc and winograd_filter.cc have the two products of training, of both
// branches of a binary layer at once; minimal_gradients.cc puts them together.
//
// In one dimension, from inputs d0..d5 and a filter g of three (four outputs) or of four (three outputs), y[j] = sum over i of d[j + i] g[i]:
//   y = A^T (B^T d * N G g)
// The points p of G and A are 0, a, -a, b, -b and infinity with a = 5/8 and b = 3/2: exact in binary, and of such points among those with
// the least error in float32.
//   G[p] = (1, p, p^2, ..), at infinity (0, .., 0, 1): the filter as a polynomial, evaluated;   A = G with as many columns as outputs;
//   B^T[p] = the coefficients of the product of (z - q) over all finite points q but p, at infinity over all of them;
//   N[p] = 1 / product of (p - q) over the same q, at infinity 1.
// Pairs of points share their even and their odd powers, so with P(z) = (z^2 - a^2)(z^2 - b^2) = z^4 - (a^2 + b^2) z^2 + a^2 b^2
//   B^T d = (P at d0, even + a odd, even - a odd, .. with a and b swapped, P at d1)   even = d4 - b^2 d2, odd = d3 - b^2 d1
//   N = 1 / (a^2 b^2),  1 / (2 a^2 (a^2 - b^2)) twice,  1 / (2 b^2 (b^2 - a^2)) twice,  1
//
// In two dimensions the transforms are applied to columns and then to rows; the 36 products become 36 matrix products over channels.
#pragma once
#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA::winograd {

constexpr int kSide = 6;    // of a piece of the input
constexpr int kPixels = 4;  // of a tile: the piece of what is not the input
constexpr int kPositions = kSide * kSide;
constexpr float kA = 0.625f, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB;
constexpr float kNormZero = float(1. / (double(kA2) * kB2));
constexpr float kNormA = float(0.5 / (double(kA2) * (double(kA2) - kB2))), kNormB = float(0.5 / (double(kB2) * (double(kB2) - kA2)));
constexpr long kMostFilters = 64L * 128;  // their transforms would leave the caches beyond

constexpr int kFewestChannels = 16;  // with fewer the transforms cost what the products save

inline bool applies(const Geometry& g) {
  return g.filterHeight == 3 && g.filterWidth == 3 && g.strideHeight == 1 && g.strideWidth == 1 && g.dilationHeight == 1 &&
         g.dilationWidth == 1 && g.groups == 1 && g.inChannels % W == 0 && g.outChannels % W == 0 &&
         g.inChannels >= kFewestChannels && g.outChannels >= kFewestChannels && g.inputs() > 0 && g.outputs() > 0 &&
         long(g.inChannels) * g.outChannels <= kMostFilters;
}

constexpr int kLongestRun = 16;

// All pictures' tiles, row by row, in runs of neighbours; a few runs at a time go through the matrix products together, at most `kTiles`
// tiles. Transformed pieces and their products lie in panels [position][tile][W channels], whose steps the compiler knows.
template <int kTiles>
struct Runs {
  static_assert(kTiles >= kLongestRun);
  static constexpr long kStep = kTiles * W + 3 * 16;  // position to position: not a power of two, or they would share a few sets of the cache
  static constexpr long kPanel = (kPositions + 1) * kStep;  // with room for one position more

  int rows, columns;   // of tiles in a picture
  int perRow, length;  // runs in a row of tiles, tiles in a run
  long count, together;
  long chunks() const { return (count + together - 1) / together; }

  Runs(long batch, int height, int width) {
    rows = (height + kPixels - 1) / kPixels, columns = (width + kPixels - 1) / kPixels;
    perRow = (columns + kLongestRun - 1) / kLongestRun;
    length = (columns + perRow - 1) / perRow;
    count = batch * rows * perRow;
    together = kTiles / length;
  }
};

// One of them.
struct Run {
  long picture;
  int row, column, tiles;  // its first tile, and how many

  template <int kTiles>
  Run(const Runs<kTiles>& all, long index)
      : picture(index / all.perRow / all.rows), row(index / all.perRow % all.rows), column(index % all.perRow * all.length),
        tiles(least(all.length, all.columns - column)) {}
};

// a + factor b.
inline Vf plus(Vf a, float factor, Vf b) { return fused(all(factor), b, a); }

// A vector in a register: GCC would rather read it again for each of its uses, and reads are what the transforms wait for.
inline Vf once(const float* p) {
  Vf v = load(p);
#if defined(__AVX512F__)
  asm("" : "+v"(v));
#elif defined(__SSE2__)
  asm("" : "+x"(v));
#endif
  return v;
}

// -1 where v < 0, else 1.
inline Vf signOf(Vf v) { return v < Vf{} ? all(-1) : all(1); }

// B^T d.
inline void transformInput(const Vf (&d)[kSide], Vf (&m)[kSide]) {
  const Vf evenA = plus(d[4], -kB2, d[2]), oddA = plus(d[3], -kB2, d[1]);
  const Vf evenB = plus(d[4], -kA2, d[2]), oddB = plus(d[3], -kA2, d[1]);
  m[0] = plus(plus(d[4], kA2 * kB2, d[0]), -(kA2 + kB2), d[2]);
  m[1] = plus(evenA, kA, oddA), m[2] = plus(evenA, -kA, oddA);
  m[3] = plus(evenB, kB, oddB), m[4] = plus(evenB, -kB, oddB);
  m[5] = plus(plus(d[5], kA2 * kB2, d[1]), -(kA2 + kB2), d[3]);
}

// Scattered stores wait for their lines one after another unless these have been asked for; nor does the processor foresee where the next
// row of tiles is read, whose lines are asked for into the second-level cache. Neither has to be there.
inline void ahead(const float* p) { __builtin_prefetch(p, 1); }
inline void soon(const float* p) { __builtin_prefetch(p, 0, 2); }

// Transforms the pieces of a run of tiles, or of their signs, the first from (top, left) of the picture on, zeros outside: the rows of
// positions from `first` on, to [position][tile] of a panel for every W channels. Neighbouring pieces share two columns, which are
// transformed once.
template <class Panels, int first, int rows, bool signs>
inline void transformPieces(const float* picture, int height, int width, long channels, int top, int left, int tiles, float* out) {
  alignas(64) static constexpr float zeros[W] = {};
  alignas(64) float columns[rows][(kPixels * kLongestRun + 2) * W];
  const int count = kPixels * tiles + 2;
  const int from = least(count, most(0, -left)), to = most(from, least(count, width - left));  // columns of the picture
  const long rowStep = width * channels;
  for (long k = 0; k < channels; k += W, out += Panels::kPanel) {
    const float* sources[kSide];
    long steps[kSide];
    Vi present[kSide];  // all bits in the picture, none outside
    for (int r = 0; r < kSide; r++) {
      const bool there = top + r >= 0 && top + r < height;
      sources[r] = there ? picture + (top + r) * rowStep + (left + from) * channels + k : zeros;
      steps[r] = there ? channels : 0;
      present[r] = there ? ~Vi{} : Vi{};
    }
    const float* below = picture + (top + kSide) * rowStep + (left + from) * channels + k;  // of the next row of tiles
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < from; c++) store(columns[r] + c * W, Vf{});
      for (int c = to; c < count; c++) store(columns[r] + c * W, Vf{});
    }
    for (int c = from; c < to; c++, below += channels) {
      Vf d[kSide], m[kSide];
#pragma GCC unroll 6
      for (int r = 0; r < kSide; r++) {
        const Vf v = once(sources[r]);
        d[r] = signs ? (Vf)((Vi)signOf(v) & present[r]) : v;
        sources[r] += steps[r];
      }
#pragma GCC unroll 4
      for (int r = 0; r < kPixels; r++) soon(below + r * rowStep);
      transformInput(d, m);
#pragma GCC unroll 6
      for (int r = 0; r < rows; r++) store(columns[r] + c * W, m[first + r]);
    }
    for (int r = 0; r < rows; r++) {
      float* target = out + r * kSide * Panels::kStep;
      for (int t = 0; t < tiles; t++) {
        Vf d[kSide], m[kSide];
#pragma GCC unroll 6
        for (int c = 0; c < kSide; c++) d[c] = once(columns[r] + (kPixels * t + c) * W);
        transformInput(d, m);
#pragma GCC unroll 6
        for (int c = 0; c < kSide; c++) {
          store(target + c * Panels::kStep + t * W, m[c]);
          ahead(target + (kSide + c) * Panels::kStep + t * W);
        }
      }
    }
  }
}

// winograd_input.cc, in one thread but for the filters:
// The turned filters, or their signs, transformed: [position][block of W input channels][output channel][W].
void transformFilters(int threads, const float* filter, bool signs, const Geometry& g, float* out);
// gb = s(x) (dy * binary filters), ga = dy * real filters unless it is null, and what they measure.
BranchSums inputGradients(const float* dy, const float* x, const float* binaryFilters, const float* realFilters, Surrogate surrogate, float* gb,
                          float* ga, const Geometry& g);

// winograd_filter.cc, in one thread but for the output:
// binary[position][in][out] (+)= the sums over all tiles of sign(x) and dy, real of x and dy unless it is null.
void addFilterSums(const float* x, const float* dy, bool add, float* binary, float* real, const Geometry& g);
// Twelve of the 36 positions.
void addThirdOfFilterSums(int third, const float* x, const float* dy, bool add, float* binary, float* real, const Geometry& g);
// The sums of all slices together, transformed back. The first slice is lost.
void outputFilters(int threads, float* sums, long slices, float* dfilter, const Geometry& g);

}  // namespace surge::SURGE_ISA::winograd
