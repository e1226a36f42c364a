#include "onednn/matmul.h"

#include <algorithm>

namespace surge {
namespace {

using dnnl::memory;
using Type = memory::data_type;

// A batch of rows x columns matrices, stored transposed or not; a stride of 0 is a batch of one that is broadcast.
memory::desc matrices(long batch, long rows, long columns, bool transposed, long stride) {
  const memory::dims sizes = {stride == 0 ? 1 : batch, rows, columns};
  const long step = std::max(1L, stride == 0 ? rows * columns : stride);
  const memory::dims strides = transposed ? memory::dims{step, 1, rows} : memory::dims{step, columns, 1};
  return memory::desc(sizes, Type::f32, strides);
}

}  // namespace

void matMul(Primitives& p, int threads, const float* a, const float* b, float* c, const MatMulShape& s) {
  if (s.batch == 0 || s.m == 0 || s.n == 0) return;
  if (s.k == 0) {
    std::fill(c, c + s.batch * s.m * s.n, 0.0f);
    return;
  }
  const memory::desc left = matrices(s.batch, s.m, s.k, s.transposeA, s.strideA);
  const memory::desc right = matrices(s.batch, s.k, s.n, s.transposeB, s.strideB);
  const memory::desc out = matrices(s.batch, s.m, s.n, false, s.m * s.n);
  std::string key("matmul");
  const long parts[] = {threads, s.batch, s.m, s.k, s.n, s.transposeA, s.transposeB, s.strideA, s.strideB};
  key.append(reinterpret_cast<const char*>(parts), sizeof parts);
  const Prepared& own = p.get(key, [&] {
    const auto d = describe<dnnl::matmul>(p.engine(), left, right, out);
    return Prepared{dnnl::matmul(d), {}, d.scratchpad_desc(), d.impl_info_str()};
  });
  p.run(own, {{DNNL_ARG_SRC, memory(left, p.engine(), const_cast<float*>(a))},
              {DNNL_ARG_WEIGHTS, memory(right, p.engine(), const_cast<float*>(b))},
              {DNNL_ARG_DST, memory(out, p.engine(), c)}});
}

}  // namespace surge
