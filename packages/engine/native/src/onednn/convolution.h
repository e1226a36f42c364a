// The three float products of a convolution on NHWC activations and HWIO filters.
//
// Activations stay NHWC, the layout of TF.js and of every other kernel here: oneDNN's kernels for it are as fast as for its blocked
// layouts (docs/performance.md has both, measured), so nothing has to persist or to be reordered between ops. Filters, which are small, are
// reordered to whatever the primitive asks for.
#pragma once
#include "geometry.h"
#include "onednn/primitives.h"

namespace surge {

// y = conv(x, filter), padding reads 0.
void convolve(Primitives& p, int threads, const float* x, const float* filter, float* y, const Geometry& g);
// dx = the gradient at x.
void inputGradient(Primitives& p, int threads, Precision precision, const float* dy, const float* filter, float* dx, const Geometry& g);
// dfilter = the gradient at the filter.
void filterGradient(Primitives& p, int threads, Precision precision, const float* x, const float* dy, float* dfilter, const Geometry& g);

}  // namespace surge
