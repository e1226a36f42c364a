// Which instruction set's kernels run: the best that the CPU has, or the one that SURGE_ISA names.
#pragma once
#include <string>
#include <vector>

#include "kernels/kernel_set.h"

namespace surge {

// Names of the sets that were compiled in, best first, whether or not this CPU has them.
std::vector<std::string> compiledSets();
// Those of them that this CPU can run.
std::vector<std::string> runnableSets();

// The set called `name`, or the best for "". Throws std::invalid_argument with a sentence for an unknown name or a CPU without it.
const KernelSet& chooseSet(const std::string& name);

}  // namespace surge
