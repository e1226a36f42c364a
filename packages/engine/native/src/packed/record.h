// A packed model's program as packages/runtime/src/program/records.ts lays it out: records of 32-bit words in the memory in which the
// model's numbers lie. The numbers here are its offsets.
#pragma once
#include <cstdint>
#include <cstring>

#include "kernels/simd.h"

namespace surge::SURGE_ISA {

// In the order of `programOps`.
enum class Op : int32_t {
  signBits, signFloats, threshold, binaryConv, floatConv, affine, prelu, relu, clip, sigmoid, tanh, softmax, maxPool, maxPoolBits,
  averagePool, add, place, copy, regroup, quantize, int8Conv, signWeightConv, l2Norm, layerNorm, gelu,
  softmaxAttention, bitAttention,
};

// Where an edge stands: row y of thread t at address + y * rowBytes + t * threadBytes. An edge that lives only inside its stage has a
// copy for each thread, of the rows of one strip, and rowBytes 0.
struct Operand {
  uint32_t address, rowBytes, threadBytes;
  bool isLocal() const { return threadBytes != 0; }
};

// The sizes of a window, in the order of `windowWords`.
struct Window {
  int32_t inHeight, inWidth, outWidth, filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft;

  int taps() const { return filterHeight * filterWidth; }
  // Whether the outputs of the rows [0, end) see the pixel where they stand, and no other.
  bool seesItself(long end) const {
    return taps() == 1 && strideHeight == 1 && strideWidth == 1 && padTop == 0 && padLeft == 0 && inWidth == outWidth && end <= inHeight;
  }
};
constexpr int kWindowWords = sizeof(Window) / sizeof(int32_t);

class Record {
 public:
  explicit Record(const int32_t* words) : words_(words) {}
  Op op() const { return Op(words_[0]); }
  Record next() const { return Record(words_ + words_[1]); }
  int node() const { return words_[2]; }
  Operand out() const { return operandAt(3); }
  Operand in() const { return operandAt(6); }

  // What the op needs, from its first parameter on.
  int32_t word(int i) const { return words_[kFirst + i]; }
  uint32_t address(int i) const { return uint32_t(words_[kFirst + i]); }
  float number(int i) const {
    float value;
    memcpy(&value, words_ + kFirst + i, sizeof value);
    return value;
  }
  Operand operand(int i) const { return operandAt(kFirst + i); }
  Window window() const {
    Window w;
    memcpy(&w, words_ + kFirst, sizeof w);
    return w;
  }

 private:
  static constexpr int kFirst = 9;
  Operand operandAt(int i) const { return {uint32_t(words_[i]), uint32_t(words_[i + 1]), uint32_t(words_[i + 2])}; }

  const int32_t* words_;
};

// Rows of a stage's output that one thread computes.
struct Strip {
  char* memory;
  long y, rows;
  int thread;
  // Three words of this thread: report() in sink.h.
  char* status;

  char* at(Operand o) const { return memory + o.address + y * o.rowBytes + long(thread) * o.threadBytes; }
  // The whole edge, of which windows see more than the strip.
  char* whole(Operand o) const { return memory + o.address + long(thread) * o.threadBytes; }
  char* copy(uint32_t address, uint32_t threadBytes) const { return memory + address + long(thread) * threadBytes; }
};

}  // namespace surge::SURGE_ISA
