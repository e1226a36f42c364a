// Softmax cross-entropy with its gradient, one pass a row, the row's maximum subtracted: against labels in float64, rounded once; against one class,
// for vocabularies, in vectors with sums in float64.
#include <cmath>

#include "kernels/declarations.h"
#include "kernels/exponential.h"
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

void classCrossEntropy(int threads, const float* logits, const int32_t* classes, float* loss, float* logPartition, long rows, long columns) {
  split(threads, rows, 8 * columns, 1, [=](long from, long to) {
    for (long r = from; r < to; r++) {
      const float* z = logits + r * columns;
      // A NaN does not win here, but its own power is one, and so is the sum.
      Vf most = all(-INFINITY);
      long c = 0;
      for (; c + W <= columns; c += W) most = maximum(load(z + c), most);
      float top = most[0];
      for (int i = 1; i < W; i++) top = most[i] > top ? most[i] : top;
      for (; c < columns; c++) top = z[c] > top ? z[c] : top;
      Vd low{}, high{};
      for (c = 0; c + W <= columns; c += W) {
        const Vf e = exponential(load(z + c) - all(top));
        low += low64(e);
        high += high64(e);
      }
      double sum = total(low + high);
      for (; c < columns; c++) sum += std::exp(double(z[c]) - top);
      const double logOfSum = std::log(sum);
      logPartition[r] = float(top + logOfSum);
      loss[r] = float(logOfSum - (double(z[classes[r]]) - top));
    }
  });
}

void classCrossEntropyGradient(int threads, const float* dy, const float* logits, const int32_t* classes, const float* logPartition, float* dlogits,
                               long rows, long columns) {
  split(threads, rows, 8 * columns, 1, [=](long from, long to) {
    for (long r = from; r < to; r++) {
      const float* z = logits + r * columns;
      float* out = dlogits + r * columns;
      const Vf whole = all(logPartition[r]), factor = all(dy[r]);
      for (long c = 0; c < columns; c += W) {
        const int n = int(least<long>(W, columns - c));
        put(out + c, exponential(part(z + c, n) - whole) * factor, n);
      }
      const long own = classes[r];
      out[own] = float(dy[r] * (std::exp(double(z[own]) - logPartition[r]) - 1));
    }
  });
}

}  // namespace surge::SURGE_ISA
