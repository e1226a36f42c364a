// Largest and mean of what a window sees of the picture.
#include "packed/ops.h"
#include "packed/taps.h"

namespace surge::SURGE_ISA {
namespace {

// f(look, c) gives the result of one pixel for W channels.
template <class F>
void pool(const Window& w, int channels, const Strip& strip, const Sink& sink, F f) {
  eachTile(strip.rows * w.outWidth, [&](auto tile, long first) {
    constexpr int P = decltype(tile)::value;
    Look looks[P];
    for (int p = 0; p < P; p++) looks[p] = Look(w, int(strip.y + (first + p) / w.outWidth), int((first + p) % w.outWidth));
    for (int c = 0; c < channels; c += W) {
      Vi v[P];
      for (int p = 0; p < P; p++) v[p] = f(looks[p], c);
      take(sink, first, c, least(W, channels - c), v);
    }
  });
}

// f(numbers of W channels) for all taps inside, row by row.
template <class F>
inline void eachTap(const Window& w, const Look& look, const char* x, long pixelBytes, int c, F f) {
  for (int ky = look.firstRow; ky < look.endRow; ky++) {
    const char* pixel = x + look.pixel(w, ky, look.firstColumn) * pixelBytes + 4L * c;
    for (int kx = look.firstColumn; kx < look.endColumn; kx++, pixel += w.dilationWidth * pixelBytes) f(loadInts(pixel));
  }
}

}  // namespace

// Of floats a NaN is the largest, and of two zeros the first.
void maxPool(Record record, const Strip& strip, const Sink& sink) {
  const Window w = record.window();
  const int channels = record.word(kWindowWords);
  const char* x = strip.whole(record.in());
  if (record.word(kWindowWords + 1)) {
    pool(w, channels, strip, sink, [&](const Look& look, int c) {
      Vi largest = INT32_MIN - Vi{};
      eachTap(w, look, x, 4L * channels, c, [&](Vi v) { largest = v > largest ? v : largest; });
      return largest;
    });
    return;
  }
  pool(w, channels, strip, sink, [&](const Look& look, int c) {
    Vf largest = all(-__builtin_inff());
    eachTap(w, look, x, 4L * channels, c, [&](Vi bits) {
      const Vf v = (Vf)bits;
      largest = (v > largest) | (v != v) ? v : largest;
    });
    return (Vi)largest;
  });
}

// Summed in f64, row by row, and rounded once.
void averagePool(Record record, const Strip& strip, const Sink& sink) {
  const Window w = record.window();
  const int channels = record.word(kWindowWords);
  const bool integers = record.word(kWindowWords + 1) != 0;
  const char* x = strip.whole(record.in());
  pool(w, channels, strip, sink, [&](const Look& look, int c) {
    Vd low{}, high{};
    eachTap(w, look, x, 4L * channels, c, [&](Vi v) {
      // An i32 of an edge is a float32, too.
      const Vf f = integers ? toFloats(v) : (Vf)v;
      low += low64(f);
      high += high64(f);
    });
    const Vd count = all64(double(look.endRow - look.firstRow) * (look.endColumn - look.firstColumn));
    float mean[W];
    store64(mean, low / count, high / count);
    return (Vi)load(mean);
  });
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
