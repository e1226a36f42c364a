// Layers of int8: numbers to integers from -127 to 127, and their exact sums (packages/runtime/src/kernels/int8.ts).
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
        kernel(r.address(kWindowWords + 3)),
        scale(r.address(kWindowWords + 4)),
        bias(r.address(kWindowWords + 5)),
        gathered(r.address(kWindowWords + 6)),
        gatheredThread(r.address(kWindowWords + 7)) {}

  Window window;
  // Channels and filters of one group.
  int channels, filters, groups;
  uint32_t kernel, scale, bias, gathered, gatheredThread;

  // Two numbers that a window sees of a group; of an odd count the last has a zero.
  long pairs() const { return (long(window.taps()) * channels + 1) / 2; }
};

// What the windows of a strip see of one group, as int16, outside 0.
void gather(const Parameters& s, const char* x, const Strip& strip, int group, int16_t* to) {
  const Window& w = s.window;
  const long all = long(s.channels) * s.groups;
  for (long y = strip.y; y < strip.y + strip.rows; y++) {
    for (int ox = 0; ox < w.outWidth; ox++, to += 2 * s.pairs()) {
      memset(to, 0, size_t(4 * s.pairs()));
      const Look look(w, int(y), ox);
      for (int ky = look.firstRow; ky < look.endRow; ky++) {
        for (int kx = look.firstColumn; kx < look.endColumn; kx++) {
          const char* pixel = x + look.pixel(w, ky, kx) * all + long(group) * s.channels;
          int16_t* tap = to + (long(ky) * w.filterWidth + kx) * s.channels;
          for (int c = 0; c < s.channels; c++) tap[c] = int8_t(pixel[c]);
        }
      }
    }
  }
}

// out[l] = fround(fround(scale sum) + bias) of W filters.
void sumPairs(const int16_t* seen, const int8_t* weights, long pairs, const float* scale, const float* bias, float* out) {
  int32_t sums[W] = {};
  for (long k = 0; k < pairs; k++, weights += 2 * W) {
    const int32_t a = seen[2 * k], b = seen[2 * k + 1];
    for (int l = 0; l < W; l++) sums[l] += a * weights[2 * l] + b * weights[2 * l + 1];
  }
  for (int l = 0; l < W; l++) {
    const float scaled = scale[l] * float(sums[l]);
    out[l] = bias ? scaled + bias[l] : scaled;
  }
}

}  // namespace

void quantize(Record record, const Strip& strip) {
  const char* x = strip.at(record.in());
  char* out = strip.at(record.out());
  const long row = record.word(0), count = strip.rows * row;
  const bool integers = record.word(1) != 0;
  const float factor = record.number(2);
  for (long i = 0; i < count; i++) {
    int32_t bits;
    memcpy(&bits, x + 4 * i, sizeof bits);
    float number;
    if (integers) number = float(bits);
    else memcpy(&number, &bits, sizeof number);
    const float scaled = factor * number;
    if (scaled != scaled) {
      report(strip.status, record.node(), strip.y * row + i);
      out[i] = 0;
      continue;
    }
    const float limited = scaled < -127 ? -127 : scaled > 127 ? 127 : scaled;
    // Around 1.5 * 2^52 doubles lie 1 apart, so the sum rounds to an integer, ties to even.
    out[i] = char(int8_t(int32_t(double(limited) + 6755399441055744.0 - 6755399441055744.0)));
  }
}

void int8Conv(Record record, const Strip& strip) {
  const Parameters s(record);
  const char* x = strip.whole(record.in());
  char* out = strip.at(record.out());
  auto* seen = reinterpret_cast<int16_t*>(strip.copy(s.gathered, s.gatheredThread));
  const long pixels = strip.rows * s.window.outWidth, pairs = s.pairs();
  const long blocks = (s.filters + W - 1) / W;
  const size_t step = 4 * size_t(s.groups) * s.filters;
  for (int group = 0; group < s.groups; group++) {
    gather(s, x, strip, group, seen);
    for (long block = 0; block < blocks; block++) {
      const long first = long(group) * s.filters + block * W;
      const int count = least(W, int(s.filters - block * W));
      const auto* weights = reinterpret_cast<const int8_t*>(strip.memory + s.kernel) + (group * blocks + block) * pairs * 2 * W;
      // A last block reads beyond its filters; so may every place in a program's memory be.
      const auto* scale = reinterpret_cast<const float*>(strip.memory + s.scale) + first;
      const auto* bias = s.bias ? reinterpret_cast<const float*>(strip.memory + s.bias) + first : nullptr;
      for (long p = 0; p < pixels; p++) {
        float sums[W];
        sumPairs(seen + 2 * pairs * p, weights, pairs, scale, bias, sums);
        memcpy(out + size_t(p) * step + 4 * first, sums, 4 * size_t(count));
      }
    }
  }
}

}  // namespace surge::SURGE_ISA
