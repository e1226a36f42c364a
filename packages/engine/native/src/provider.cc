#include "provider.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
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

void Buffer::Free::operator()(float* p) const { std::free(p); }

float* Buffer::floats(long count) {
  if (count > count_) {
    data_.reset();
    count_ = 0;
    data_.reset(static_cast<float*>(std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64)));
    if (!data_) throw std::bad_alloc();
    count_ = count;
  }
  return data_.get();
}

Provider::Provider(int threads, const std::string& isa) : kernels_(chooseSet(isa)), threads_(threads) {
  if (!isa.empty()) restrictOneDnn(isa);
  setThreads(threads);
}

void Provider::setThreads(int threads) {
  threads_ = threads;
  omp_set_num_threads(threads);
}

size_t Provider::bytes() const {
  return auxiliary_.bytes() + inputSigns_.bytes() + filterSigns_.bytes() + filterPart_.bytes() + primitives_.bytes();
}

void Provider::conv2d(const float* x, const float* filter, float* y, const Geometry& g) { convolve(primitives_, threads_, x, filter, y, g); }

void Provider::conv2dInputGradient(const float* dy, const float* filter, float* dx, const Geometry& g) {
  inputGradient(primitives_, threads_, Precision::float32, dy, filter, dx, g);
}

void Provider::conv2dFilterGradient(const float* x, const float* dy, float* dfilter, const Geometry& g) {
  filterGradient(primitives_, threads_, Precision::float32, x, dy, dfilter, g);
}

void Provider::matMul(const float* a, const float* b, float* c, const MatMulShape& shape) { surge::matMul(primitives_, threads_, a, b, c, shape); }

namespace {

// Pictures of a chunk: its x, dy, g_b and g_a together take an eighth of a usual last-level cache, but not less than what makes reading
// and reordering the filters once more worth it.
int chunkPictures(const Geometry& g) {
  constexpr long kCache = 4L << 20;
  const long picture = 4 * (3 * g.inputs() + g.outputs()) / std::max(1, g.batch);
  const long wanted = std::max(kCache, 16 * 4 * g.weights());
  const long chunks = std::max(1L, g.batch * picture / wanted);
  return int(std::max(1L, (g.batch + chunks - 1) / chunks));
}

class Clock {
 public:
  // Adds the time since the last call, or since the beginning, to `sum`.
  void into(double& sum) {
    const auto now = std::chrono::steady_clock::now();
    sum += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

Branches Provider::branches(const float* dy, const float* x, const float* kernel, const float* auxiliary, float* gb, float* dkernel,
                            float* dauxiliary, const Geometry& g, Surrogate surrogate) {
  float* ga = auxiliary ? auxiliary_.floats(g.inputs()) : nullptr;
  if (!usesMinimalProducts(g)) return chunkedBranches(dy, x, kernel, auxiliary, gb, ga, dkernel, dauxiliary, g, surrogate);
  Branches result;
  Clock clock;
  result.sums = kernels_.minimalGradients(threads_, dy, x, kernel, auxiliary, surrogate, gb, ga, dkernel, dauxiliary, g);
  clock.into(result.minimal);
  return result;
}

Branches Provider::chunkedBranches(const float* dy, const float* x, const float* kernel, const float* auxiliary, float* gb, float* ga,
                                   float* dkernel, float* dauxiliary, const Geometry& g, Surrogate surrogate) {
  Branches result;
  const float* signs = nullptr;
  if (!usesTables(g)) {
    float* values = filterSigns_.floats(g.weights());
    kernels_.signs(threads_, kernel, values, g.weights());
    signs = values;
  }
  const int pictures = chunkPictures(g);
  Clock clock;
  for (int first = 0; first == 0 || first < g.batch; first += pictures) {
    Geometry chunk = g;
    chunk.batch = std::min(pictures, g.batch - first);
    const long in = first * (g.inputs() / std::max(1, g.batch)), out = first * (g.outputs() / std::max(1, g.batch));
    // A later chunk's sums over its pictures join those of the chunks before it.
    const auto summed = [&](float* total, auto product) {
      if (first == 0) return product(total);
      float* part = filterPart_.floats(g.weights());
      product(part);
      kernels_.binary(threads_, Binary::add, total, part, total, g.weights(), g.weights(), 1, false);
    };
    binaryInputGradient(dy + out, signs, kernel, gb + in, chunk);
    clock.into(result.binaryInput);
    if (ga) {
      inputGradient(primitives_, threads_, precision_.auxiliary, dy + out, auxiliary, ga + in, chunk);
      clock.into(result.auxiliaryInput);
    }
    const BranchSums sums = kernels_.throughSurrogate(threads_, x + in, surrogate, gb + in, ga ? ga + in : nullptr, chunk.inputs());
    result.sums.squaredB += sums.squaredB;
    result.sums.squaredA += sums.squaredA;
    result.sums.inner += sums.inner;
    result.sums.clipped += sums.clipped;
    clock.into(result.measured);
    summed(dkernel, [&](float* target) { binaryFilterGradient(x + in, dy + out, target, chunk); });
    clock.into(result.binaryFilter);
    if (dauxiliary) {
      summed(dauxiliary, [&](float* target) { filterGradient(primitives_, threads_, precision_.auxiliary, x + in, dy + out, target, chunk); });
      clock.into(result.auxiliaryFilter);
    }
  }
  return result;
}

bool Provider::usesMinimalProducts(const Geometry& g) const {
  return precision_.binary == Precision::float32 && precision_.auxiliary == Precision::float32 && kernels_.hasMinimalProducts(g);
}

bool Provider::usesTables(const Geometry& g) const { return precision_.binary == Precision::float32 && kernels_.hasSignProducts(g); }

void Provider::binaryInputGradient(const float* dy, const float* signs, const float* kernel, float* gb, const Geometry& g) {
  if (signs) inputGradient(primitives_, threads_, precision_.binary, dy, signs, gb, g);
  else kernels_.signInputGradient(threads_, dy, kernel, gb, g);
}

void Provider::binaryFilterGradient(const float* x, const float* dy, float* dkernel, const Geometry& g) {
  if (usesTables(g)) {
    kernels_.signFilterGradient(threads_, x, dy, dkernel, g);
    return;
  }
  float* signs = inputSigns_.floats(g.inputs());
  kernels_.signs(threads_, x, signs, g.inputs());
  filterGradient(primitives_, threads_, precision_.binary, signs, dy, dkernel, g);
}

void Provider::combineBranches(float* gb, long n, float binary, float auxiliary) {
  kernels_.combine(threads_, gb, auxiliary_.data(), n, binary, auxiliary);
}

void Provider::finishBinaryFilter(const float* dy, const float* kernel, float* dkernel, const Geometry& g, int padValue, Surrogate surrogate) {
  if (padValue != 0) kernels_.padGradient(threads_, dy, dkernel, g, float(padValue));
  kernels_.timesSlope(threads_, kernel, surrogate, dkernel, g.weights());
}

void Provider::finishAuxiliaryFilter(float* dauxiliary, long n, float factor) {
  // Weight 0 must not let a NaN of x or dy through, so it is not multiplied.
  if (factor == 0) kernels_.fill(threads_, dauxiliary, n, 0);
  else if (factor != 1) kernels_.timesFactor(threads_, dauxiliary, n, factor);
}

}  // namespace surge
