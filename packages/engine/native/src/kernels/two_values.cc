// Two values by the sign, and their backward through a box. Formulas: packages/contract/src/kernels.ts.
#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

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

namespace {

// Sums in float64 over a block of rows, in W lanes as two halves.
struct Lanes {
  Vd low{}, high{};
  void add(Vf v) {
    low += low64(v);
    high += high64(v);
  }
  void addProduct(Vf a, Vf b) {
    low = fused(low64(a), low64(b), low);
    high = fused(high64(a), high64(b), high);
  }
};

}  // namespace

void twoValuesGradient(int threads, const float* dy, const float* x, const float* shift, float* dx, float* sums, float* dshift, long n, long shifts,
                       const ElasticBox& given) {
  const ElasticBox box = given;
  // Without a shift for each channel, rows are of any length.
  const bool perChannel = shifts > 1;
  const long width = perChannel ? shifts : 1024;
  const long rows = (n + width - 1) / width, padded = (width + W - 1) / W * W;
  // Blocks by the shape alone, added up in their order: the same bits with any number of threads.
  const long blockRows = most(most(1L, 8192 / width), (rows + 255) / 256), blocks = (rows + blockRows - 1) / blockRows;
  enum { withSign, plain, along, inside, kSums };
  const Scratch<double> totals(blocks * kSums), ofShift(perChannel ? blocks * padded : 1);
  double *total64 = totals, *shift64 = ofShift;
  const Vf single = all(shifts == 1 ? shift[0] : 0), scale = all(box.scale), factor = all(box.factor), edge = all(box.width);
  const bool twice = box.k == 2;
  tasks(threads, blocks, 4 * blockRows * width, [=](long block) {
    Lanes lanes[kSums];
    double* own = shift64 + block * padded;
    if (perChannel) memset(own, 0, padded * sizeof(double));
    const long end = least(rows, (block + 1) * blockRows);
    for (long row = block * blockRows; row < end; row++) {
      const long first = row * width, count = least(width, n - first);
      for (long c = 0; c < count; c += W) {
        const int lanesLeft = int(least(long(W), count - c));
        const Vf g = part(dy + first + c, lanesLeft), t = part(x + first + c, lanesLeft) + (perChannel ? part(shift + c, lanesLeft) : single);
        const Vf q = t / scale, u = twice ? q * all(2) - all(1) : q;
        const auto isInside = maximum(u, -u) <= edge;
        const Vf d = isInside ? g * factor : Vf{};
        put(dx + first + c, d, lanesLeft);
        lanes[withSign].add(u < Vf{} ? -g : g);
        lanes[plain].add(g);
        // Outside of the box t may be infinite.
        lanes[along].addProduct(d, isInside ? t : Vf{});
        if (perChannel) {
          Vd sum[2];
          memcpy(sum, own + c, sizeof sum);
          sum[0] += low64(d);
          sum[1] += high64(d);
          memcpy(own + c, sum, sizeof sum);
        }
        else lanes[inside].add(d);
      }
    }
    for (int k = 0; k < kSums; k++) total64[block * kSums + k] = total(lanes[k].low) + total(lanes[k].high);
  });
  double all64[kSums] = {};
  for (long block = 0; block < blocks; block++)
    for (int k = 0; k < kSums; k++) all64[k] += total64[block * kSums + k];
  for (int k = 0; k < inside; k++) sums[k] = float(all64[k]);
  if (shifts == 1) dshift[0] = float(all64[inside]);
  if (!perChannel) return;
  if (blocks == 0) return fill(1, dshift, shifts, 0);
  for (long block = 1; block < blocks; block++)
    for (long c = 0; c < shifts; c++) shift64[c] += shift64[block * padded + c];
  for (long c = 0; c < shifts; c++) dshift[c] = float(shift64[c]);
}

}  // namespace surge::SURGE_ISA
