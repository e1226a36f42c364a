// The geometry of a convolution or pooling, as packages/contract/src/conv-geometry.ts has it: activations NHWC, filters HWIO.
#pragma once
#include <cstdint>

namespace surge {

// The order of the fields is that of providers/native/geometry.ts.
struct Geometry {
  int32_t batch, inHeight, inWidth, inChannels;
  int32_t outHeight, outWidth, outChannels;
  int32_t filterHeight, filterWidth;
  int32_t strideHeight, strideWidth;
  int32_t dilationHeight, dilationWidth;
  int32_t padTop, padLeft;
  int32_t groups;

  long inputs() const { return long(batch) * inHeight * inWidth * inChannels; }
  long outputs() const { return long(batch) * outHeight * outWidth * outChannels; }
  int taps() const { return filterHeight * filterWidth; }
  int groupInputs() const { return inChannels / groups; }
  int groupOutputs() const { return outChannels / groups; }
  long weights() const { return long(taps()) * groupInputs() * outChannels; }
};

constexpr int kGeometryFields = sizeof(Geometry) / sizeof(int32_t);

}  // namespace surge
