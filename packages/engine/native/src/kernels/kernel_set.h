// The kernels that are compiled once for each instruction set, as a table of plain functions. Nothing here knows Node or
// oneDNN. Arrays are float32 and do not overlap unless a line says so. `threads` is the most that a kernel may use; how work and sums
// are cut depends on the shapes alone, so every kernel gives the same bits with any number of threads.
#pragma once
#include <cstdint>

#include "geometry.h"
#include "packed/program.h"

namespace surge {

enum class Unary : int { relu, step, neg, abs, square, sqrt, rsqrt, exp, log, sign };
enum class Binary : int { add, sub, mul, div, max, min, squaredDifference };

// Surrogate derivatives: packages/contract/src/kernels.ts, SurrogateSpec. `parameter` is the box's width or the swish's beta.
enum class SurrogateKind : int { identity, box, quadratic, swish };
struct Surrogate {
  SurrogateKind kind;
  float parameter;
};

struct BranchSums {
  double squaredB, squaredA, inner, clipped;
};

struct SgdAttributes {
  double learningRate, momentum, weightDecay, clipMin, clipMax;
  bool nesterov;
};
// u = k (x + shift) / scale - (k - 1), and the box |u| <= width.
struct ElasticBox {
  float scale;
  int k;
  float width, factor;
};

struct AdamAttributes {
  double learningRate, beta1, beta2, epsilon, step, weightDecay, clipMin, clipMax;
  bool decoupled;
};

// Feature maps and how boxes are read from them: RoiAlignAttrs of packages/contract/src/kernels.ts. samplingRatio 0: by a bin's size.
struct RoiShape {
  int height, width, channels, rows, columns, samplingRatio;
  bool aligned;
};

// What runs packed models (packed/): filters of a binary kernel side by side, bytes of a filter that stand together, filters of a float
// kernel side by side; and the stages [from, to) of a program that checkProgram let pass. Throws std::bad_alloc.
struct PackedSet {
  int bitLanes, bitUnit, floatLanes;
  void (*run)(const Program& program, int from, int to, int threads);
};

struct KernelSet {
  const char* name;
  PackedSet packed;

  // Element-wise; y may be an input.
  void (*unary)(int threads, Unary op, const float* x, float* y, long n);
  void (*clip)(int threads, const float* x, float* y, long n, float low, float high);
  void (*binary)(int threads, Binary op, const float* a, const float* b, float* y, long n, long bLength, long inner, bool swapped);
  void (*prelu)(int threads, const float* x, const float* alpha, float* y, long n, long alphas);
  void (*fill)(int threads, float* y, long n, float value);
  // y = min(max(a + b, low), high), b may be null; its gradient passes dy where low < y < high.
  void (*addClip)(int threads, const float* a, const float* b, float* y, long n, float low, float high);
  void (*addClipGradient)(int threads, const float* dy, const float* y, float* dx, long n, float low, float high);

  // Sums in float64. sum: [outer, reduced, inner] over the middle axis.
  void (*sum)(int threads, const float* x, float* y, long outer, long reduced, long inner);
  void (*preluGradient)(int threads, const float* dy, const float* x, const float* alpha, float* dx, float* dalpha, long n, long alphas);

  // Rows of `inner` entries: y[i] = x[ids[i]]; and y[ids[i]] += x[i] by i ascending, ids that are no segment left out.
  void (*gather)(int threads, const float* x, const int32_t* ids, float* y, long rows, long inner);
  void (*segmentSum)(int threads, const float* x, const int32_t* ids, float* y, long rows, long segments, long inner);
  // y, dense of `sizes`, has at index [i, j, ..] the entry i steps[0] + j steps[1] + .. of x.
  void (*transpose)(int threads, const float* x, float* y, int axes, const int32_t* sizes, const int32_t* steps);
  // Runs of `length` entries, one every xStep of x, to one every yStep of y. Nothing else of y changes.
  void (*copyRuns)(int threads, const float* x, float* y, long rows, long length, long xStep, long yStep);

  // shortcut may be null; what is bounded is the sum with it. Nothing is bounded by -INFINITY and INFINITY.
  void (*batchNorm)(int threads, const float* x, const float* gamma, const float* beta, const float* shortcut, float* y, float* mean,
                    float* variance, long rows, long channels, double epsilon, float low, float high);
  void (*batchNormGradient)(int threads, const float* dy, const float* x, const float* gamma, const float* mean, const float* variance,
                            float* dx, float* dgamma, float* dbeta, long rows, long channels, double epsilon);
  // dsum = dy where low < y < high, else 0; and batchNormGradient of it.
  void (*batchNormAddClipGradient)(int threads, const float* dy, const float* y, const float* x, const float* gamma, const float* mean,
                                   const float* variance, float* dx, float* dgamma, float* dbeta, float* dsum, long rows, long channels,
                                   double epsilon, float low, float high);
  void (*layerNorm)(int threads, const float* x, const float* gamma, const float* beta, float* y, float* mean, float* inverseStd, long rows,
                    long channels, double epsilon);
  void (*layerNormGradient)(int threads, const float* dy, const float* x, const float* gamma, const float* mean, const float* inverseStd,
                            float* dx, float* dgamma, float* dbeta, long rows, long channels);

  void (*gelu)(int threads, const float* x, float* y, long n);
  void (*geluGradient)(int threads, const float* dy, const float* x, float* dx, long n);
  // Rows of `keys` scores; every rowsPerText of them share a row of bias.
  void (*attentionSoftmax)(int threads, const float* x, const float* bias, float* y, long rows, long rowsPerText, long keys, float scale);
  void (*attentionSoftmaxGradient)(int threads, const float* dy, const float* y, float* dx, long rows, long keys, float scale);
  void (*dropout)(int threads, const float* x, float* y, long n, uint32_t start, uint32_t bound, float kept);

  void (*maxPool)(int threads, const float* x, float* y, const Geometry& g);
  void (*maxPoolGradient)(int threads, const float* dy, const float* x, float* dx, const Geometry& g);
  void (*avgPool)(int threads, const float* x, float* y, const Geometry& g);
  void (*avgPoolGradient)(int threads, const float* dy, float* dx, const Geometry& g);

  // y: [count, rows, columns, channels] of boxes in x; and dx, `size` floats, of dy.
  void (*roiAlign)(int threads, const float* x, const float* boxes, const int32_t* pictures, long count, float* y, const RoiShape& s,
                   double scale);
  void (*roiAlignGradient)(int threads, const float* dy, const float* boxes, const int32_t* pictures, long count, float* dx, long size,
                           const RoiShape& s, double scale);

  void (*softmaxCrossEntropy)(int threads, const float* logits, const float* labels, float* loss, float* gradient, long rows, long classes);
  void (*classCrossEntropy)(int threads, const float* logits, const int32_t* classes, float* loss, float* logPartition, long rows, long columns);
  void (*classCrossEntropyGradient)(int threads, const float* dy, const float* logits, const int32_t* classes, const float* logPartition, float* dlogits, long rows, long columns);
  // 1 where a NaN was found. `shifts` entries of shift: 0, 1, or the last axis.
  int (*twoValues)(int threads, const float* x, const float* shift, float* y, long n, long shifts, float low, float high);
  void (*twoValuesGradient)(int threads, const float* dy, const float* x, const float* shift, float* dx, float* sums, float* dshift, long n, long shifts, const ElasticBox& box);

  // Outputs may be their inputs.
  void (*sgdStep)(int threads, const float* w, const float* g, const float* v, float* newW, float* newV, long n, const SgdAttributes& a);
  void (*adamStep)(int threads, const float* w, const float* g, const float* m, const float* v, float* newW, float* newM, float* newV, long n,
                   const AdamAttributes& a);
  void (*bopStep)(int threads, const float* w, const float* g, const float* m, float* newW, float* newM, long n, double gamma,
                  double threshold);

  // The same bits on every instruction set: float64 sums in the order of the contract.
  void (*canonicalConv)(int threads, const float* x, const float* kernel, const float* bias, float* y, const Geometry& g, float padValue);

  // y = conv(sign(x), sign(kernel)) by XOR-popcount. 0, or 1 / 2 when x / the kernel holds a NaN.
  int (*signConv)(int threads, const float* x, const float* kernel, float* y, const Geometry& g, int padValue);

  // The pieces of the backward around its products (branches.cc).
  // y = sign(x) as +-1.
  void (*signs)(int threads, const float* x, float* y, long n);
  // gb *= s(x) in place; returns |gb|^2 and, with ga, |ga|^2 and <gb, ga>; and how many slopes are 0.
  BranchSums (*throughSurrogate)(int threads, const float* x, Surrogate surrogate, float* gb, const float* ga, long n);
  // gb = binary gb + auxiliary ga, where a branch of weight 0 does not exist.
  void (*combine)(int threads, float* gb, const float* ga, long n, float binary, float auxiliary);
  // d *= s(w); d *= factor.
  void (*timesSlope)(int threads, const float* w, Surrogate surrogate, float* d, long n);
  void (*timesFactor)(int threads, float* d, long n, float factor);
  // dkernel += padValue * (sum of dy over the outputs whose tap lies outside the picture), for every input channel.
  void (*padGradient)(int threads, const float* dy, float* dkernel, const Geometry& g, float padValue);

  // The binary branch's products by table look-up (sign_tables.h), where this instruction set has them for a shape.
  bool (*hasSignProducts)(const Geometry& g);
  void (*signInputGradient)(int threads, const float* dy, const float* kernel, float* dx, const Geometry& g);
  void (*signFilterGradient)(int threads, const float* x, const float* dy, float* dkernel, const Geometry& g);
  // Both branches' products by minimal filtering (winograd.h), for 3x3 filters with stride 1 that it is worth its transforms for.
  bool (*hasMinimalProducts)(const Geometry& g);
  // gb = s(x) (dy * turned signs of the kernel), dkernel = sign(x) * dy; ga = dy * turned auxiliary and dauxiliary = x * dy unless they are
  // null; returns what throughSurrogate does.
  BranchSums (*minimalGradients)(int threads, const float* dy, const float* x, const float* kernel, const float* auxiliary, Surrogate surrogate,
                                 float* gb, float* ga, float* dkernel, float* dauxiliary, const Geometry& g);
};

namespace portable { extern const KernelSet kernels; }
namespace avx2 { extern const KernelSet kernels; }
namespace avx512 { extern const KernelSet kernels; }
namespace neon { extern const KernelSet kernels; }

}  // namespace surge
