// What is computed in one go: a record, and behind it those row-wise records that take its numbers as they come.
#pragma once
#include "packed/sink.h"

namespace surge::SURGE_ISA {

// How a record gets the numbers that the step has in registers when its turn comes: from memory all the same, or as its first or second
// input.
enum class Taken : uint8_t { no, asFirst, asSecond };

// One record of a stage.
struct Part {
  Record record{nullptr};
  Taken taken = Taken::no;
  // Whether what it makes has to be in memory: another stage reads it, or another step of this one.
  bool stored = true;
};

// Consecutive records; `channels` 0 where none of them knows of channels.
struct Step {
  int first, count, channels;
};

// Cuts the `count` records of a stage into at most as many steps. @returns how many.
int planSteps(Record first, int count, Part* parts, Step* steps);

// Where the numbers of a step go that begins with something else than a link.
Sink sinkOf(const Part* parts, const Step& step, const Strip& strip);

// A step that begins with a link, whose input comes from memory.
void runLinks(const Part* parts, const Step& step, const Strip& strip);

}  // namespace surge::SURGE_ISA
