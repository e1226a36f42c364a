// What is checked of a program before it is run. Programs come from our own TypeScript, which places all that they point to; that a
// buffer and a program belong together is what a caller could get wrong.
#include <stdexcept>

#include "packed/program.h"

namespace surge {
namespace {

// Words before a record's parameters, and ops that exist.
constexpr int kRecordWords = 9, kOps = 27;

void demand(bool is) {
  if (!is) throw std::invalid_argument("native packed kernels: this is not a program in a memory of its own");
}

}  // namespace

void checkProgram(const Program& program, size_t bytes, int from, int to, int threads) {
  const auto inside = [&](size_t at, size_t size) { return at % 4 == 0 && at <= bytes && size <= bytes - at; };
  demand(inside(program.address, 16));
  demand(from >= 0 && from <= to && to <= program.stages() && threads > 0);
  demand(inside(program.address + 16, size_t(program.stages()) * sizeof(StageWords)));
  demand(inside(program.status(), size_t(threads) * 64));
  for (int i = from; i < to; i++) {
    const StageWords& stage = program.stage(i);
    demand(stage.rows >= 0 && stage.stripRows > 0 && stage.records > 0);
    size_t at = stage.first;
    for (int32_t r = 0; r < stage.records; r++) {
      demand(inside(at, kRecordWords * 4));
      const int32_t* record = program.wordsAt(uint32_t(at));
      demand(record[0] >= 0 && record[0] < kOps && record[1] >= kRecordWords && inside(at, size_t(record[1]) * 4));
      at += size_t(record[1]) * 4;
    }
  }
}

}  // namespace surge
