// Ops that give an edge another shape.
#include "packed/gather_bits.h"
#include "packed/ops.h"

namespace surge::SURGE_ISA {

void copy(Record record, const Strip& strip) { memcpy(strip.at(record.out()), strip.at(record.in()), strip.rows * record.address(0)); }

// Bits in rows of another length, each with a padding of its own.
void regroup(Record record, const Strip& strip) {
  const char* x = strip.at(record.in());
  char* to = strip.at(record.out());
  const long rows = record.word(0), length = record.word(1), newLength = record.word(2);
  const long rowBytes = (length + 31) / 32 * 4;
  BitWriter writer(to);
  long filled = 0;
  for (long row = 0; row < rows; row++) {
    for (long done = 0; done < length;) {
      const long taken = least(length - done, newLength - filled);
      writer.putFrom(x + row * rowBytes, done, taken);
      done += taken;
      filled += taken;
      if (filled < newLength) continue;
      to = writer.end();
      filled = 0;
    }
  }
}

}  // namespace surge::SURGE_ISA
