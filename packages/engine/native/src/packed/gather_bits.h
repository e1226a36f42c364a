// What the windows of a strip see of one group, as rows of bits.
#pragma once
#include "packed/record.h"

namespace surge::SURGE_ISA {

struct BitPicture {
  const char* pixels;
  long pixelBytes;
  // Of a group, and before it in a pixel.
  int channels, firstChannel;
  // Outside the picture all bits are 1, else 0.
  bool setOutside;
};

// Rows of taps * channels bits for the outputs of the rows [y, y + rows), each padded with 0 to whole
// words of 32 bits; they begin at `to`, and behind them 64 more bytes may be written.
void gatherBits(const BitPicture& x, const Window& w, long y, long rows, char* to);

// Moves `count` bits of a row from bit `bit` on into words, one after the other.
class BitWriter {
 public:
  explicit BitWriter(char* to) : to_(to) {}

  // The lowest `count` bits, at most 32; those above are 0.
  void put(uint64_t bits, int count) {
    held_ |= bits << filled_;
    filled_ += count;
    if (filled_ >= 32) flush();
  }
  void putAll(bool value, int count) {
    for (; count > 0; count -= 32) put(value ? low(least(32, count)) : 0, least(32, count));
  }
  void putFrom(const char* row, long bit, int count) {
    for (; count > 0; bit += 32, count -= 32) {
      uint64_t word;
      memcpy(&word, row + bit / 8, sizeof word);
      const int taken = least(32, count);
      put(word >> bit % 8 & low(taken), taken);
    }
  }
  // Ends a row: its last word is filled up with 0.
  char* end() {
    if (filled_ > 0) flush();
    filled_ = 0;
    return to_;
  }

 private:
  static uint64_t low(int count) { return 0xffffffffu >> (32 - count); }
  void flush() {
    const uint32_t word = uint32_t(held_);
    memcpy(to_, &word, sizeof word);
    to_ += sizeof word;
    held_ >>= 32;
    filled_ -= 32;
  }

  char* to_;
  uint64_t held_ = 0;
  int filled_ = 0;
};

}  // namespace surge::SURGE_ISA
