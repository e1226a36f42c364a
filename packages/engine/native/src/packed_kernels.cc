#include "packed_kernels.h"

#include "arguments.h"
#include "guarded.h"
#include "isa.h"
#include "packed/program.h"

namespace surge {
namespace {

class PackedKernels : public Napi::ObjectWrap<PackedKernels> {
 public:
  explicit PackedKernels(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PackedKernels>(info) {
    guarded(info, [&] { kernels_ = &chooseSet(Arguments(info).text()); });
  }

  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "PackedKernels",
                       {InstanceMethod("isa", &PackedKernels::isa), InstanceMethod("bitLanes", &PackedKernels::bitLanes),
                        InstanceMethod("bitUnit", &PackedKernels::bitUnit), InstanceMethod("floatLanes", &PackedKernels::floatLanes),
                        InstanceMethod("run", &PackedKernels::run)});
  }

 private:
  Napi::Value isa(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), kernels_->name); }
  Napi::Value bitLanes(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), kernels_->packed.bitLanes); }
  Napi::Value bitUnit(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), kernels_->packed.bitUnit); }
  Napi::Value floatLanes(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), kernels_->packed.floatLanes); }

  // (buffer, program, from, to, threads): computes the stages [from, to) of the program at an address of the buffer.
  Napi::Value run(const Napi::CallbackInfo& info) {
    guarded(info, [&] {
      Arguments a(info);
      const auto [memory, bytes] = a.bytes();
      const Program program{memory, uint32_t(a.whole())};
      const int from = int(a.whole()), to = int(a.whole()), threads = int(a.whole());
      checkProgram(program, bytes, from, to, threads);
      kernels_->packed.run(program, from, to, threads);
    });
    return info.Env().Undefined();
  }

  const KernelSet* kernels_ = nullptr;
};

}  // namespace

Napi::Function definePackedKernels(Napi::Env env) { return PackedKernels::define(env); }

}  // namespace surge
