// The parameters of a float convolution's record, whatever its weights are.
#pragma once
#include "packed/record.h"

namespace surge::SURGE_ISA {

struct FloatParameters {
  explicit FloatParameters(Record r)
      : window(r.window()),
        channels(r.word(kWindowWords)),
        filters(r.word(kWindowWords + 1)),
        groups(r.word(kWindowWords + 2)),
        integers(r.word(kWindowWords + 3) != 0),
        kernel(r.address(kWindowWords + 4)),
        bias(r.address(kWindowWords + 5)),
        padValue(r.number(kWindowWords + 6)),
        exact(r.word(kWindowWords + 7) != 0),
        gathered(r.address(kWindowWords + 8)),
        gatheredThread(r.address(kWindowWords + 9)) {}

  Window window;
  // Channels and filters of one group.
  int channels, filters, groups;
  bool integers;
  uint32_t kernel, bias;
  float padValue;
  bool exact;
  uint32_t gathered, gatheredThread;

  // That a window sees of a group.
  long numbers() const { return long(window.taps()) * channels; }
};

}  // namespace surge::SURGE_ISA
