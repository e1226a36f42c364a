#include "onednn/primitives.h"

#include <cstdlib>
#include <new>

namespace surge {

namespace {
constexpr size_t kMostPrimitives = 512;
}

Primitives::Primitives() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

void Primitives::Free::operator()(void* p) const { std::free(p); }

dnnl::primitive_attr Primitives::attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

const Prepared& Primitives::get(const std::string& key, const std::function<Prepared()>& make) {
  const auto found = known_.find(key);
  if (found != known_.end()) {
    order_.splice(order_.begin(), order_, found->second.second);
    return found->second.first;
  }
  Prepared made = make();
  if (known_.size() >= kMostPrimitives) {
    known_.erase(order_.back());
    order_.pop_back();
  }
  order_.push_front(key);
  return known_.emplace(key, std::make_pair(std::move(made), order_.begin())).first->second.first;
}

dnnl::memory Primitives::space(const dnnl::memory::desc& layout, int slot) {
  Space& space = spaces_[slot];
  const size_t bytes = (layout.get_size() + 63) / 64 * 64;
  if (bytes > space.bytes) {
    space.data.reset();
    space.bytes = 0;
    space.data.reset(std::aligned_alloc(64, bytes));
    if (!space.data) throw std::bad_alloc();
    space.bytes = bytes;
  }
  return dnnl::memory(layout, engine_, space.data.get());
}

dnnl::memory Primitives::arranged(const void* data, const dnnl::memory::desc& from, const dnnl::memory::desc& to, int slot) {
  dnnl::memory source(from, engine_, const_cast<void*>(data));
  if (from == to) return source;
  dnnl::memory target = space(to, slot);
  reorder(source, target);
  return target;
}

void Primitives::reorder(dnnl::memory from, dnnl::memory to) {
  dnnl::reorder(from, to).execute(stream_, from, to);
  stream_.wait();
}

void Primitives::run(const Prepared& prepared, std::unordered_map<int, dnnl::memory> arguments) {
  if (prepared.scratchpad.get_size() > 0) arguments.emplace(DNNL_ARG_SCRATCHPAD, space(prepared.scratchpad, kSlotScratchpad));
  prepared.primitive.execute(stream_, arguments);
  stream_.wait();
}

size_t Primitives::bytes() const {
  size_t sum = 0;
  for (const auto& [slot, space] : spaces_) sum += space.bytes;
  return sum;
}

}  // namespace surge
