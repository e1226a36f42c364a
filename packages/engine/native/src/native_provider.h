// The face of the training kernels to JavaScript.
#pragma once
#include <napi.h>

namespace surge {

Napi::Function defineNativeProvider(Napi::Env env);

}  // namespace surge
