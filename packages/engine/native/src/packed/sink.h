// Where the results of an op go: through the row-wise records behind it, while they are in registers, and to memory where somebody else
// reads them. A tile is P pixels of one vector of channels; a link is one record.
#pragma once
#include "kernels/simd.h"
#include "packed/record.h"

namespace surge::SURGE_ISA {

// Most pixels of a tile: as many vectors go from function to function in registers.
constexpr int kTilePixels = 8;

struct Link {
  enum Kind : uint8_t { none, signBits, signFloats, threshold, affine, prelu, relu, clip, add, place };
  Kind kind = none;
  // What comes is i32, and what is added.
  bool integers = false, otherIntegers = false;
  // Per channel: a and b, alpha, thresholds and flips.
  const char *a = nullptr, *b = nullptr;
  // What is added; pixels lie as those of the tile do.
  const char* other = nullptr;
  float low = 0, high = 0;
  uint32_t complement = 0;
  int node = 0;
  // Numbers of the edge before this strip.
  int64_t before = 0;
  // Null: nobody reads it from memory. `step` bytes from pixel to pixel.
  char* out = nullptr;
  long step = 0;
};

// Whether the numbers behind a link are others than those before it; the other links make an edge beside them.
inline bool changesNumbers(Link::Kind kind) {
  return kind != Link::none && kind != Link::signBits && kind != Link::threshold && kind != Link::place;
}

struct Sink {
  static constexpr int kMost = 12;
  int channels = 0;
  int count = 0;
  char* status = nullptr;
  Link links[kMost];
};

// Takes a tile: the pixels from `pixel` of the strip on and the channels from `c` on, of which `valid` (at most W) exist; c is a multiple of
// W where bits are made. Vectors beyond P are not looked at.
template <int P>
void take(const Sink& sink, long pixel, int c, int valid, Vi v0, Vi v1, Vi v2, Vi v3, Vi v4, Vi v5, Vi v6, Vi v7);

extern template void take<1>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
extern template void take<2>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
extern template void take<3>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
extern template void take<4>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
extern template void take<5>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
extern template void take<6>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
extern template void take<7>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);
extern template void take<8>(const Sink&, long, int, int, Vi, Vi, Vi, Vi, Vi, Vi, Vi, Vi);

template <int P>
inline void take(const Sink& sink, long pixel, int c, int valid, const Vi (&v)[P]) {
  const auto at = [&](int p) { return p < P ? v[p < P ? p : 0] : Vi{}; };
  take<P>(sink, pixel, c, valid, at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
}

template <int N>
struct Pixels {
  static constexpr int value = N;
};

// f(Pixels<P>, first) over all pixels in tiles of nearly equal size: a last tile of one pixel would cost as much as one of eight.
template <class F>
inline void eachTile(long pixels, F f) {
  const long tiles = (pixels + kTilePixels - 1) / kTilePixels;
  for (long i = 0; i < tiles; i++) {
    const long first = pixels * i / tiles;
    switch (pixels * (i + 1) / tiles - first) {
      case 1: f(Pixels<1>{}, first); break;
      case 2: f(Pixels<2>{}, first); break;
      case 3: f(Pixels<3>{}, first); break;
      case 4: f(Pixels<4>{}, first); break;
      case 5: f(Pixels<5>{}, first); break;
      case 6: f(Pixels<6>{}, first); break;
      case 7: f(Pixels<7>{}, first); break;
      default: f(Pixels<8>{}, first);
    }
  }
}

// W numbers as they lie, whatever they are.
inline Vi loadInts(const char* p) {
  Vi v;
  memcpy(&v, p, sizeof v);
  return v;
}

inline Vf toFloats(Vi v) { return __builtin_convertvector(v, Vf); }

// Tells of a NaN at the sign of `node`, whose input has it at `index`: the first node in the order of computation counts, and its first NaN.
void report(char* status, int node, int64_t index);

}  // namespace surge::SURGE_ISA
