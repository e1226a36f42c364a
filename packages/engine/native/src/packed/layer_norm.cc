// Layer norm of packages/runtime/src/kernels/layer-norm.ts: some positions side by side, whose sums do not wait for each other.
#include "packed/numbers.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {
namespace {

struct Norm {
  long channels;
  bool integers;
  const char *gamma, *beta;
  double epsilon;
};

template <bool integers>
void normalise(const char* x, char* out, const Norm& norm, double mean, double squares) {
  const double factor = 1 / __builtin_sqrt(squares / double(norm.channels) + norm.epsilon);
  for (long at = 0; at < 4 * norm.channels; at += 4) {
    const double scaled = (numberAt(x + at, integers) - mean) * factor * numberAt(norm.gamma + at, false);
    putNumber(out + at, scaled + numberAt(norm.beta + at, false));
  }
}

// P positions.
template <int P, bool integers>
void positions(const char* x, char* out, const Norm& norm) {
  const long row = 4 * norm.channels;
  double mean[P] = {}, squares[P] = {};
  for (long at = 0; at < row; at += 4)
    for (int p = 0; p < P; p++) mean[p] += numberAt(x + p * row + at, integers);
  for (int p = 0; p < P; p++) mean[p] /= double(norm.channels);
  for (long at = 0; at < row; at += 4)
    for (int p = 0; p < P; p++) {
      const double d = numberAt(x + p * row + at, integers) - mean[p];
      squares[p] += d * d;
    }
  for (int p = 0; p < P; p++) normalise<integers>(x + p * row, out + p * row, norm, mean[p], squares[p]);
}

template <bool integers>
void allPositions(const char* x, char* out, const Norm& norm, long count) {
  const long row = 4 * norm.channels;
  for (; count >= 8; count -= 8, x += 8 * row, out += 8 * row) positions<8, integers>(x, out, norm);
  for (; count > 0; count--, x += row, out += row) positions<1, integers>(x, out, norm);
}

}  // namespace

void layerNorm(Record record, const Strip& strip) {
  const char* x = strip.at(record.in());
  char* out = strip.at(record.out());
  const long count = strip.rows * record.word(0);
  const bool integers = record.word(2) != 0;
  const Norm norm{record.word(1), integers, strip.memory + record.address(3), strip.memory + record.address(4), record.number(5)};
  if (integers) allPositions<true>(x, out, norm, count);
  else allPositions<false>(x, out, norm, count);
}

}  // namespace surge::SURGE_ISA
