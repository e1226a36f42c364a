// Binary convolution: packages/runtime/src/kernels/binary-conv.ts derives the sums, d = start + factor * popcount(x ^ w). The windows of
// a strip are gathered as rows of bits; then each block of filters meets all of them, eight pixels at a time.
#include "kernels/scratch.h"
#include "packed/bit_products.h"
#include "packed/gather_bits.h"
#include "packed/ops.h"
#include "packed/taps.h"

namespace surge::SURGE_ISA {
namespace {

struct Parameters {
  explicit Parameters(Record r)
      : window(r.window()),
        channels(r.word(kWindowWords)),
        filters(r.word(kWindowWords + 1)),
        groups(r.word(kWindowWords + 2)),
        pixelBytes(r.word(kWindowWords + 3)),
        rowBytes(r.word(kWindowWords + 4)),
        kernel(r.address(kWindowWords + 5)),
        starts(r.address(kWindowWords + 6)),
        factor(r.word(kWindowWords + 7)),
        tapSums(r.address(kWindowWords + 8)),
        setOutside(r.word(kWindowWords + 9) != 0),
        gathered(r.address(kWindowWords + 10)),
        gatheredThread(r.address(kWindowWords + 11)) {}

  Window window;
  // Channels and filters of one group.
  int channels, filters, groups, pixelBytes, rowBytes;
  uint32_t kernel, starts;
  int factor;
  uint32_t tapSums;
  bool setOutside;
  uint32_t gathered, gatheredThread;
};

// The starts of each pixel's sums, for all filters. Where a window leaves a picture that is padded with 0, the weights of its taps outside
// have to come off again; such starts are made anew for each strip, once for neighbours that see the same taps.
class Starts {
 public:
  Starts(const Parameters& s, const Strip& strip)
      : starts_(strip.rows * s.window.outWidth), made_(s.tapSums ? strip.rows * s.window.outWidth * filtersOf(s) + W : 0) {
    const Window& w = s.window;
    const char* whole = strip.memory + s.starts;
    char* next = reinterpret_cast<char*>(static_cast<int32_t*>(made_));
    for (long i = 0; i < strip.rows * w.outWidth; i++) {
      starts_[i] = whole;
      if (!s.tapSums) continue;
      const int column = int(i % w.outWidth);
      const Look look(w, int(strip.y + i / w.outWidth), column);
      if (look.seesAll(w)) continue;
      if (column > 0 && look.seesAs(Look(w, int(strip.y + i / w.outWidth), column - 1))) {
        starts_[i] = starts_[i - 1];
        continue;
      }
      make(s, strip.memory, look, next);
      starts_[i] = next;
      next += 4 * filtersOf(s);
    }
  }

  const char* operator[](long pixel) const { return starts_[pixel]; }

 private:
  // Of all groups, and as many as whole vectors have.
  static long filtersOf(const Parameters& s) { return (long(s.groups) * s.filters + W - 1) / W * W; }

  static void make(const Parameters& s, const char* memory, const Look& look, char* to) {
    const Window& w = s.window;
    const long tapBytes = 4L * s.groups * s.filters;
    for (long at = 0; at < tapBytes; at += sizeof(Vi)) {
      Vi start = loadInts(memory + s.starts + at);
      for (int ky = 0; ky < w.filterHeight; ky++) {
        for (int kx = 0; kx < w.filterWidth; kx++)
          if (!look.sees(ky, kx)) start -= loadInts(memory + s.tapSums + (ky * w.filterWidth + kx) * tapBytes + at);
      }
      memcpy(to + at, &start, sizeof start);
    }
  }

  Scratch<const char*> starts_;
  Scratch<int32_t> made_;
};

}  // namespace

void binaryConv(Record record, const Strip& strip, const Sink& sink) {
  const Parameters s(record);
  const Window& w = s.window;
  const char* x = strip.whole(record.in());
  const long pixels = strip.rows * w.outWidth;
  const long blocks = (s.filters + kBitLanes - 1) / kBitLanes, blockBytes = long(kBitLanes) * s.rowBytes;
  const Starts starts(s, strip);
  // Where each window is one pixel of whole words, the picture itself is what they see.
  const bool inPlace = s.groups == 1 && s.channels % 32 == 0 && w.seesItself(strip.y + strip.rows);
  char* gathered = strip.copy(s.gathered, s.gatheredThread);
  const char* rows = inPlace ? x + strip.y * w.inWidth * s.pixelBytes : gathered;
  for (int group = 0; group < s.groups; group++) {
    if (!inPlace) gatherBits({x, s.pixelBytes, s.channels, group * s.channels, s.setOutside}, w, strip.y, strip.rows, gathered);
    for (long block = 0; block < blocks; block++) {
      const char* weights = strip.memory + s.kernel + (group * blocks + block) * blockBytes;
      eachTile(pixels, [&](auto tile, long first) {
        constexpr int P = decltype(tile)::value;
        Vi n[kBitLanes / W][P];
        countDifferences(rows + first * s.rowBytes, s.rowBytes, weights, s.rowBytes, n);
#pragma GCC unroll 4
        for (int i = 0; i < kBitLanes / W; i++) {
          const int filter = int(block) * kBitLanes + i * W, valid = least(W, s.filters - filter);
          if (valid <= 0) break;
          const int c = group * s.filters + filter;
          Vi d[P];
#pragma GCC unroll 8
          for (int p = 0; p < P; p++) d[p] = loadInts(starts[first + p] + 4L * c) + (s.factor < 0 ? -2 * n[i][p] : n[i][p]);
          take(sink, first, c, valid, d);
        }
      });
    }
  }
}

}  // namespace surge::SURGE_ISA
