// A packed model's program in memory: the header and the stages of packages/runtime/src/program/records.ts. Nothing of it is kept
// between calls.
#pragma once
#include <cstddef>
#include <cstdint>

namespace surge {

struct StageWords {
  // Rows of a strip; records, and the address of the first.
  int32_t rows, stripRows, records;
  uint32_t first;
};

struct Program {
  // All memory of the model, from which addresses count; and where the program itself begins.
  char* memory;
  uint32_t address;

  const int32_t* wordsAt(uint32_t at) const { return reinterpret_cast<const int32_t*>(memory + at); }
  int32_t stages() const { return wordsAt(address)[0]; }
  const StageWords& stage(int i) const { return reinterpret_cast<const StageWords*>(memory + address + 16)[i]; }
  // Where a thread tells of a NaN at a sign: node, index (8 bytes, from the second 8 bytes on).
  uint32_t status() const { return uint32_t(wordsAt(address)[1]); }
  char* statusOf(int thread) const { return memory + status() + 64L * thread; }
};

// Refuses what would make the kernels read records beyond the memory's `bytes`: throws std::invalid_argument.
void checkProgram(const Program& program, size_t bytes, int from, int to, int threads);

}  // namespace surge
