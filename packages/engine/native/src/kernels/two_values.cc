// Two values by the sign, and their backward through a box. Formulas: packages/contract/src/kernels.ts.
#include "kernels/columns.h"
#include "kernels/declarations.h"

namespace surge::SURGE_ISA {

int twoValues(int threads, const float* x, const float* shift, float* y, long n, long shifts, float low, float high) {
  const long channels = shifts > 1 ? shifts : 1;
  const long width = channels > 1 ? channels : most(1L, n);
  int broken = 0;
  int* found = &broken;
  const auto run = [=](long from, long to) {
    Vi bad{};
    const float* s = channels > 1 ? shift + from % width : nullptr;
    const Vf single = all(shifts == 1 ? shift[0] : 0);
    for (long i = from; i < to; i += W) {
      const int count = int(least(long(W), to - i));
      const Vf t = part(x + i, count) + (s ? part(s + (i - from), count) : single);
      bad |= t != t;
      put(y + i, t < Vf{} ? all(low) : all(high), count);
    }
    for (int i = 0; i < W; i++) {
      if (bad[i]) {
#pragma omp atomic write
        *found = 1;
      }
    }
  };
  if (channels == 1) each(threads, n, run);
  else split(threads, n / width, width, 1, [=](long from, long to) {
      for (long row = from; row < to; row++) run(row * width, (row + 1) * width);
    });
  return broken;
}

void twoValuesGradient(int threads, const float* dy, const float* x, const float* shift, float* dx, float* sums, float* dshift, long n, long shifts,
                       const ElasticBox& given) {
  const ElasticBox box = given;
  // Without a shift for each channel, rows are of any length.
  const long width = shifts > 1 ? shifts : 64;
  const Vf single = all(shifts == 1 ? shift[0] : 0);
  enum { inside, withSign, plain, along, kSums };
  Columns<kSums> columns((n + width - 1) / width, width);
  columns.run(threads, [=](long row, long column, Vd* low, Vd* high) {
    const long at = row * width + column;
    const int count = int(least(long(W), least(width - column, n - at)));
    if (count <= 0) return;
    const Vf g = part(dy + at, count), t = part(x + at, count) + (shifts > 1 ? part(shift + column, count) : single);
    const Vf q = t / all(box.scale), u = box.k == 2 ? q * all(2) - all(1) : q;
    const auto isInside = maximum(u, -u) <= all(box.width);
    const Vf d = isInside ? g * all(box.factor) : Vf{}, kept = isInside ? t : Vf{};
    const Vf turned = u < Vf{} ? -g : g;
    put(dx + at, d, count);
    low[inside] += low64(d);
    high[inside] += high64(d);
    low[withSign] += low64(turned);
    high[withSign] += high64(turned);
    low[plain] += low64(g);
    high[plain] += high64(g);
    low[along] = fused(low64(d), low64(kept), low[along]);
    high[along] = fused(high64(d), high64(kept), high[along]);
  });
  for (int k = withSign; k < kSums; k++) {
    double sum = 0;
    for (long c = 0; c < width; c++) sum += columns.total(k, c);
    sums[k - withSign] = float(sum);
  }
  if (shifts == 1) {
    double sum = 0;
    for (long c = 0; c < width; c++) sum += columns.total(inside, c);
    dshift[0] = float(sum);
  }
  else for (long c = 0; c < shifts; c++) dshift[c] = float(columns.total(inside, c));
}

}  // namespace surge::SURGE_ISA
