// Float convolution with weights of signs, which stay bits: packages/runtime/assembly/sign-weight-conv.ts has the layout, and why the results are
// those of a convolution with 1.0 and -1.0, bit for bit.
#include "packed/float_parameters.h"
#include "packed/gather_floats.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {
namespace {

// Filters in a block, a bit of a byte each.
constexpr int kBlock = 8;

// One pixel with the filters of a block.
template <class T>
void addUp(const Seen<T>& seen, const T* numbers, const uint8_t* weights, const float* bias, float (&out)[kBlock]) {
  T sums[kBlock] = {};
  for (long run = 0; run < seen.runs; run++, numbers += seen.runStep, weights += seen.runLength)
    for (long k = 0; k < seen.runLength; k++)
      for (int l = 0; l < kBlock; l++) sums[l] += weights[k] >> l & 1 ? -numbers[k] : numbers[k];
  for (int l = 0; l < kBlock; l++) out[l] = float(bias ? sums[l] + T(bias[l]) : sums[l]);
}

template <class T>
void convolve(const FloatParameters& s, const char* x, const Strip& strip, char* out) {
  const Window& w = s.window;
  const FloatPicture picture{x, s.integers, s.channels, s.groups, s.padValue};
  auto* gathered = reinterpret_cast<T*>(strip.copy(s.gathered, s.gatheredThread));
  const long count = s.numbers(), blocks = (s.filters + kBlock - 1) / kBlock;
  const size_t pixelBytes = 4 * size_t(s.groups) * s.filters;
  for (int group = 0; group < s.groups; group++) {
    const Seen<T> seen = gatherFloats(picture, w, strip.y, strip.rows, group, gathered);
    for (long block = 0; block < blocks; block++) {
      const long first = long(group) * s.filters + block * kBlock;
      const size_t valid = size_t(least(kBlock, int(s.filters - block * kBlock)));
      const auto* weights = reinterpret_cast<const uint8_t*>(strip.memory + s.kernel) + (group * blocks + block) * count;
      float bias[kBlock] = {};
      if (s.bias) memcpy(bias, strip.memory + s.bias + 4 * first, 4 * valid);
      for (long y = 0; y < strip.rows; y++) {
        for (long column = 0; column < w.outWidth; column++) {
          float sums[kBlock];
          addUp(seen, seen.rows + y * seen.rowStep + column * seen.pixelStep, weights, s.bias ? bias : nullptr, sums);
          memcpy(out + size_t(y * w.outWidth + column) * pixelBytes + 4 * first, sums, 4 * valid);
        }
      }
    }
  }
}

}  // namespace

void signWeightConv(Record record, const Strip& strip) {
  const FloatParameters s(record);
  const char* x = strip.whole(record.in());
  char* out = strip.at(record.out());
  if (s.exact) convolve<double>(s, x, strip, out);
  else convolve<float>(s, x, strip, out);
}

}  // namespace surge::SURGE_ISA
