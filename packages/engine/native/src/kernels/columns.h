// Column sums of a [rows, columns] array in float64: K of them in one pass. Rows are cut into blocks by the shape alone, each
// block's sums are kept and added up in order: the same bits with any number of threads.
#pragma once
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace surge::SURGE_ISA {

template <int K>
class Columns {
 public:
  Columns(long rows, long columns)
      : rows_(rows),
        columns_(columns),
        padded_((columns + W - 1) / W * W),
        blockRows_(rowsOf(rows, columns)),
        blocks_((rows + blockRows_ - 1) / blockRows_),
        sums_(most(1L, blocks_) * K * padded_) {}

  // f(row, column, low[K], high[K]) adds W entries from `column` on to the sums; columns past the end count for nothing.
  template <class F>
  void run(int threads, F f) {
    tasks(threads, blocks_, blockRows_ * columns_, [&](long block) {
      const long first = block * blockRows_, end = least(rows_, first + blockRows_);
      double* out = sums_ + block * K * padded_;
      for (long column = 0; column < padded_; column += W) {
        Vd low[K] = {}, high[K] = {};
        for (long row = first; row < end; row++) f(row, column, low, high);
        for (int k = 0; k < K; k++) {
          memcpy(out + k * padded_ + column, &low[k], sizeof(Vd));
          memcpy(out + k * padded_ + column + W / 2, &high[k], sizeof(Vd));
        }
      }
    });
    // Into the first block's place, along the rows of sums: a column at a time would be read against the grain of every cache.
    double* all = sums_;
    if (blocks_ == 0) memset(all, 0, K * padded_ * sizeof(double));
    for (long block = 1; block < blocks_; block++) {
      const double* own = all + block * K * padded_;
      for (long i = 0; i < K * padded_; i++) all[i] += own[i];
    }
  }

  double total(int k, long column) const { return sums_[k * padded_ + column]; }

  // W entries from p on, which is the row's `column`: in place, or copied to `spare` with zeros where the row has ended.
  const float* lanes(const float* p, long column, float* spare) const {
    if (column + W <= columns_) return p;
    for (int i = 0; i < W; i++) spare[i] = column + i < columns_ ? p[i] : 0;
    return spare;
  }

 private:
  // A block of about 32 KiB of floats stays in the first-level cache over the passes along its columns; more than 256 blocks would cost
  // more than they balance.
  static long rowsOf(long rows, long columns) { return most(most<long>(1, 8192 / most<long>(columns, 1)), (rows + 255) / 256); }

  const long rows_, columns_, padded_, blockRows_, blocks_;
  const Scratch<double> sums_;
};

}  // namespace surge::SURGE_ISA
