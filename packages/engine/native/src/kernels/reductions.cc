// Sums, in float64. Rows are summed in blocks whose size depends on the shape alone, and the blocks in their order.

#include "kernels/columns.h"
#include "kernels/declarations.h"

namespace surge::SURGE_ISA {

void sum(int threads, const float* x, float* y, long outer, long reduced, long inner) {
  if (reduced == 0 || inner == 0) {
    fill(1, y, outer * inner, 0);
    return;
  }
  if (inner == 1 && outer == 1) {
    // One number: lanes of a block of rows are as good as columns.
    Columns<1> all(reduced / 16 + (reduced % 16 > 0), 16);
    all.run(threads, [=](long row, long lane, Vd* low, Vd* high) {
      float part[W] = {};
      const long from = row * 16 + lane;
      const long count = least<long>(W, reduced - from);
      if (count > 0) memcpy(part, x + from, count * sizeof(float));
      low[0] += low64(part);
      high[0] += high64(part);
    });
    double value = 0;
    for (int lane = 0; lane < 16; lane++) value += all.total(0, lane);
    y[0] = float(value);
    return;
  }
  if (inner == 1) {
    split(threads, outer, reduced, 1, [=](long from, long to) {
      for (long o = from; o < to; o++) {
        const float* row = x + o * reduced;
        Vd low{}, high{};
        long i = 0;
        for (; i + W <= reduced; i += W) {
          low += low64(row + i);
          high += high64(row + i);
        }
        double value = total(low) + total(high);
        for (; i < reduced; i++) value += row[i];
        y[o] = float(value);
      }
    });
    return;
  }
  if (outer == 1) {
    Columns<1> columns(reduced, inner);
    columns.run(threads, [=, &columns](long row, long column, Vd* low, Vd* high) {
      float part[W];
      const float* from = columns.lanes(x + row * inner + column, column, part);
      low[0] += low64(from);
      high[0] += high64(from);
    });
    for (long i = 0; i < inner; i++) y[i] = float(columns.total(0, i));
    return;
  }
  split(threads, outer, reduced * inner, 1, [=](long from, long to) {
    const Scratch<double> sums(inner);
    for (long o = from; o < to; o++) {
      for (long i = 0; i < inner; i++) sums[i] = 0;
      for (long r = 0; r < reduced; r++) {
        const float* row = x + (o * reduced + r) * inner;
        for (long i = 0; i < inner; i++) sums[i] += row[i];
      }
      for (long i = 0; i < inner; i++) y[o * inner + i] = float(sums[i]);
    }
  });
}

void preluGradient(int threads, const float* dy, const float* x, const float* alpha, float* dx, float* dalpha, long n, long alphas) {
  if (n == 0) return fill(1, dalpha, alphas, 0);
  const long columns = alphas == 1 ? 1 : alphas;
  if (columns == 1) {
    // A single slope: rows of 16 entries, their lanes added at the end.
    Columns<1> sums((n + 15) / 16, 16);
    sums.run(threads, [=](long row, long lane, Vd* low, Vd* high) {
      float d[W] = {}, v[W] = {};
      const long from = row * 16 + lane;
      const long count = least<long>(W, n - from);
      if (count <= 0) return;
      memcpy(d, dy + from, count * sizeof(float));
      memcpy(v, x + from, count * sizeof(float));
      float product[W];
      for (int i = 0; i < W; i++) product[i] = v[i] > 0 ? 0 : d[i] * v[i];
      for (int i = 0; i < count; i++) dx[from + i] = v[i] > 0 ? d[i] : d[i] * alpha[0];
      low[0] += low64(product);
      high[0] += high64(product);
    });
    double value = 0;
    for (int lane = 0; lane < 16; lane++) value += sums.total(0, lane);
    dalpha[0] = float(value);
    return;
  }
  Columns<1> sums(n / columns, columns);
  sums.run(threads, [=](long row, long column, Vd* low, Vd* high) {
    const long at = row * columns + column;
    const long count = least<long>(W, columns - column);
    float product[W] = {};
    for (int i = 0; i < count; i++) {
      const float d = dy[at + i], v = x[at + i];
      product[i] = v > 0 ? 0 : d * v;
      dx[at + i] = v > 0 ? d : d * alpha[column + i];
    }
    low[0] += low64(product);
    high[0] += high64(product);
  });
  for (long c = 0; c < columns; c++) dalpha[c] = float(sums.total(0, c));
}

}  // namespace surge::SURGE_ISA
