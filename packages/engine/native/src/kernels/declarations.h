// The kernels of one instruction set; kernel_set.h says what each of them does.
#pragma once
#include "kernels/kernel_set.h"

namespace surge::SURGE_ISA {

void unary(int threads, Unary op, const float* x, float* y, long n);
void clip(int threads, const float* x, float* y, long n, float low, float high);
void binary(int threads, Binary op, const float* a, const float* b, float* y, long n, long bLength, long inner, bool swapped);
void prelu(int threads, const float* x, const float* alpha, float* y, long n, long alphas);
void fill(int threads, float* y, long n, float value);
void addClip(int threads, const float* a, const float* b, float* y, long n, float low, float high);
void addClipGradient(int threads, const float* dy, const float* y, float* dx, long n, float low, float high);
void sum(int threads, const float* x, float* y, long outer, long reduced, long inner);
void preluGradient(int threads, const float* dy, const float* x, const float* alpha, float* dx, float* dalpha, long n, long alphas);
void gather(int threads, const float* x, const int32_t* ids, float* y, long rows, long inner);
void segmentSum(int threads, const float* x, const int32_t* ids, float* y, long rows, long segments, long inner);
void transpose(int threads, const float* x, float* y, int axes, const int32_t* sizes, const int32_t* steps);
void copyRuns(int threads, const float* x, float* y, long rows, long length, long xStep, long yStep);
void batchNorm(int threads, const float* x, const float* gamma, const float* beta, const float* shortcut, float* y, float* mean,
               float* variance, long rows, long channels, double epsilon, float low, float high);
void batchNormGradient(int threads, const float* dy, const float* x, const float* gamma, const float* mean, const float* variance, float* dx, float* dgamma, float* dbeta, long rows, long channels, double epsilon);
void batchNormAddClipGradient(int threads, const float* dy, const float* y, const float* x, const float* gamma, const float* mean, const float* variance, float* dx, float* dgamma, float* dbeta, float* dsum, long rows, long channels, double epsilon, float low, float high);
void layerNorm(int threads, const float* x, const float* gamma, const float* beta, float* y, float* mean, float* inverseStd, long rows, long channels, double epsilon);
void layerNormGradient(int threads, const float* dy, const float* x, const float* gamma, const float* mean, const float* inverseStd, float* dx, float* dgamma, float* dbeta, long rows, long channels);
void gelu(int threads, const float* x, float* y, long n);
void geluGradient(int threads, const float* dy, const float* x, float* dx, long n);
void attentionSoftmax(int threads, const float* x, const float* bias, float* y, long rows, long rowsPerText, long keys, float scale);
void attentionSoftmaxGradient(int threads, const float* dy, const float* y, float* dx, long rows, long keys, float scale);
void dropout(int threads, const float* x, float* y, long n, uint32_t start, uint32_t bound, float kept);
void maxPool(int threads, const float* x, float* y, const Geometry& g);
void maxPoolGradient(int threads, const float* dy, const float* x, float* dx, const Geometry& g);
void avgPool(int threads, const float* x, float* y, const Geometry& g);
void avgPoolGradient(int threads, const float* dy, float* dx, const Geometry& g);
void roiAlign(int threads, const float* x, const float* boxes, const int32_t* pictures, long count, float* y, const RoiShape& s, double scale);
void roiAlignGradient(int threads, const float* dy, const float* boxes, const int32_t* pictures, long count, float* dx, long size, const RoiShape& s, double scale);
void softmaxCrossEntropy(int threads, const float* logits, const float* labels, float* loss, float* gradient, long rows, long classes);
void classCrossEntropy(int threads, const float* logits, const int32_t* classes, float* loss, float* logPartition, long rows, long columns);
void classCrossEntropyGradient(int threads, const float* dy, const float* logits, const int32_t* classes, const float* logPartition, float* dlogits, long rows, long columns);
int twoValues(int threads, const float* x, const float* shift, float* y, long n, long shifts, float low, float high);
void twoValuesGradient(int threads, const float* dy, const float* x, const float* shift, float* dx, float* sums, float* dshift, long n, long shifts, const ElasticBox& box);
void sgdStep(int threads, const float* w, const float* g, const float* v, float* newW, float* newV, long n, const SgdAttributes& a);
void adamStep(int threads, const float* w, const float* g, const float* m, const float* v, float* newW, float* newM, float* newV, long n, const AdamAttributes& a);
void bopStep(int threads, const float* w, const float* g, const float* m, float* newW, float* newM, long n, double gamma, double threshold);
void canonicalConv(int threads, const float* x, const float* kernel, const float* bias, float* y, const Geometry& g, float padValue);
int signConv(int threads, const float* x, const float* kernel, float* y, const Geometry& g, int padValue);
void signs(int threads, const float* x, float* y, long n);
BranchSums throughSurrogate(int threads, const float* x, Surrogate surrogate, float* gb, const float* ga, long n);
void combine(int threads, float* gb, const float* ga, long n, float binary, float auxiliary);
void timesSlope(int threads, const float* w, Surrogate surrogate, float* d, long n);
void timesFactor(int threads, float* d, long n, float factor);
void padGradient(int threads, const float* dy, float* dkernel, const Geometry& g, float padValue);
bool hasSignProducts(const Geometry& g);
void signInputGradient(int threads, const float* dy, const float* kernel, float* dx, const Geometry& g);
void signFilterGradient(int threads, const float* x, const float* dy, float* dkernel, const Geometry& g);
// Those of dense layers, which the two above hand on.
bool isDense(const Geometry& g);
void denseSignInputGradient(int threads, const float* dy, const float* kernel, float* dx, const Geometry& g);
void denseSignFilterGradient(int threads, const float* x, const float* dy, float* dkernel, const Geometry& g);
bool hasMinimalProducts(const Geometry& g);
BranchSums minimalGradients(int threads, const float* dy, const float* x, const float* kernel, const float* auxiliary, Surrogate surrogate, float* gb, float* ga, float* dkernel, float* dauxiliary, const Geometry& g);
void runProgram(const Program& program, int from, int to, int threads);

}  // namespace surge::SURGE_ISA
