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

// What the backward measured, and how long its products and passes took, in seconds.
struct Branches {
  BranchSums sums{};
  // All of it in one kernel, or step by step.
  double minimal = 0;
  double binaryInput = 0, auxiliaryInput = 0, measured = 0, binaryFilter = 0, auxiliaryFilter = 0;
};

// Memory that grows to the largest request and is kept.
class Buffer {
 public:
  float* floats(long count);
  float* data() const { return data_.get(); }
  size_t bytes() const { return count_ * sizeof(float); }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float, Free> data_;
  long count_ = 0;
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

  // The backward of a binary layer in METHOD's terms, all that does not need lam: g_b (into `gb`), g_a (kept in a buffer of this
  // provider), what they measure, and the sums of both filter gradients. A few pictures at a time, which stay in the cache, so that dy and x
  // come from memory once. `auxiliary` and `dauxiliary` may be null.
  Branches branches(const float* dy, const float* x, const float* kernel, const float* auxiliary, float* gb, float* dkernel, float* dauxiliary,
                    const Geometry& g, Surrogate surrogate);
  // gb = binary gb + auxiliary ga.
  void combineBranches(float* gb, long n, float binary, float auxiliary);
  // The rest of the filter gradients: padding of value padValue and the latent weights' surrogate; the factor of the auxiliary one.
  void finishBinaryFilter(const float* dy, const float* kernel, float* dkernel, const Geometry& g, int padValue, Surrogate surrogate);
  void finishAuxiliaryFilter(float* dauxiliary, long n, float factor);

 private:
  // `branches` by one product after the other.
  Branches chunkedBranches(const float* dy, const float* x, const float* kernel, const float* auxiliary, float* gb, float* ga, float* dkernel,
                           float* dauxiliary, const Geometry& g, Surrogate surrogate);
  void binaryInputGradient(const float* dy, const float* signs, const float* kernel, float* gb, const Geometry& g);
  void binaryFilterGradient(const float* x, const float* dy, float* dkernel, const Geometry& g);
  // Whether the binary branch's products run by table look-up.
  bool usesTables(const Geometry& g) const;
  // Whether both branches' products run by minimal filtering.
  bool usesMinimalProducts(const Geometry& g) const;

  const KernelSet& kernels_;
  int threads_ = 1;
  BinaryPrecision precision_{};
  Primitives primitives_;
  // g_a of the running backward, as large as the largest input of a layer with a compensator.
  Buffer auxiliary_;
  // Signs as floats where oneDNN multiplies them, and a chunk's filter gradient before it joins the others.
  Buffer inputSigns_, filterSigns_, filterPart_;
};

}  // namespace surge
