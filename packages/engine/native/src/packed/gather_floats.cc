#include "packed/gather_floats.h"

#include "packed/taps.h"

namespace surge::SURGE_ISA {
namespace {

// Eight numbers at a time: what is written beyond the run is overwritten by the next one.
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
    Chunk chunk;
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 8) chunk = _mm512_maskz_cvtps_pd(0xff, numbers);
    else
#endif
      chunk = __builtin_convertvector(numbers, Chunk);
    memcpy(to + i, &chunk, sizeof chunk);
  }
  return to + count;
}

template <class T>
__attribute__((noinline)) T* fillRun(T* to, float value, long count) {
  for (long i = 0; i < count; i++) to[i] = value;
  return to + count;
}

// The picture's pixels [column, column + count) of a row, padded where they lie outside.
template <class T, bool integers>
T* copyPixels(const FloatPicture& x, const Window& w, long row, long column, long count, T* to) {
  if (row < 0 || row >= w.inHeight) return fillRun(to, x.padValue, count * x.channels);
  const long first = most(0L, least(count, -column)), end = most(first, least(count, w.inWidth - column));
  if (first > 0) to = fillRun(to, x.padValue, first * x.channels);
  to = copyRun<T, integers>(to, x.numbers + 4 * (row * w.inWidth + column + first) * x.channels, (end - first) * x.channels);
  return end < count ? fillRun(to, x.padValue, (count - end) * x.channels) : to;
}

// One window after the other.
template <class T, bool integers>
void gatherWindows(const FloatPicture& x, const Window& w, long y, long rows, int group, T* to) {
  const long all = long(x.channels) * x.groups;
  const FloatPicture tap{x.numbers + 4L * group * x.channels, x.integers, x.channels, x.groups, x.padValue};
  for (long oy = y; oy < y + rows; oy++) {
    for (int ox = 0; ox < w.outWidth; ox++) {
      const Look look(w, int(oy), ox);
      for (int ky = 0; ky < w.filterHeight; ky++) {
        for (int kx = 0; kx < w.filterWidth; kx++) {
          to = look.sees(ky, kx) ? copyRun<T, integers>(to, tap.numbers + 4 * look.pixel(w, ky, kx) * all, x.channels)
                                 : fillRun(to, x.padValue, x.channels);
        }
      }
    }
  }
}

template <class T, bool integers>
Seen<T> gather(const FloatPicture& x, const Window& w, long y, long rows, int group, T* to) {
  const long window = long(w.taps()) * x.channels;
  // The rows that the strip sees, padded: windows overlap, so they are shorter than the windows one after the other.
  const long inRows = (rows - 1) * w.strideHeight + (w.filterHeight - 1L) * w.dilationHeight + 1;
  const long inColumns = (w.outWidth - 1L) * w.strideWidth + w.filterWidth;
  if (x.groups == 1 && w.dilationWidth == 1 && inRows * inColumns * x.channels <= rows * w.outWidth * window) {
    T* next = to;
    for (long row = 0; row < inRows; row++) next = copyPixels<T, integers>(x, w, y * w.strideHeight - w.padTop + row, -w.padLeft, inColumns, next);
    const long row = inColumns * x.channels;
    return {to, row * w.strideHeight, long(w.strideWidth) * x.channels, w.filterHeight, long(w.filterWidth) * x.channels, row * w.dilationHeight};
  }
  gatherWindows<T, integers>(x, w, y, rows, group, to);
  return {to, window * w.outWidth, window, 1, window, 0};
}

}  // namespace

template <class T>
Seen<T> gatherFloats(const FloatPicture& x, const Window& w, long y, long rows, int group, T* to) {
  return x.integers ? gather<T, true>(x, w, y, rows, group, to) : gather<T, false>(x, w, y, rows, group, to);
}

template Seen<float> gatherFloats<float>(const FloatPicture&, const Window&, long, long, int, float*);
template Seen<double> gatherFloats<double>(const FloatPicture&, const Window&, long, long, int, double*);

}  // namespace surge::SURGE_ISA
