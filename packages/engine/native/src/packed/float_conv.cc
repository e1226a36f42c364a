// Float convolution. Exact: each output's products are summed in f64 in the canonical order (packages/runtime/src/kernels/float-conv.ts)
// and rounded once; a product of two f32 is exact in f64, so to fuse it with its addition changes no bit. Fast: the same order in f32,
// fused where the instruction set can. Filters are lanes, so no lane is ever added to another.
//
// What lies outside the picture is gathered as padValue, zeros included: a sum that begins with +0 does not change by +0 or -0.
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
        integers(r.word(kWindowWords + 3) != 0),
        kernel(r.address(kWindowWords + 4)),
        bias(r.address(kWindowWords + 5)),
        padValue(r.number(kWindowWords + 6)),
        exact(r.word(kWindowWords + 7) != 0),
        gathered(r.address(kWindowWords + 8)),
        gatheredThread(r.address(kWindowWords + 9)) {}

  Window window;
  // Channels and filters of one group.
  int channels, filters, groups;
  bool integers;
  uint32_t kernel, bias;
  float padValue;
  bool exact;
  uint32_t gathered, gatheredThread;

  // That a window sees of a group.
  long numbers() const { return long(window.taps()) * channels; }
};

// Eight at a time: what is written beyond the run is overwritten by the next one.
constexpr int kChunk = 8;
typedef float FloatChunk __attribute__((vector_size(4 * kChunk)));
typedef int32_t IntChunk __attribute__((vector_size(4 * kChunk)));

template <class T, bool integers>
inline T* copyRun(T* to, const char* from, long count) {
  typedef T Chunk __attribute__((vector_size(sizeof(T) * kChunk)));
  for (long i = 0; i < count; i += kChunk) {
    IntChunk bits;
    memcpy(&bits, from + 4 * i, sizeof bits);
    const FloatChunk numbers = integers ? __builtin_convertvector(bits, FloatChunk) : (FloatChunk)bits;
    const Chunk chunk = __builtin_convertvector(numbers, Chunk);
    memcpy(to + i, &chunk, sizeof chunk);
  }
  return to + count;
}

template <class T>
inline T* fillRun(T* to, float value, long count) {
  for (long i = 0; i < count; i++) to[i] = value;
  return to + count;
}

// What the windows of a strip see of one group: rows of numbers.
template <class T, bool integers>
void gather(const Parameters& s, const char* x, const Strip& strip, int group, T* to) {
  const Window& w = s.window;
  const long all = long(s.channels) * s.groups;
  const bool together = w.dilationWidth == 1 && s.groups == 1;
  for (long y = strip.y; y < strip.y + strip.rows; y++) {
    for (int ox = 0; ox < w.outWidth; ox++) {
      const Look look(w, int(y), ox);
      for (int ky = 0; ky < w.filterHeight; ky++) {
        if (ky < look.firstRow || ky >= look.endRow) {
          to = fillRun(to, s.padValue, long(w.filterWidth) * s.channels);
          continue;
        }
        to = fillRun(to, s.padValue, long(look.firstColumn) * s.channels);
        const char* pixel = x + 4 * (look.pixel(w, ky, look.firstColumn) * all + long(group) * s.channels);
        if (together) {
          to = copyRun<T, integers>(to, pixel, long(look.endColumn - look.firstColumn) * s.channels);
        } else {
          for (int kx = look.firstColumn; kx < look.endColumn; kx++, pixel += 4 * w.dilationWidth * all)
            to = copyRun<T, integers>(to, pixel, s.channels);
        }
        to = fillRun(to, s.padValue, long(w.filterWidth - look.endColumn) * s.channels);
      }
    }
  }
}

// Sums of P pixels, whose rows are `stride` numbers apart, with W filters.
template <int P>
inline void sumFast(const float* rows, long stride, const char* weights, long count, const char* bias, Vi (&out)[P]) {
  Vf sums[P];
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) sums[p] = Vf{};
  for (long k = 0; k < count; k++, weights += sizeof(Vf)) {
    const Vf filters = (Vf)loadInts(weights);
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) sums[p] = fused(all(rows[p * stride + k]), filters, sums[p]);
  }
  const Vf start = bias ? (Vf)loadInts(bias) : Vf{};
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) out[p] = (Vi)(bias ? sums[p] + start : sums[p]);
}

template <int Q, int P>
inline void sumSome(const double* rows, long stride, const char* weights, long count, const char* bias, Vi (&out)[P], int first) {
  rows += first * stride;
  Vd low[Q], high[Q];
#pragma GCC unroll 8
  for (int q = 0; q < Q; q++) low[q] = high[q] = Vd{};
  for (long k = 0; k < count; k++, weights += sizeof(Vf)) {
    float filters[W];
    memcpy(filters, weights, sizeof filters);
    const Vd a = low64(filters), b = high64(filters);
#pragma GCC unroll 8
    for (int q = 0; q < Q; q++) {
      const Vd value = all64(rows[q * stride + k]);
      low[q] = fused(value, a, low[q]);
      high[q] = fused(value, b, high[q]);
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

// As sumFast, in f64. Two sums a pixel: the registers of AVX-512 hold eight pixels', of the others four.
template <int P>
inline void sumExact(const double* rows, long stride, const char* weights, long count, const char* bias, Vi (&out)[P]) {
  constexpr int Q = W == 16 ? kTilePixels : 4;
  if constexpr (P <= Q) {
    sumSome<P, P>(rows, stride, weights, count, bias, out, 0);
  } else {
    sumSome<Q, P>(rows, stride, weights, count, bias, out, 0);
    sumSome<P - Q, P>(rows, stride, weights, count, bias, out, Q);
  }
}

// f(Pixels<P>, pixel, weights, bias, out) for every block of filters of a group and every tile.
template <class F>
void eachBlock(const Parameters& s, const Strip& strip, int group, const Sink& sink, F f) {
  const long blocks = (s.filters + W - 1) / W, blockBytes = s.numbers() * long(sizeof(Vf));
  for (long block = 0; block < blocks; block++) {
    const int filter = int(block) * W, c = group * s.filters + filter;
    const char* weights = strip.memory + s.kernel + (group * blocks + block) * blockBytes;
    const char* bias = s.bias ? strip.memory + s.bias + 4L * c : nullptr;
    eachTile(strip.rows * s.window.outWidth, [&](auto tile, long first) {
      Vi sums[decltype(tile)::value];
      f(first, weights, bias, sums);
      take(sink, first, c, least(W, s.filters - filter), sums);
    });
  }
}

}  // namespace

void floatConv(Record record, const Strip& strip, const Sink& sink) {
  const Parameters s(record);
  const char* x = strip.whole(record.in());
  const long count = s.numbers();
  char* gathered = strip.copy(s.gathered, s.gatheredThread);
  const bool inPlace = !s.exact && !s.integers && s.groups == 1 && s.window.seesItself(strip.y + strip.rows);
  for (int group = 0; group < s.groups; group++) {
    if (s.exact) {
      double* rows = reinterpret_cast<double*>(gathered);
      if (s.integers) gather<double, true>(s, x, strip, group, rows);
      else gather<double, false>(s, x, strip, group, rows);
      eachBlock(s, strip, group, sink, [&](long first, const char* weights, const char* bias, auto& sums) {
        sumExact(rows + first * count, count, weights, count, bias, sums);
      });
      continue;
    }
    const float* rows = reinterpret_cast<const float*>(inPlace ? x + 4 * strip.y * s.window.inWidth * count : gathered);
    if (!inPlace) {
      if (s.integers) gather<float, true>(s, x, strip, group, reinterpret_cast<float*>(gathered));
      else gather<float, false>(s, x, strip, group, reinterpret_cast<float*>(gathered));
    }
    eachBlock(s, strip, group, sink, [&](long first, const char* weights, const char* bias, auto& sums) {
      sumFast(rows + first * count, count, weights, count, bias, sums);
    });
  }
}

}  // namespace surge::SURGE_ISA
