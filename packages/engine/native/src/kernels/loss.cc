// Softmax cross-entropy with its gradient, one pass a row, the row's maximum subtracted; in float64, rounded once.
#include <cmath>

#include "kernels/declarations.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {

void softmaxCrossEntropy(int threads, const float* logits, const float* labels, float* loss, float* gradient, long rows, long classes) {
  split(threads, rows, 8 * classes, 1, [=](long from, long to) {
    for (long r = from; r < to; r++) {
      const float *z = logits + r * classes, *t = labels + r * classes;
      float* out = gradient + r * classes;
      double highest = -INFINITY;
      for (long c = 0; c < classes; c++) highest = z[c] > highest || z[c] != z[c] ? z[c] : highest;
      double partition = 0, weight = 0;
      for (long c = 0; c < classes; c++) {
        partition += exp(double(z[c]) - highest);
        weight += t[c];
      }
      const double logPartition = log(partition);
      double sum = 0;
      for (long c = 0; c < classes; c++) {
        // A class without weight does not count, even at logit -Infinity (0 * Infinity would be NaN).
        if (t[c] != 0) sum -= t[c] * (z[c] - highest - logPartition);
        out[c] = float(exp(double(z[c]) - highest) / partition * weight - t[c]);
      }
      loss[r] = float(sum);
    }
  });
}

}  // namespace surge::SURGE_ISA
