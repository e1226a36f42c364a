// Ops in f64 from additions and multiplications alone, as packages/runtime/src/kernels/elementwise.ts has them, operation by operation.
#include "packed/exponential64.h"
#include "packed/numbers.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {

void sigmoid(Record record, const Strip& strip) {
  eachNumber(record, strip, [](double x) { return 1 / (1 + exponential64(-x)); });
}

void tanh(Record record, const Strip& strip) {
  eachNumber(record, strip, [](double x) {
    const double size = x < 0 ? -x : x;
    if (size < 1e-4) return x - (x * x * x) / 3;
    const double e = exponential64(-2 * size), value = (1 - e) / (1 + e);
    return x < 0 ? -value : value;
  });
}

// Over the channels of each position.
void softmax(Record record, const Strip& strip) {
  const char* x = strip.at(record.in());
  char* out = strip.at(record.out());
  const long positions = strip.rows * record.word(0), bytes = 4L * record.word(1);
  const bool integers = record.word(2) != 0;
  for (long p = 0; p < positions; p++, x += bytes, out += bytes) {
    double largest = -__builtin_inf(), sum = 0;
    for (long at = 0; at < bytes; at += 4) {
      const double value = numberAt(x + at, integers);
      if (value > largest) largest = value;
    }
    for (long at = 0; at < bytes; at += 4) sum += exponential64(numberAt(x + at, integers) - largest);
    for (long at = 0; at < bytes; at += 4) putNumber(out + at, exponential64(numberAt(x + at, integers) - largest) / sum);
  }
}

// Each position's vector of channels, of length 1 and scaled: packages/runtime/src/kernels/l2-norm.ts.
void l2Norm(Record record, const Strip& strip) {
  const char* x = strip.at(record.in());
  char* out = strip.at(record.out());
  const long positions = strip.rows * record.word(0), bytes = 4L * record.word(1);
  const bool integers = record.word(2) != 0;
  const char* scale = strip.memory + record.address(3);
  for (long p = 0; p < positions; p++, x += bytes, out += bytes) {
    double squares = 0;
    for (long at = 0; at < bytes; at += 4) {
      const double value = numberAt(x + at, integers);
      squares += value * value;
    }
    const float length = float(__builtin_sqrt(squares)), least = 1e-12f;
    const float divisor = length < least ? least : length;
    for (long at = 0; at < bytes; at += 4) {
      const float quotient = float(numberAt(x + at, integers)) / divisor;
      putNumber(out + at, double(quotient) * numberAt(scale + at, false));
    }
  }
}

}  // namespace surge::SURGE_ISA
