// Numbers of an edge one by one, whatever their type.
#pragma once
#include "packed/record.h"

namespace surge::SURGE_ISA {

inline double numberAt(const char* p, bool integers) {
  if (integers) {
    int32_t value;
    memcpy(&value, p, sizeof value);
    return value;
  }
  float value;
  memcpy(&value, p, sizeof value);
  return value;
}

// Rounded to a float.
inline void putNumber(char* p, double value) {
  const float rounded = float(value);
  memcpy(p, &rounded, sizeof rounded);
}

// Each number by itself. Parameters: numbers a row, input is i32.
template <class F>
void eachNumber(Record record, const Strip& strip, F f) {
  const char* x = strip.at(record.in());
  char* out = strip.at(record.out());
  const bool integers = record.word(1) != 0;
  const long bytes = 4 * strip.rows * record.word(0);
  for (long at = 0; at < bytes; at += 4) putNumber(out + at, f(numberAt(x + at, integers)));
}

}  // namespace surge::SURGE_ISA
