// The addon's face: the kernels of training (native_provider.cc), the packed runtime's (packed_kernels.cc), and what `surge-bnn doctor` asks.
#include <napi.h>
#include <sys/mman.h>

#include "isa.h"
#include "native_provider.h"
#include "packed_kernels.h"
#include "provider.h"

namespace surge {
namespace {

// Raised with every change of a method's arguments: a stale build is refused by providers/native/addon.ts instead of misread.
constexpr int kInterface = 13;

Napi::Array names(Napi::Env env, const std::vector<std::string>& list) {
  auto array = Napi::Array::New(env, list.size());
  for (size_t i = 0; i < list.size(); i++) array[uint32_t(i)] = list[i];
  return array;
}

// Asks the system for large pages under an ArrayBuffer; a hint, which it may leave unheard.
Napi::Value useLargePages(const Napi::CallbackInfo& info) {
#if defined(MADV_HUGEPAGE)
  auto buffer = info[0].As<Napi::ArrayBuffer>();
  constexpr uintptr_t page = 2 << 20;
  const auto start = (reinterpret_cast<uintptr_t>(buffer.Data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<uintptr_t>(buffer.Data()) + buffer.ByteLength()) / page * page;
  if (start < end) madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#endif
  return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const dnnl_version_t* version = dnnl_version();
  exports["interface"] = kInterface;
  exports["compiled"] = names(env, compiledSets());
  exports["runnable"] = names(env, runnableSets());
  exports["oneDnn"] = std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
  exports["useLargePages"] = Napi::Function::New(env, useLargePages);
  exports["PackedKernels"] = definePackedKernels(env);
  exports["NativeProvider"] = NativeProvider::define(env);
  return exports;
}

}  // namespace
}  // namespace surge

Napi::Object Init(Napi::Env env, Napi::Object exports) { return surge::init(env, exports); }
NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
