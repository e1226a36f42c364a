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

// Writes bits one after the other, into rows of 32-bit words.
class BitWriter {
 public:
  explicit BitWriter(char* to) : to_(to) {}

  // The lowest `count` bits, 1 to 56; those above are 0.
  void put(uint64_t bits, int count) {
    held_ |= bits << filled_;
    filled_ += count;
    if (filled_ < 64) return;
    memcpy(to_, &held_, sizeof held_);
    to_ += sizeof held_;
    filled_ -= 64;
    held_ = filled_ ? bits >> (count - filled_) : 0;
  }
  void putAll(bool value, long count) {
    for (; count > 0; count -= kMost) put(value ? low(least(count, kMost)) : 0, int(least(count, kMost)));
  }
  // Bits of a row, from bit `bit` on; seven bytes behind them may be read.
  void putFrom(const char* row, long bit, long count) {
    for (; count > 0; bit += kMost, count -= kMost) {
      uint64_t word;
      memcpy(&word, row + bit / 8, sizeof word);
      put(word >> bit % 8 & low(least(count, kMost)), int(least(count, kMost)));
    }
  }
  // Ends a row: its last word of 32 bits is filled up with 0. @returns where the next one begins.
  char* end() {
    // Not a byte more: behind a row may stand another edge.
    if (filled_ > 32) memcpy(to_, &held_, 8);
    else if (filled_ > 0) memcpy(to_, &held_, 4);
    to_ += (filled_ + 31) / 32 * 4;
    filled_ = 0;
    held_ = 0;
    return to_;
  }

 private:
  // What is left of eight bytes, from whichever bit of the first.
  static constexpr long kMost = 56;
  static uint64_t low(long count) { return ~uint64_t(0) >> (64 - count); }

  char* to_;
  uint64_t held_ = 0;
  int filled_ = 0;
};

}  // namespace surge::SURGE_ISA
