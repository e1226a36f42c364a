// c[b] = op(a[b]) op(b[b]) for a batch of matrices (packages/engine/src/providers/provider.ts, MatMulShape).
#pragma once
#include "onednn/primitives.h"

namespace surge {

struct MatMulShape {
  long batch, m, k, n;
  bool transposeA, transposeB;
  long strideA, strideB;  // entries between consecutive matrices; 0: one matrix for the whole batch
};

void matMul(Primitives& p, int threads, const float* a, const float* b, float* c, const MatMulShape& shape);

}  // namespace surge
