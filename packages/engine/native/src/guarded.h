// C++ exceptions as JavaScript errors that say what happened.
#pragma once
#include <napi.h>

#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <stdexcept>

namespace surge {

template <class F>
void guarded(const Napi::CallbackInfo& info, F f) {
  try {
    f();
  } catch (const std::bad_alloc&) {
    throw Napi::RangeError::New(info.Env(), "the native engine is out of memory; lower the batch size");
  } catch (const std::invalid_argument& error) {
    throw Napi::TypeError::New(info.Env(), error.what());
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_out_of_memory) throw Napi::RangeError::New(info.Env(), "oneDNN is out of memory; lower the batch size");
    throw Napi::Error::New(info.Env(), std::string("oneDNN: ") + error.what());
  }
}

}  // namespace surge
