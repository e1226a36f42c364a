// What the windows of a strip see of one group, as numbers of type T (float, double) that a product reads one after the other.
#pragma once
#include "packed/record.h"

namespace surge::SURGE_ISA {

// Of the outputs in one row of the strip: the window of column x is `runs` runs of `runLength` numbers, `runStep` apart, the first at
// rows + y * rowStep + x * pixelStep.
template <class T>
struct Seen {
  const T* rows;
  long rowStep, pixelStep, runs, runLength, runStep;
};

struct FloatPicture {
  const char* numbers;
  bool integers;
  // Of a group, and groups.
  int channels, groups;
  float padValue;
};

// `to` has room for rows * outWidth windows and 64 bytes more.
template <class T>
Seen<T> gatherFloats(const FloatPicture& x, const Window& w, long y, long rows, int group, T* to);

extern template Seen<float> gatherFloats<float>(const FloatPicture&, const Window&, long, long, int, float*);
extern template Seen<double> gatherFloats<double>(const FloatPicture&, const Window&, long, long, int, double*);

}  // namespace surge::SURGE_ISA
