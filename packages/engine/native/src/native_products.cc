// The methods of NativeProvider that multiply: convolutions, matrices, and the branches of a binary layer. Nothing is computed here.
#include "native_provider.h"

#define METHOD(name) Napi::Value NativeProvider::name(const Napi::CallbackInfo& info)

namespace surge {

METHOD(conv2d) {
  return run(info, [&](Arguments& a, const KernelSet&, int) {
    const Floats x = a.floats(), filter = a.floats(), y = a.floats();
    provider_->conv2d(x, filter, y, a.geometry());
  });
}
METHOD(conv2dInputGradient) {
  return run(info, [&](Arguments& a, const KernelSet&, int) {
    const Floats dy = a.floats(), filter = a.floats(), dx = a.floats();
    provider_->conv2dInputGradient(dy, filter, dx, a.geometry());
  });
}
METHOD(conv2dFilterGradient) {
  return run(info, [&](Arguments& a, const KernelSet&, int) {
    const Floats x = a.floats(), dy = a.floats(), dfilter = a.floats();
    provider_->conv2dFilterGradient(x, dy, dfilter, a.geometry());
  });
}
METHOD(canonicalConv2d) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), kernel = a.floats(), bias = a.maybeFloats(), y = a.floats();
    const Geometry g = a.geometry();
    k.canonicalConv(threads, x, kernel, bias, y, g, float(a.number()));
  });
}
METHOD(matMul) {
  return run(info, [&](Arguments& arguments, const KernelSet&, int) {
    const Floats a = arguments.floats(), b = arguments.floats(), c = arguments.floats();
    MatMulShape s;
    s.batch = arguments.whole();
    s.m = arguments.whole();
    s.k = arguments.whole();
    s.n = arguments.whole();
    s.transposeA = arguments.flag();
    s.transposeB = arguments.flag();
    s.strideA = arguments.whole();
    s.strideB = arguments.whole();
    provider_->matMul(a, b, c, s);
  });
}
METHOD(signConv2d) {
  int said = 0;
  run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), kernel = a.floats(), y = a.floats();
    const Geometry g = a.geometry();
    said = k.signConv(threads, x, kernel, y, g, int(a.whole()));
  });
  return Napi::Number::New(info.Env(), said);
}
// Writes |gb|^2, |ga|^2, <gb, ga>, the number of slopes that are 0, and the seconds of each part into a Float64Array of ten.
METHOD(branches) {
  return run(info, [&](Arguments& a, const KernelSet&, int) {
    const Floats dy = a.floats(), x = a.floats(), kernel = a.floats(), auxiliary = a.maybeFloats();
    const Floats gb = a.floats(), dkernel = a.floats(), dauxiliary = a.maybeFloats();
    const Geometry g = a.geometry();
    const Branches b = provider_->branches(dy, x, kernel, auxiliary, gb, dkernel, dauxiliary, g, a.surrogate());
    auto out = info[10].As<Napi::Float64Array>();
    const double values[] = {b.sums.squaredB, b.sums.squaredA, b.sums.inner, b.sums.clipped, b.minimal,
                             b.binaryInput, b.auxiliaryInput, b.measured, b.binaryFilter, b.auxiliaryFilter};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) out[i] = values[i];
  });
}
METHOD(combineBranches) {
  return run(info, [&](Arguments& a, const KernelSet&, int) {
    const Floats gb = a.floats();
    const float binary = float(a.number());
    provider_->combineBranches(gb, gb.length, binary, float(a.number()));
  });
}
METHOD(finishBinaryFilter) {
  return run(info, [&](Arguments& a, const KernelSet&, int) {
    const Floats dy = a.floats(), kernel = a.floats(), dkernel = a.floats();
    const Geometry g = a.geometry();
    const int padValue = int(a.whole());
    provider_->finishBinaryFilter(dy, kernel, dkernel, g, padValue, a.surrogate());
  });
}
METHOD(finishAuxiliaryFilter) {
  return run(info, [&](Arguments& a, const KernelSet&, int) {
    const Floats dauxiliary = a.floats();
    provider_->finishAuxiliaryFilter(dauxiliary, dauxiliary.length, float(a.number()));
  });
}

}  // namespace surge
