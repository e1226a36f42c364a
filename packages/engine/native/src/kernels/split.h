// Work over threads (OpenMP). Pieces are cut by size alone, never by the number of threads, wherever a sum crosses them.
#pragma once
#include <omp.h>

#include <new>

#include "kernels/simd.h"

namespace surge::SURGE_ISA {

// A thread is worth its wake-up from about this many float reads on.
constexpr long kGrain = 16384;

// No exception may leave a parallel region: that memory ran out is noted, and thrown again behind it.
template <class F>
inline void attempt(bool& failed, F f) {
  try {
    f();
  } catch (const std::bad_alloc&) {
#pragma omp atomic write
    failed = true;
  }
}

// f(from, to) over [0, n) in one run of consecutive entries a thread; cut at multiples of `unit`.
template <class F>
inline void split(int threads, long n, long cost, long unit, F f) {
  if (threads < 2 || n * cost <= kGrain) {
    f(0L, n);
    return;
  }
  bool failed = false;
#pragma omp parallel num_threads(threads)
  {
    const long t = omp_get_thread_num(), all = omp_get_num_threads();
    const long units = (n + unit - 1) / unit;
    const long from = units * t / all * unit, to = least(n, units * (t + 1) / all * unit);
    if (from < to) attempt(failed, [&] { f(from, to); });
  }
  if (failed) throw std::bad_alloc();
}

// Element-wise work: entries, one read each.
template <class F>
inline void each(int threads, long n, F f) {
  split(threads, n, 1, 16, f);
}

// f(i) for the tasks 0 .. n - 1, handed out one by one; `cost` float operations each.
template <class F>
inline void tasks(int threads, long n, long cost, F f) {
  if (threads < 2 || n < 2 || n * cost <= kGrain) {
    for (long i = 0; i < n; i++) f(i);
    return;
  }
  bool failed = false;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (long i = 0; i < n; i++) attempt(failed, [&] { f(i); });
  if (failed) throw std::bad_alloc();
}

}  // namespace surge::SURGE_ISA
