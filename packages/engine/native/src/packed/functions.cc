// Ops in f64 from additions and multiplications alone, as packages/runtime/src/kernels/elementwise.ts has them, operation by operation.
#include "packed/ops.h"

namespace surge::SURGE_ISA {
namespace {

// 2^k from its bits.
inline double powerOfTwo(int k) {
  const uint64_t bits = uint64_t(k + 1023) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// exp of packages/runtime/src/kernels/exp.ts, where it is derived.
inline double exponential(double x) {
  if (!(x > -746)) return x <= -746 ? 0 : __builtin_nan("");
  if (x > 710) return __builtin_inf();
  const double scaled = x * 1.4426950408889634;
  double k = __builtin_floor(scaled);
  if (scaled - k >= 0.5) k += 1;
  const double r = x - k * 6.9314718036912381649e-1 - k * 1.90821492927058770002e-10;
  double sum = 1;
  for (int n = 13; n > 0; n--) sum = 1 + (r / n) * sum;
  const int whole = int(k), half = whole / 2;
  return sum * powerOfTwo(half) * powerOfTwo(whole - half);
}

inline double numberAt(const char* p, bool integers) {
  if (integers) {
    int32_t value;
    memcpy(&value, p, sizeof value);
    return value;
  }
  float value;
  memcpy(&value, p, sizeof value);
  return value;
}

inline void put(char* p, double value) {
  const float rounded = float(value);
  memcpy(p, &rounded, sizeof rounded);
}

// Each number by itself.
template <class F>
void each(Record record, const Strip& strip, F f) {
  const char* x = strip.at(record.in());
  char* out = strip.at(record.out());
  const bool integers = record.word(1) != 0;
  const long bytes = 4 * strip.rows * record.word(0);
  for (long at = 0; at < bytes; at += 4) put(out + at, f(numberAt(x + at, integers)));
}

}  // namespace

void sigmoid(Record record, const Strip& strip) {
  each(record, strip, [](double x) { return 1 / (1 + exponential(-x)); });
}

void tanh(Record record, const Strip& strip) {
  each(record, strip, [](double x) {
    const double size = x < 0 ? -x : x;
    if (size < 1e-4) return x - (x * x * x) / 3;
    const double e = exponential(-2 * size), value = (1 - e) / (1 + e);
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
    for (long at = 0; at < bytes; at += 4) sum += exponential(numberAt(x + at, integers) - largest);
    for (long at = 0; at < bytes; at += 4) put(out + at, exponential(numberAt(x + at, integers) - largest) / sum);
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
      put(out + at, double(quotient) * numberAt(scale + at, false));
    }
  }
}

}  // namespace surge::SURGE_ISA
