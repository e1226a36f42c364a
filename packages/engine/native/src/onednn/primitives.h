// oneDNN primitives and the memory around them: made once for a shape and kept. What its versions 2 and 3 write differently is here,
// and nowhere else.
#pragma once
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace surge {

// A product's operand types. One operand of the binary branch is a sign, which bfloat16 holds exactly.
enum class Precision : int { float32, bfloat16 };

// One primitive with the layouts that it asked for.
struct Prepared {
  dnnl::primitive primitive;
  std::unordered_map<int, dnnl::memory::desc> layouts;  // by DNNL_ARG_*
  dnnl::memory::desc scratchpad;
  std::string implementation;
};

class Primitives {
 public:
  Primitives();

  const dnnl::engine& engine() const { return engine_; }

  // The primitive for a key, made by `make` when it is new. The oldest of many is forgotten.
  const Prepared& get(const std::string& key, const std::function<Prepared()>& make);

  // The attributes that every primitive of ours is made with: its scratch memory comes from us.
  static dnnl::primitive_attr attributes();

  // `data`, which lies as `from`, in the layout `to`: itself where they are equal, else reordered into memory of slot `slot`.
  dnnl::memory arranged(const void* data, const dnnl::memory::desc& from, const dnnl::memory::desc& to, int slot);
  // Memory of slot `slot` in that layout.
  dnnl::memory space(const dnnl::memory::desc& layout, int slot);
  // Copies between layouts and types.
  void reorder(dnnl::memory from, dnnl::memory to);
  void run(const Prepared& prepared, std::unordered_map<int, dnnl::memory> arguments);

  size_t bytes() const;

 private:
  struct Free {
    void operator()(void* p) const;
  };
  struct Space {
    std::unique_ptr<void, Free> data;
    size_t bytes = 0;
  };

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::list<std::string> order_;
  std::unordered_map<std::string, std::pair<Prepared, std::list<std::string>::iterator>> known_;
  std::map<int, Space> spaces_;
};

// What versions 2 and 3 write differently: the description of a primitive, and of a gradient, which wants the forward's as a hint.
// `operation` says what is computed on what, in oneDNN's order.
#if DNNL_VERSION_MAJOR >= 3
template <class Primitive, class... Operation>
typename Primitive::primitive_desc describe(const dnnl::engine& engine, const Operation&... operation) {
  return {engine, operation..., Primitives::attributes()};
}
template <class Primitive, class Hint, class... Operation>
typename Primitive::primitive_desc describeGradient(const dnnl::engine& engine, const Hint& forward, const Operation&... operation) {
  return {engine, operation..., forward, Primitives::attributes()};
}
#else
template <class Primitive, class... Operation>
typename Primitive::primitive_desc describe(const dnnl::engine& engine, const Operation&... operation) {
  return {typename Primitive::desc(operation...), Primitives::attributes(), engine};
}
template <class Primitive, class Hint, class... Operation>
typename Primitive::primitive_desc describeGradient(const dnnl::engine& engine, const Hint& forward, const Operation&... operation) {
  return {typename Primitive::desc(operation...), Primitives::attributes(), engine, forward};
}
#endif

// The slots of Primitives' memory.
enum Slot : int { kSlotWeights, kSlotFirst, kSlotSecond, kSlotScratchpad };

}  // namespace surge
