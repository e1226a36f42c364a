// The native provider's state: threads, instruction set, oneDNN's primitives, and the one buffer of the backward. Knows no Node.
#pragma once
#include <memory>
#include <string>

#include "kernels/kernel_set.h"
#include "onednn/matmul.h"
#include "onednn/primitives.h"

namespace surge {

struct BinaryPrecision {
  Precision binary = Precision::float32;
  Precision auxiliary = Precision::float32;
};

class Provider {
 public:
  // Throws std::invalid_argument for an instruction set that cannot run here.
  Provider(int threads, const std::string& isa);

  const KernelSet& kernels() const { return kernels_; }
  int threads() const { return threads_; }
  void setThreads(int threads);
  void setPrecision(BinaryPrecision precision) { precision_ = precision; }
  // Bytes beside the heap: the buffer of the backward and oneDNN's reordered filters and scratch memory.
  size_t bytes() const;

  void conv2d(const float* x, const float* filter, float* y, const Geometry& g);
  void conv2dInputGradient(const float* dy, const float* filter, float* dx, const Geometry& g);
  void conv2dFilterGradient(const float* x, const float* dy, float* dfilter, const Geometry& g);
  void matMul(const float* a, const float* b, float* c, const MatMulShape& shape);

  // The backward of a binary layer in METHOD's terms. The auxiliary branch's g_a lives in the buffer from its product until the branches
  // are combined; afterwards the same buffer may hold the signs of x.
  void binaryInputGradient(const float* dy, const float* kernel, float* gb, const Geometry& g);
  void auxiliaryInputGradient(const float* dy, const float* auxiliary, const Geometry& g);
  BranchSums throughSurrogate(const float* x, Surrogate surrogate, float* gb, long n);
  void combineBranches(float* gb, long n, float binary, float auxiliary);
  void binaryFilterGradient(const float* x, const float* dy, const float* kernel, float* dkernel, const Geometry& g, int padValue,
                            Surrogate surrogate);
  void auxiliaryFilterGradient(const float* x, const float* dy, float* dauxiliary, const Geometry& g, float factor);

 private:
  struct Free {
    void operator()(void* p) const;
  };

  float* buffer(long floats);

  const KernelSet& kernels_;
  int threads_ = 1;
  BinaryPrecision precision_{};
  Primitives primitives_;
  std::unique_ptr<float, Free> buffer_;
  long bufferFloats_ = 0;
  bool holdsAuxiliary_ = false;
};

}  // namespace surge
