// The face of the packed runtime's kernels to JavaScript.
#pragma once
#include <napi.h>

namespace surge {

Napi::Function definePackedKernels(Napi::Env env);

}  // namespace surge
