#include "isa.h"

#include <stdexcept>

namespace surge {
namespace {

struct Candidate {
  const KernelSet* set;
  bool runs;
};

// Best first.
std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
#if defined(SURGE_X64)
  __builtin_cpu_init();
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vpopcntdq");
  const bool middle = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  all.push_back({&avx512::kernels, wide && middle});
  all.push_back({&avx2::kernels, middle});
#elif defined(SURGE_ARM64)
  all.push_back({&neon::kernels, true});
#endif
  all.push_back({&portable::kernels, true});
  return all;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::vector<std::string> compiledSets() {
  std::vector<std::string> names;
  for (const auto& c : candidates()) names.push_back(c.set->name);
  return names;
}

std::vector<std::string> runnableSets() {
  std::vector<std::string> names;
  for (const auto& c : candidates())
    if (c.runs) names.push_back(c.set->name);
  return names;
}

const KernelSet& chooseSet(const std::string& name) {
  for (const auto& c : candidates()) {
    if (name.empty() ? c.runs : name == c.set->name) {
      if (c.runs) return *c.set;
      throw std::invalid_argument("SURGE_ISA=" + name + ": this CPU has no " + name + "; allowed here: " + joined(runnableSets()));
    }
  }
  throw std::invalid_argument("SURGE_ISA=" + name + " is unknown; allowed here: " + joined(runnableSets()));
}

}  // namespace surge
