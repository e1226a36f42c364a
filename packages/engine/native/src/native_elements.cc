// The methods of NativeProvider on numbers one by one, and on where they lie: optimizers, element-wise kernels, gathers. Nothing is computed here.
#include "native_provider.h"

#define METHOD(name) Napi::Value NativeProvider::name(const Napi::CallbackInfo& info)

namespace surge {

METHOD(sgdStep) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats w = a.floats(), g = a.floats(), v = a.floats(), newW = a.floats(), newV = a.floats();
    SgdAttributes s;
    s.learningRate = a.number();
    s.momentum = a.number();
    s.nesterov = a.flag();
    s.weightDecay = a.number();
    s.clipMin = a.number();
    s.clipMax = a.number();
    k.sgdStep(threads, w, g, v, newW, newV, w.length, s);
  });
}
METHOD(adamStep) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats w = a.floats(), g = a.floats(), m = a.floats(), v = a.floats();
    const Floats newW = a.floats(), newM = a.floats(), newV = a.floats();
    AdamAttributes s;
    s.learningRate = a.number();
    s.beta1 = a.number();
    s.beta2 = a.number();
    s.epsilon = a.number();
    s.step = a.number();
    s.weightDecay = a.number();
    s.decoupled = a.flag();
    s.clipMin = a.number();
    s.clipMax = a.number();
    k.adamStep(threads, w, g, m, v, newW, newM, newV, w.length, s);
  });
}
METHOD(bopStep) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats w = a.floats(), g = a.floats(), m = a.floats(), newW = a.floats(), newM = a.floats();
    const double gamma = a.number();
    k.bopStep(threads, w, g, m, newW, newM, w.length, gamma, a.number());
  });
}
METHOD(unary) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const auto op = Unary(a.whole());
    const Floats x = a.floats(), y = a.floats();
    k.unary(threads, op, x, y, x.length);
  });
}
METHOD(clip) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), y = a.floats();
    const float low = float(a.number());
    k.clip(threads, x, y, x.length, low, float(a.number()));
  });
}
METHOD(binary) {
  return run(info, [&](Arguments& arguments, const KernelSet& k, int threads) {
    const auto op = Binary(arguments.whole());
    const Floats a = arguments.floats(), b = arguments.floats(), y = arguments.floats();
    const long inner = arguments.whole();
    k.binary(threads, op, a, b, y, a.length, b.length, inner, arguments.flag());
  });
}
METHOD(prelu) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), alpha = a.floats(), y = a.floats();
    k.prelu(threads, x, alpha, y, x.length, alpha.length);
  });
}
METHOD(preluGradient) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats dy = a.floats(), x = a.floats(), alpha = a.floats(), dx = a.floats(), dalpha = a.floats();
    k.preluGradient(threads, dy, x, alpha, dx, dalpha, x.length, alpha.length);
  });
}
METHOD(addClip) {
  return run(info, [&](Arguments& arguments, const KernelSet& k, int threads) {
    const Floats a = arguments.floats(), b = arguments.maybeFloats(), y = arguments.floats();
    const float low = float(arguments.number());
    k.addClip(threads, a, b, y, a.length, low, float(arguments.number()));
  });
}
METHOD(addClipGradient) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats dy = a.floats(), y = a.floats(), dx = a.floats();
    const float low = float(a.number());
    k.addClipGradient(threads, dy, y, dx, dy.length, low, float(a.number()));
  });
}
METHOD(sum) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), y = a.floats();
    const long outer = a.whole(), reduced = a.whole();
    k.sum(threads, x, y, outer, reduced, a.whole());
  });
}
METHOD(gather) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats();
    long rows;
    const int32_t* ids = a.integers(&rows);
    const Floats y = a.floats();
    k.gather(threads, x, ids, y, rows, a.whole());
  });
}
METHOD(transpose) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), y = a.floats();
    long axes;
    const int32_t* sizes = a.integers(&axes);
    if (y.length > 0) k.transpose(threads, x, y, int(axes), sizes, a.integers(&axes));
  });
}
METHOD(copyRuns) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), y = a.floats();
    const long rows = a.whole(), length = a.whole();
    const long xStart = a.whole(), xStep = a.whole(), yStart = a.whole();
    k.copyRuns(threads, x + xStart, y + yStart, rows, length, xStep, a.whole());
  });
}
METHOD(segmentSum) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats();
    long rows;
    const int32_t* ids = a.integers(&rows);
    const Floats y = a.floats();
    const long inner = a.whole();
    k.segmentSum(threads, x, ids, y, rows, inner ? y.length / inner : 0, inner);
  });
}
METHOD(fill) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats y = a.floats();
    k.fill(threads, y, y.length, float(a.number()));
  });
}

}  // namespace surge
