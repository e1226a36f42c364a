// Walks the stages of a program. A stage begins when all threads are done with the one before it; its strips are handed out one by
// one. Nothing depends on who computes a strip, so any number of threads gives the same bits.
#include "packed/program.h"

#include "kernels/declarations.h"
#include "kernels/scratch.h"
#include "kernels/split.h"
#include "packed/bit_products.h"
#include "packed/ops.h"
#include "packed/stage.h"

namespace surge::SURGE_ISA {
namespace {

void runStep(const Part* parts, const Step& step, const Strip& strip) {
  const Record r = parts[step.first].record;
  switch (r.op()) {
    case Op::binaryConv: return binaryConv(r, strip, sinkOf(parts, step, strip));
    case Op::floatConv: return floatConv(r, strip, sinkOf(parts, step, strip));
    case Op::maxPool: return maxPool(r, strip, sinkOf(parts, step, strip));
    case Op::averagePool: return averagePool(r, strip, sinkOf(parts, step, strip));
    case Op::maxPoolBits: return maxPoolBits(r, strip);
    case Op::sigmoid: return sigmoid(r, strip);
    case Op::tanh: return tanh(r, strip);
    case Op::softmax: return softmax(r, strip);
    case Op::l2Norm: return l2Norm(r, strip);
    case Op::layerNorm: return layerNorm(r, strip);
    case Op::gelu: return gelu(r, strip);
    case Op::softmaxAttention: return softmaxAttention(r, strip);
    case Op::bitAttention: return bitAttention(r, strip);
    case Op::copy: return copy(r, strip);
    case Op::regroup: return regroup(r, strip);
    case Op::quantize: return quantize(r, strip);
    case Op::int8Conv: return int8Conv(r, strip);
    case Op::signWeightConv: return signWeightConv(r, strip);
    default: return runLinks(parts, step, strip);
  }
}

// A stage of a program, its records cut into steps.
struct Stage {
  long rows, stripRows;
  const Part* parts;
  const Step* steps;
  int made;

  long strips() const { return (rows + stripRows - 1) / stripRows; }

  void run(const Program& program, long index, int thread) const {
    const long y = index * stripRows;
    const Strip strip{program.memory, y, least(stripRows, rows - y), thread, program.statusOf(thread)};
    for (int i = 0; i < made; i++) runStep(parts, steps[i], strip);
  }
};

}  // namespace

void runProgram(const Program& program, int from, int to, int threads) {
  for (int thread = 0; thread < threads; thread++) {
    const int32_t none = -1;
    memcpy(program.statusOf(thread), &none, sizeof none);
  }
  long records = 0;
  for (int i = from; i < to; i++) records += program.stage(i).records;
  const Scratch<Part> parts(records);
  const Scratch<Step> steps(records);
  const Scratch<Stage> stages(to - from);
  long planned = 0;
  for (int i = from; i < to; i++) {
    const StageWords& s = program.stage(i);
    const int made = planSteps(Record(program.wordsAt(s.first)), s.records, parts + planned, steps + planned);
    stages[i - from] = {s.rows, s.stripRows, parts + planned, steps + planned, made};
    planned += s.records;
  }
  if (threads < 2) {
    for (int i = 0; i < to - from; i++)
      for (long strip = 0; strip < stages[i].strips(); strip++) stages[i].run(program, strip, 0);
    return;
  }
  bool failed = false;
#pragma omp parallel num_threads(threads)
  for (int i = 0; i < to - from; i++) {
    const long strips = stages[i].strips();
#pragma omp for schedule(dynamic, 1)
    for (long strip = 0; strip < strips; strip++) attempt(failed, [&] { stages[i].run(program, strip, omp_get_thread_num()); });
  }
  if (failed) throw std::bad_alloc();
}

}  // namespace surge::SURGE_ISA
