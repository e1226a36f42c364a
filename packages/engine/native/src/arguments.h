// What JavaScript passes, as plain C++: typed arrays as pointers with their lengths, checked one by one. The order of a method's
// arguments stands in providers/native/addon.ts.
#pragma once
#include <napi.h>

#include <string>
#include <utility>

#include "geometry.h"
#include "kernels/kernel_set.h"

namespace surge {

struct Floats {
  float* data;
  long length;
  operator float*() const { return data; }
};

class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  Floats floats() {
    const Napi::Value value = next();
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) refuse("a Float32Array");
    auto array = value.As<Napi::Float32Array>();
    return {array.Data(), long(array.ElementLength())};
  }

  // A Float32Array, or undefined: null.
  Floats maybeFloats() {
    if (info_[at_].IsUndefined()) return at_++, Floats{nullptr, 0};
    return floats();
  }

  const int32_t* integers(long* length) {
    const Napi::Value value = next();
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) refuse("an Int32Array");
    auto array = value.As<Napi::Int32Array>();
    *length = long(array.ElementLength());
    return array.Data();
  }

  Geometry geometry() {
    long length;
    const int32_t* fields = integers(&length);
    if (length != kGeometryFields) refuse("a geometry");
    return *reinterpret_cast<const Geometry*>(fields);
  }

  // An ArrayBuffer.
  std::pair<char*, size_t> bytes() {
    const Napi::Value value = next();
    if (!value.IsArrayBuffer()) refuse("an ArrayBuffer");
    auto buffer = value.As<Napi::ArrayBuffer>();
    return {static_cast<char*>(buffer.Data()), buffer.ByteLength()};
  }

  double number() {
    const Napi::Value value = next();
    if (!value.IsNumber()) refuse("a number");
    return value.As<Napi::Number>().DoubleValue();
  }
  long whole() { return long(number()); }
  bool flag() { return next().ToBoolean(); }
  std::string text() { return next().ToString().Utf8Value(); }
  Surrogate surrogate() {
    const auto kind = SurrogateKind(whole());
    return {kind, float(number())};
  }

 private:
  Napi::Value next() { return info_[at_++]; }
  [[noreturn]] void refuse(const char* wanted) {
    throw Napi::TypeError::New(info_.Env(), "native kernel: argument " + std::to_string(at_ - 1) + " must be " + wanted);
  }

  const Napi::CallbackInfo& info_;
  size_t at_ = 0;
};

}  // namespace surge
