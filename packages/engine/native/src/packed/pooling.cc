// Largest and mean of what a window sees of the picture.
#include "packed/ops.h"
#include "packed/taps.h"

namespace surge::SURGE_ISA {
namespace {

// Vectors of a pixel that are computed together: they lie side by side, and their sums do not wait for each other.
constexpr int kTogether = 4;

// What G vectors of channels come to in each window: a Result is added to for every tap inside, row by row. `x` is the first of the
// picture's pixels, from those channels on.
template <int G, class Result, int P>
inline void poolVectors(const Window& w, const Look (&looks)[P], const char* x, long pixelBytes, Result start, Vi (&out)[kTogether][P]) {
  for (int p = 0; p < P; p++) {
    const Look& look = looks[p];
    Result results[G];
    for (int g = 0; g < G; g++) results[g] = start;
    for (int ky = look.firstRow; ky < look.endRow; ky++) {
      const char* pixel = x + look.pixel(w, ky, look.firstColumn) * pixelBytes;
      for (int kx = look.firstColumn; kx < look.endColumn; kx++, pixel += w.dilationWidth * pixelBytes) {
#pragma GCC unroll 4
        for (int g = 0; g < G; g++) results[g].add(loadInts(pixel + g * sizeof(Vi)));
      }
    }
    for (int g = 0; g < G; g++) out[g][p] = results[g].done(look);
  }
}

template <class Result>
void pool(const Window& w, int channels, const char* x, const Strip& strip, const Sink& sink, Result start) {
  const long pixelBytes = 4L * channels;
  eachTile(strip.rows * w.outWidth, [&](auto tile, long first) {
    constexpr int P = decltype(tile)::value;
    Look looks[P];
    for (int p = 0; p < P; p++) looks[p] = Look(w, int(strip.y + (first + p) / w.outWidth), int((first + p) % w.outWidth));
    for (int c = 0; c < channels; c += kTogether * W) {
      const int vectors = least(kTogether, (channels - c + W - 1) / W);
      Vi v[kTogether][P];
      if (vectors == kTogether) {
        poolVectors<kTogether>(w, looks, x + 4L * c, pixelBytes, start, v);
      } else {
        for (int g = 0; g < vectors; g++) {
          Vi one[kTogether][P];
          poolVectors<1>(w, looks, x + 4L * (c + g * W), pixelBytes, start, one);
          for (int p = 0; p < P; p++) v[g][p] = one[0][p];
        }
      }
      for (int g = 0; g < vectors; g++) take(sink, first, c + g * W, least(W, channels - c - g * W), v[g]);
    }
  });
}

struct LargestInt {
  Vi largest = INT32_MIN - Vi{};
  void add(Vi v) { largest = v > largest ? v : largest; }
  Vi done(const Look&) const { return largest; }
};

// A NaN is the largest, and of two zeros the first.
struct LargestFloat {
  Vf largest = all(-__builtin_inff());
  void add(Vi bits) {
    const Vf v = (Vf)bits;
#if defined(__AVX512F__)
    const __mmask16 taken = _mm512_cmp_ps_mask(v, largest, _CMP_GT_OQ) | _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    largest = _mm512_mask_mov_ps(largest, taken, v);
#else
    largest = (Vf)(((v > largest) | (v != v)) ? (Vi)v : (Vi)largest);
#endif
  }
  Vi done(const Look&) const { return (Vi)largest; }
};

// Summed in f64, row by row, and rounded once. An i32 of an edge is a float32, too.
template <bool integers>
struct Mean {
  Vd low{}, high{};
  void add(Vi v) {
    const Vf f = integers ? toFloats(v) : (Vf)v;
    low += low64(f);
    high += high64(f);
  }
  Vi done(const Look& look) const {
    const Vd count = all64(double(look.endRow - look.firstRow) * (look.endColumn - look.firstColumn));
    float mean[W];
    store64(mean, low / count, high / count);
    return (Vi)load(mean);
  }
};

}  // namespace

void maxPool(Record record, const Strip& strip, const Sink& sink) {
  const Window w = record.window();
  const int channels = record.word(kWindowWords);
  const char* x = strip.whole(record.in());
  if (record.word(kWindowWords + 1)) pool(w, channels, x, strip, sink, LargestInt{});
  else pool(w, channels, x, strip, sink, LargestFloat{});
}

void averagePool(Record record, const Strip& strip, const Sink& sink) {
  const Window w = record.window();
  const int channels = record.word(kWindowWords);
  const char* x = strip.whole(record.in());
  if (record.word(kWindowWords + 1)) pool(w, channels, x, strip, sink, Mean<true>{});
  else pool(w, channels, x, strip, sink, Mean<false>{});
}

// The largest sign is -1, bit 1, only where all are; flipped channels are inverted before and after (packages/runtime/src/kernels/max-pool.ts).
void maxPoolBits(Record record, const Strip& strip) {
  const Window w = record.window();
  const int words = record.word(kWindowWords);
  const char* flips = strip.memory + record.address(kWindowWords + 1);
  const char* x = strip.whole(record.in());
  char* out = strip.at(record.out());
  for (long y = strip.y; y < strip.y + strip.rows; y++) {
    for (int ox = 0; ox < w.outWidth; ox++, out += 4L * words) {
      const Look look(w, int(y), ox);
      for (int i = 0; i < words; i++) {
        uint32_t flip, bits = ~0u;
        memcpy(&flip, flips + 4L * i, sizeof flip);
        for (int ky = look.firstRow; ky < look.endRow; ky++) {
          const char* pixel = x + (look.pixel(w, ky, look.firstColumn) * words + i) * 4L;
          for (int kx = look.firstColumn; kx < look.endColumn; kx++, pixel += 4L * w.dilationWidth * words) {
            uint32_t seen;
            memcpy(&seen, pixel, sizeof seen);
            bits &= seen ^ flip;
          }
        }
        bits ^= flip;
        memcpy(out + 4L * i, &bits, sizeof bits);
      }
    }
  }
}

}  // namespace surge::SURGE_ISA
