// The face of the packed runtime's kernels to JavaScript.
#pragma once
#include <napi.h>

namespace surge {

Napi::Function definePackedKernels(Napi::Env env);
// (bytes) => ArrayBuffer of zeros, aligned as the kernels like it.
Napi::Value takePackedMemory(const Napi::CallbackInfo& info);

}  // namespace surge
