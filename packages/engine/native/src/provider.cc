#include "provider.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "isa.h"
#include "onednn/convolution.h"

namespace surge {
namespace {

// oneDNN keeps to the same instruction set, so that a forced one is really what runs. It listens only before its first primitive;
// afterwards (a second provider in this process) what it has stays.
void restrictOneDnn(const std::string& isa) {
  if (isa == "avx2") dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
  if (isa == "portable") dnnl::set_max_cpu_isa(dnnl::cpu_isa::sse41);
}

}  // namespace

void Provider::Free::operator()(void* p) const { std::free(p); }

Provider::Provider(int threads, const std::string& isa) : kernels_(chooseSet(isa)), threads_(threads) {
  if (!isa.empty()) restrictOneDnn(isa);
  setThreads(threads);
}

void Provider::setThreads(int threads) {
  threads_ = threads;
  omp_set_num_threads(threads);
}

float* Provider::buffer(long floats) {
  if (floats > bufferFloats_) {
    buffer_.reset();
    bufferFloats_ = 0;
    const size_t bytes = (floats * sizeof(float) + 63) / 64 * 64;
    buffer_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
    if (!buffer_) throw std::bad_alloc();
    bufferFloats_ = floats;
  }
  return buffer_.get();
}

size_t Provider::bytes() const { return bufferFloats_ * sizeof(float) + primitives_.bytes(); }

void Provider::conv2d(const float* x, const float* filter, float* y, const Geometry& g) { convolve(primitives_, threads_, x, filter, y, g); }

void Provider::conv2dInputGradient(const float* dy, const float* filter, float* dx, const Geometry& g) {
  inputGradient(primitives_, threads_, Precision::float32, dy, filter, dx, g);
}

void Provider::conv2dFilterGradient(const float* x, const float* dy, float* dfilter, const Geometry& g) {
  filterGradient(primitives_, threads_, Precision::float32, x, dy, dfilter, g);
}

void Provider::matMul(const float* a, const float* b, float* c, const MatMulShape& shape) { surge::matMul(primitives_, threads_, a, b, c, shape); }

void Provider::binaryInputGradient(const float* dy, const float* kernel, float* gb, const Geometry& g) {
  if (precision_.binary == Precision::float32 && kernels_.signInputGradient(threads_, dy, kernel, gb, g)) return;
  std::unique_ptr<float[]> signs(new float[std::max(1L, g.weights())]);
  kernels_.signs(threads_, kernel, signs.get(), g.weights());
  inputGradient(primitives_, threads_, precision_.binary, dy, signs.get(), gb, g);
}

void Provider::auxiliaryInputGradient(const float* dy, const float* auxiliary, const Geometry& g) {
  inputGradient(primitives_, threads_, precision_.auxiliary, dy, auxiliary, buffer(g.inputs()), g);
  holdsAuxiliary_ = true;
}

BranchSums Provider::throughSurrogate(const float* x, Surrogate surrogate, float* gb, long n) {
  return kernels_.throughSurrogate(threads_, x, surrogate, gb, holdsAuxiliary_ ? buffer_.get() : nullptr, n);
}

void Provider::combineBranches(float* gb, long n, float binary, float auxiliary) {
  kernels_.combine(threads_, gb, buffer_.get(), n, binary, auxiliary);
  holdsAuxiliary_ = false;
}

void Provider::binaryFilterGradient(const float* x, const float* dy, const float* kernel, float* dkernel, const Geometry& g, int padValue,
                                    Surrogate surrogate) {
  if (precision_.binary != Precision::float32 || !kernels_.signFilterGradient(threads_, x, dy, dkernel, g)) {
    float* signs = buffer(g.inputs());
    kernels_.signs(threads_, x, signs, g.inputs());
    filterGradient(primitives_, threads_, precision_.binary, signs, dy, dkernel, g);
  }
  if (padValue != 0) kernels_.padGradient(threads_, dy, dkernel, g, float(padValue));
  kernels_.timesSlope(threads_, kernel, surrogate, dkernel, g.weights());
}

void Provider::auxiliaryFilterGradient(const float* x, const float* dy, float* dauxiliary, const Geometry& g, float factor) {
  if (factor == 0) {
    // Weight 0 must not let a NaN of x or dy through, so it is not multiplied.
    kernels_.fill(threads_, dauxiliary, g.weights(), 0);
    return;
  }
  filterGradient(primitives_, threads_, precision_.auxiliary, x, dy, dauxiliary, g);
  if (factor != 1) kernels_.timesFactor(threads_, dauxiliary, g.weights(), factor);
}

}  // namespace surge
