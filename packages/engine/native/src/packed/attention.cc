// Attention in floats of packages/runtime/src/kernels/attention.ts. The keys of each head are turned first, as doubles, so that keys are the lanes of
// a vector in the scores, and channels are in the context: each number's sum keeps its order.
#include "kernels/simd.h"
#include "packed/exponential64.h"
#include "packed/numbers.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {
namespace {

// Lanes of a vector of doubles, and vectors of a block of sixteen numbers.
constexpr int D = W / 2, kBlock = 16, kVectors = kBlock / D;

inline Vd loadDoubles(const double* p) {
  Vd v;
  memcpy(&v, p, sizeof v);
  return v;
}

inline float floatAt(const char* p) {
  float value;
  memcpy(&value, p, sizeof value);
  return value;
}

// k [keys, width] as [width, padded] doubles, 0 behind the keys.
void turn(const char* k, int keys, int width, long padded, double* to) {
  memset(to, 0, sizeof(double) * width * padded);
  for (int j = 0; j < keys; j++)
    for (int c = 0; c < width; c++, k += 4) to[c * padded + j] = floatAt(k);
}

// weights[j] = round(scale round(q . k_j)).
void scores(const char* q, const double* k, long padded, int each, float scale, double* weights) {
  for (long j = 0; j < padded; j += kBlock) {
    Vd sums[kVectors] = {};
    const double* at = k + j;
    for (int c = 0; c < each; c++, at += padded) {
      const Vd v = all64(floatAt(q + 4 * c));
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; i++) sums[i] += v * loadDoubles(at + i * D);
    }
    double stored[kBlock];
    memcpy(stored, sums, sizeof stored);
    for (int i = 0; i < kBlock; i++) weights[j + i] = double(scale * float(stored[i]));
  }
}

// In place, each rounded to a float.
void softmaxOf(double* x, int keys) {
  double largest = -__builtin_inf(), sum = 0;
  for (int j = 0; j < keys; j++)
    if (x[j] > largest) largest = x[j];
  for (int j = 0; j < keys; j++) {
    x[j] = exponential64(x[j] - largest);
    sum += x[j];
  }
  for (int j = 0; j < keys; j++) x[j] = double(float(x[j] / sum));
}

// out[c] = round(sum of weights[j] v[j][c]). @param row bytes of one of v.
void context(const double* weights, int keys, const char* v, long row, int each, char* out) {
  int c = 0;
  for (; c + kBlock <= each; c += kBlock, v += 4 * kBlock, out += 4 * kBlock) {
    Vd sums[kVectors] = {};
    const char* from = v;
    for (int j = 0; j < keys; j++, from += row) {
      const Vd p = all64(weights[j]);
#pragma GCC unroll 8
      for (int i = 0; i < kVectors; i++) sums[i] += p * low64(reinterpret_cast<const float*>(from) + i * D);
    }
    double stored[kBlock];
    memcpy(stored, sums, sizeof stored);
    for (int i = 0; i < kBlock; i++) putNumber(out + 4 * i, stored[i]);
  }
  for (; c < each; c++, v += 4, out += 4) {
    double sum = 0;
    const char* from = v;
    for (int j = 0; j < keys; j++, from += row) sum += weights[j] * double(floatAt(from));
    putNumber(out, sum);
  }
}

}  // namespace

void softmaxAttention(Record record, const Strip& strip) {
  const long queries = strip.rows * record.word(0), row = 4L * record.word(2);
  const int keys = record.word(1), width = record.word(2), heads = record.word(3), each = width / heads;
  const long padded = (keys + kBlock - 1L) / kBlock * kBlock;
  const char* v = strip.memory + record.address(5);
  double* weights = reinterpret_cast<double*>(strip.copy(record.address(6), record.address(7)));
  double* turned = weights + padded;
  turn(strip.memory + record.address(4), keys, width, padded, turned);
  const char* q = strip.at(record.in());
  char* out = strip.at(record.out());
  for (long i = 0; i < queries; i++, q += row, out += row)
    for (int h = 0; h < heads; h++) {
      const long first = long(h) * each;
      scores(q + 4 * first, turned + first * padded, padded, each, record.number(8), weights);
      softmaxOf(weights, keys);
      context(weights, keys, v + 4 * first, row, each, out + 4 * first);
    }
}

}  // namespace surge::SURGE_ISA
