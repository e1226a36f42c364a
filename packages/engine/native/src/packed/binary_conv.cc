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

// Which taps of each pixel of a strip lie outside the picture, where their weights have to be taken off the sums.
class Outside {
 public:
  Outside(const Window& w, const Strip& strip, bool any)
      : begins_(any ? strip.rows * w.outWidth + 1 : 0), taps_(any ? strip.rows * w.outWidth * w.taps() : 0), any_(any) {
    if (!any) return;
    int32_t* begin = begins_;
    int32_t count = 0;
    for (long y = strip.y; y < strip.y + strip.rows; y++) {
      for (int x = 0; x < w.outWidth; x++) {
        *begin++ = count;
        const Look look(w, int(y), x);
        if (look.seesAll(w)) continue;
        for (int ky = 0; ky < w.filterHeight; ky++) {
          const bool row = ky >= look.firstRow && ky < look.endRow;
          for (int kx = 0; kx < w.filterWidth; kx++)
            if (!row || kx < look.firstColumn || kx >= look.endColumn) taps_[count++] = ky * w.filterWidth + kx;
        }
      }
    }
    *begin = count;
  }

  // Takes the sums of those taps' weights off P pixels. `sums` has those of the first tap for W filters, `tapBytes` before the next tap's.
  template <int P>
  void takeOff(long pixel, const char* sums, long tapBytes, Vi (&v)[P]) const {
    if (!any_ || begins_[pixel] == begins_[pixel + P]) return;
#pragma GCC unroll 8
    for (int p = 0; p < P; p++)
      for (int32_t i = begins_[pixel + p]; i < begins_[pixel + p + 1]; i++) v[p] -= loadInts(sums + taps_[i] * tapBytes);
  }

 private:
  Scratch<int32_t> begins_, taps_;
  bool any_;
};

}  // namespace

void binaryConv(Record record, const Strip& strip, const Sink& sink) {
  const Parameters s(record);
  const Window& w = s.window;
  const char* x = strip.whole(record.in());
  const long pixels = strip.rows * w.outWidth;
  const long blocks = (s.filters + kBitLanes - 1) / kBitLanes, blockBytes = long(kBitLanes) * s.rowBytes;
  const long tapBytes = 4L * s.groups * s.filters;
  const Outside outside(w, strip, s.tapSums != 0);
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
          const Vi start = loadInts(strip.memory + s.starts + 4L * c);
          Vi d[P];
#pragma GCC unroll 8
          for (int p = 0; p < P; p++) d[p] = s.factor < 0 ? start - (n[i][p] + n[i][p]) : start + n[i][p];
          outside.takeOff(first, strip.memory + s.tapSums + 4L * c, tapBytes, d);
          take(sink, first, c, valid, d);
        }
      });
    }
  }
}

}  // namespace surge::SURGE_ISA
