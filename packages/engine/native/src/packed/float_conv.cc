// Float convolution. Exact: each output's products are summed in f64 in the canonical order (packages/runtime/src/kernels/float-conv.ts)
// and rounded once; a product of two f32 is exact in f64, so to fuse it with its addition changes no bit. Fast: the same order in f32,
// fused where the instruction set can. Filters are lanes, so no lane is ever added to another.
//
// What lies outside the picture is gathered as padValue, zeros included: a sum that begins with +0 does not change by +0 or -0.
#include "packed/float_parameters.h"
#include "packed/gather_floats.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {
namespace {

// The numbers of eight pixels that are `step` bytes apart, by two pointers and two distances: eight pointers and all else that a product needs
// are more than the registers hold.
template <class T>
class EightPixels {
 public:
  EightPixels(const T* first, long step) : first_(bytesAt(first)), sixth_(bytesAt(first) + 5 * step), step_(step), three_(3 * step) {}

  // Of a pixel that the compiler knows.
  T operator[](int p) const {
    switch (p) {
      case 3: return read(first_ + three_);
      case 5: return read(sixth_);
      case 6: return read(first_ + 2 * three_);
      case 7: return read(sixth_ + 2 * step_);
      default: return read(first_ + p * step_);
    }
  }
  void next() {
    first_ += sizeof(T);
    sixth_ += sizeof(T);
    // Or GCC would turn each sum into a pointer of its own.
    asm("" : "+r"(first_), "+r"(sixth_));
  }

 private:
  static const char* bytesAt(const T* p) { return reinterpret_cast<const char*>(p); }
  static T read(const char* p) {
    T value;
    memcpy(&value, p, sizeof value);
    return value;
  }
  const char *first_, *sixth_;
  long step_, three_;
};

// Sums of P pixels, the first of which sees what begins at `rows`, with W filters.
template <int P>
inline void addUp(const Seen<float>& seen, const float* rows, const char* weights, const char* bias, Vi (&out)[P]) {
  Vf sums[P];
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) sums[p] = Vf{};
  for (long run = 0; run < seen.runs; run++, rows += seen.runStep) {
    EightPixels<float> pixels(rows, seen.pixelStep * sizeof(float));
    for (const char* end = weights + seen.runLength * sizeof(Vf); weights < end; weights += sizeof(Vf), pixels.next()) {
      const Vf filters = (Vf)loadInts(weights);
#pragma GCC unroll 8
      for (int p = 0; p < P; p++) sums[p] = fused(all(pixels[p]), filters, sums[p]);
    }
  }
  const Vf start = bias ? (Vf)loadInts(bias) : Vf{};
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) out[p] = (Vi)(bias ? sums[p] + start : sums[p]);
}

template <int Q, int P>
inline void addSome(const Seen<double>& seen, const double* rows, const char* weights, const char* bias, Vi (&out)[P], int first) {
  rows += first * seen.pixelStep;
  Vd low[Q], high[Q];
#pragma GCC unroll 8
  for (int q = 0; q < Q; q++) low[q] = high[q] = Vd{};
  for (long run = 0; run < seen.runs; run++, rows += seen.runStep) {
    EightPixels<double> pixels(rows, seen.pixelStep * sizeof(double));
    for (const char* end = weights + seen.runLength * sizeof(Vf); weights < end; weights += sizeof(Vf), pixels.next()) {
      const float* filters = reinterpret_cast<const float*>(weights);
      const Vd a = low64(filters), b = high64(filters);
#pragma GCC unroll 8
      for (int q = 0; q < Q; q++) {
        const Vd value = all64(pixels[q]);
        low[q] = fused(value, a, low[q]);
        high[q] = fused(value, b, high[q]);
      }
    }
  }
  const Vf start = bias ? (Vf)loadInts(bias) : Vf{};
#pragma GCC unroll 8
  for (int q = 0; q < Q; q++) {
    if (bias) {
      low[q] += low64(start);
      high[q] += high64(start);
    }
    float sums[W];
    store64(sums, low[q], high[q]);
    out[first + q] = (Vi)load(sums);
  }
}

// In f64. Two sums a pixel: the registers of AVX-512 hold eight pixels', of the others four.
template <int P>
inline void addUp(const Seen<double>& seen, const double* rows, const char* weights, const char* bias, Vi (&out)[P]) {
  constexpr int Q = W == 16 ? kTilePixels : 4;
  if constexpr (P <= Q) {
    addSome<P>(seen, rows, weights, bias, out, 0);
  } else {
    addSome<Q>(seen, rows, weights, bias, out, 0);
    addSome<P - Q>(seen, rows, weights, bias, out, Q);
  }
}

// All blocks of filters of a group with all that the strip sees.
template <class T>
void multiply(const FloatParameters& s, const Seen<T>& seen, const Strip& strip, int group, const Sink& sink) {
  const long blocks = (s.filters + W - 1) / W, blockBytes = s.numbers() * long(sizeof(Vf));
  // Where each row goes on behind the one before it, they are one long row.
  const long columns = s.window.outWidth, rowLength = seen.rowStep == columns * seen.pixelStep ? strip.rows * columns : columns;
  for (long block = 0; block < blocks; block++) {
    const int filter = int(block) * W, c = group * s.filters + filter, valid = least(W, s.filters - filter);
    const char* weights = strip.memory + s.kernel + (group * blocks + block) * blockBytes;
    const char* bias = s.bias ? strip.memory + s.bias + 4L * c : nullptr;
    for (long pixel = 0; pixel < strip.rows * columns; pixel += rowLength) {
      const T* row = seen.rows + pixel / columns * seen.rowStep;
      eachTile(rowLength, [&](auto tile, long first) {
        Vi sums[decltype(tile)::value];
        addUp(seen, row + first * seen.pixelStep, weights, bias, sums);
        take(sink, pixel + first, c, valid, sums);
      });
    }
  }
}

}  // namespace

void floatConv(Record record, const Strip& strip, const Sink& sink) {
  const FloatParameters s(record);
  const Window& w = s.window;
  const FloatPicture x{strip.whole(record.in()), s.integers, s.channels, s.groups, s.padValue};
  char* gathered = strip.copy(s.gathered, s.gatheredThread);
  // Where each window is one pixel, the picture itself is what they see.
  if (!s.exact && !s.integers && s.groups == 1 && w.seesItself(strip.y + strip.rows)) {
    const long row = long(w.inWidth) * s.channels;
    const float* rows = reinterpret_cast<const float*>(x.numbers) + strip.y * row;
    return multiply(s, Seen<float>{rows, row, s.channels, 1, s.channels, 0}, strip, 0, sink);
  }
  for (int group = 0; group < s.groups; group++) {
    if (s.exact) multiply(s, gatherFloats(x, w, strip.y, strip.rows, group, reinterpret_cast<double*>(gathered)), strip, group, sink);
    else multiply(s, gatherFloats(x, w, strip.y, strip.rows, group, reinterpret_cast<float*>(gathered)), strip, group, sink);
  }
}

}  // namespace surge::SURGE_ISA
