// Kernels that move numbers: rows of a table, their gradient, transposition, runs.
#include "kernels/declarations.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {

void gather(int threads, const float* x, const int32_t* ids, float* y, long rows, long inner) {
  if (inner == 0) return;
  split(threads, rows, inner, 1, [=](long from, long to) {
    for (long i = from; i < to; i++) memcpy(y + i * inner, x + ids[i] * inner, inner * sizeof(float));
  });
}

// Threads own columns, so each segment's sum runs over its rows in ascending order whatever the number of threads.
void segmentSum(int threads, const float* x, const int32_t* ids, float* y, long rows, long segments, long inner) {
  fill(threads, y, segments * inner, 0);
  split(threads, inner, rows, 16, [=](long from, long to) {
    for (long r = 0; r < rows; r++) {
      if (ids[r] < 0 || ids[r] >= segments) continue;
      float* target = y + long(ids[r]) * inner;
      const float* source = x + r * inner;
      for (long i = from; i < to; i++) target[i] += source[i];
    }
  });
}

// The last axis in runs, the axes before it like an odometer.
void transpose(int threads, const float* x, float* y, int axes, const int32_t* sizes, const int32_t* steps) {
  long rows = 1;
  for (int axis = 0; axis < axes - 1; axis++) rows *= sizes[axis];
  const long run = sizes[axes - 1], step = steps[axes - 1];
  split(threads, rows, 2 * run, 1, [=](long from, long to) {
    for (long row = from; row < to; row++) {
      long rest = row, at = 0;
      for (int axis = axes - 2; axis >= 0; axis--) {
        at += rest % sizes[axis] * steps[axis];
        rest /= sizes[axis];
      }
      float* out = y + row * run;
      if (step == 1) memcpy(out, x + at, run * sizeof(float));
      else for (long i = 0; i < run; i++) out[i] = x[at + i * step];
    }
  });
}

// Threads own entries, not runs: a few long runs are shared out as well as many short ones.
void copyRuns(int threads, const float* x, float* y, long rows, long length, long xStep, long yStep) {
  each(threads, rows * length, [=](long from, long to) {
    if (from == to) return;
    long row = from / length, skipped = from % length;
    for (; from < to; row++, skipped = 0) {
      const long count = least(length - skipped, to - from);
      memcpy(y + row * yStep + skipped, x + row * xStep + skipped, count * sizeof(float));
      from += count;
    }
  });
}

}  // namespace surge::SURGE_ISA
