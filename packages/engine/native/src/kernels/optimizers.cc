// One optimizer step for one array of parameters, in float64 as the reference has it, every output rounded once.
#include <cmath>

#include "kernels/declarations.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {
namespace {

// Math.min(Math.max(v, low), high): a NaN stays.
inline double bounded(double v, double low, double high) {
  const double above = v < low ? low : v;
  return above > high ? high : above;
}

}  // namespace

void sgdStep(int threads, const float* w, const float* g, const float* v, float* newW, float* newV, long n, const SgdAttributes& a) {
  const SgdAttributes s = a;
  each(threads, n, [=](long from, long to) {
#pragma omp simd
    for (long i = from; i < to; i++) {
      const double gradient = g[i] + s.weightDecay * w[i];
      const double velocity = s.momentum * v[i] + gradient;
      const double step = s.nesterov ? gradient + s.momentum * velocity : velocity;
      newW[i] = float(bounded(w[i] - s.learningRate * step, s.clipMin, s.clipMax));
      newV[i] = float(velocity);
    }
  });
}

void adamStep(int threads, const float* w, const float* g, const float* m, const float* v, float* newW, float* newM, float* newV, long n,
              const AdamAttributes& a) {
  const AdamAttributes s = a;
  const double correction1 = 1 - std::pow(s.beta1, s.step), correction2 = 1 - std::pow(s.beta2, s.step);
  each(threads, n, [=](long from, long to) {
#pragma omp simd
    for (long i = from; i < to; i++) {
      const double gradient = s.decoupled ? g[i] : g[i] + s.weightDecay * w[i];
      const double start = s.decoupled ? w[i] * (1 - s.learningRate * s.weightDecay) : w[i];
      const double first = s.beta1 * m[i] + (1 - s.beta1) * gradient;
      const double second = s.beta2 * v[i] + (1 - s.beta2) * gradient * gradient;
      const double direction = first / correction1 / (__builtin_sqrt(second / correction2) + s.epsilon);
      newW[i] = float(bounded(start - s.learningRate * direction, s.clipMin, s.clipMax));
      newM[i] = float(first);
      newV[i] = float(second);
    }
  });
}

void bopStep(int threads, const float* w, const float* g, const float* m, float* newW, float* newM, long n, double gamma, double threshold) {
  each(threads, n, [=](long from, long to) {
#pragma omp simd
    for (long i = from; i < to; i++) {
      const float momentum = float(m[i] + gamma * (double(g[i]) - m[i]));
      newW[i] = double(w[i]) * momentum > threshold ? -w[i] : w[i];
      newM[i] = momentum;
    }
  });
}

}  // namespace surge::SURGE_ISA
