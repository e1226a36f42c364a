// The class NativeProvider: its methods are the kernels of training, one for each of provider.ts. Nothing is computed here.
#include "native_provider.h"

#include "arguments.h"
#include "guarded.h"
#include "provider.h"

namespace surge {
namespace {

RoiShape roiShape(Arguments& a) {
  long count;
  const int32_t* fields = a.integers(&count);
  if (count != 7) throw std::invalid_argument("RoIAlign needs seven numbers of its shape");
  return {fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6] != 0};
}

class NativeProvider : public Napi::ObjectWrap<NativeProvider> {
 public:
  explicit NativeProvider(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeProvider>(info) {
    guarded(info, [&] {
      Arguments a(info);
      const int threads = int(a.whole());
      provider_ = std::make_unique<Provider>(threads, a.text());
    });
  }

  static Napi::Function define(Napi::Env env);

 private:
  template <class F>
  Napi::Value run(const Napi::CallbackInfo& info, F f) {
    guarded(info, [&] {
      Arguments a(info);
      f(a, provider_->kernels(), provider_->threads());
    });
    return info.Env().Undefined();
  }

#define METHOD(name) Napi::Value name(const Napi::CallbackInfo& info)

  METHOD(setThreads) {
    return run(info, [&](Arguments& a, const KernelSet&, int) { provider_->setThreads(int(a.whole())); });
  }
  METHOD(setPrecision) {
    return run(info, [&](Arguments& a, const KernelSet&, int) {
      const auto binary = Precision(a.whole());
      provider_->setPrecision({binary, Precision(a.whole())});
    });
  }
  METHOD(isa) { return Napi::String::New(info.Env(), provider_->kernels().name); }
  METHOD(bytes) { return Napi::Number::New(info.Env(), double(provider_->bytes())); }

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

  METHOD(batchNorm) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats x = a.floats(), gamma = a.floats(), beta = a.floats(), shortcut = a.maybeFloats();
      const Floats y = a.floats(), mean = a.floats(), variance = a.floats();
      const double epsilon = a.number();
      const float low = float(a.number()), high = float(a.number());
      k.batchNorm(threads, x, gamma, beta, shortcut, y, mean, variance, x.length / gamma.length, gamma.length, epsilon, low, high);
    });
  }
  METHOD(batchNormGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), x = a.floats(), gamma = a.floats(), mean = a.floats(), variance = a.floats();
      const Floats dx = a.floats(), dgamma = a.floats(), dbeta = a.floats();
      k.batchNormGradient(threads, dy, x, gamma, mean, variance, dx, dgamma, dbeta, x.length / gamma.length, gamma.length, a.number());
    });
  }
  METHOD(batchNormAddClipGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), y = a.floats(), x = a.floats(), gamma = a.floats(), mean = a.floats(), variance = a.floats();
      const Floats dx = a.floats(), dgamma = a.floats(), dbeta = a.floats(), dsum = a.floats();
      const double epsilon = a.number();
      const float low = float(a.number()), high = float(a.number());
      k.batchNormAddClipGradient(threads, dy, y, x, gamma, mean, variance, dx, dgamma, dbeta, dsum, x.length / gamma.length, gamma.length,
                                 epsilon, low, high);
    });
  }
  METHOD(layerNorm) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats x = a.floats(), gamma = a.floats(), beta = a.floats(), y = a.floats(), mean = a.floats(), inverseStd = a.floats();
      k.layerNorm(threads, x, gamma, beta, y, mean, inverseStd, mean.length, gamma.length, a.number());
    });
  }
  METHOD(layerNormGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), x = a.floats(), gamma = a.floats(), mean = a.floats(), inverseStd = a.floats();
      const Floats dx = a.floats(), dgamma = a.floats(), dbeta = a.floats();
      k.layerNormGradient(threads, dy, x, gamma, mean, inverseStd, dx, dgamma, dbeta, mean.length, gamma.length);
    });
  }

  METHOD(gelu) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats x = a.floats(), y = a.floats();
      k.gelu(threads, x, y, x.length);
    });
  }
  METHOD(geluGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), x = a.floats(), dx = a.floats();
      k.geluGradient(threads, dy, x, dx, x.length);
    });
  }
  METHOD(attentionSoftmax) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats x = a.floats(), bias = a.floats(), y = a.floats();
      const long keys = long(a.number());
      const float scale = float(a.number());
      if (x.length == 0) return;
      const long rows = x.length / keys;
      k.attentionSoftmax(threads, x, bias, y, rows, rows / (bias.length / keys), keys, scale);
    });
  }
  METHOD(attentionSoftmaxGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), y = a.floats(), dx = a.floats();
      const long keys = long(a.number());
      const float scale = float(a.number());
      if (y.length == 0) return;
      k.attentionSoftmaxGradient(threads, dy, y, dx, y.length / keys, keys, scale);
    });
  }

  METHOD(maxPool) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats x = a.floats(), y = a.floats();
      k.maxPool(threads, x, y, a.geometry());
    });
  }
  METHOD(maxPoolGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), x = a.floats(), dx = a.floats();
      k.maxPoolGradient(threads, dy, x, dx, a.geometry());
    });
  }
  METHOD(avgPool) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats x = a.floats(), y = a.floats();
      k.avgPool(threads, x, y, a.geometry());
    });
  }
  METHOD(avgPoolGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), dx = a.floats();
      k.avgPoolGradient(threads, dy, dx, a.geometry());
    });
  }
  METHOD(roiAlign) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats x = a.floats(), boxes = a.floats();
      long count;
      const int32_t* pictures = a.integers(&count);
      const Floats y = a.floats();
      const RoiShape shape = roiShape(a);
      k.roiAlign(threads, x, boxes, pictures, count, y, shape, a.number());
    });
  }
  METHOD(roiAlignGradient) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats dy = a.floats(), boxes = a.floats();
      long count;
      const int32_t* pictures = a.integers(&count);
      const Floats dx = a.floats();
      const RoiShape shape = roiShape(a);
      k.roiAlignGradient(threads, dy, boxes, pictures, count, dx, dx.length, shape, a.number());
    });
  }
  METHOD(softmaxCrossEntropy) {
    return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
      const Floats logits = a.floats(), labels = a.floats(), loss = a.floats(), gradient = a.floats();
      k.softmaxCrossEntropy(threads, logits, labels, loss, gradient, loss.length, loss.length ? logits.length / loss.length : 0);
    });
  }

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
#undef METHOD

  std::unique_ptr<Provider> provider_;
};

Napi::Function NativeProvider::define(Napi::Env env) {
#define METHOD(name) InstanceMethod(#name, &NativeProvider::name)
  return DefineClass(env, "NativeProvider",
                     {METHOD(setThreads), METHOD(setPrecision), METHOD(isa), METHOD(bytes), METHOD(conv2d), METHOD(conv2dInputGradient),
                      METHOD(conv2dFilterGradient), METHOD(canonicalConv2d), METHOD(matMul), METHOD(signConv2d),
                      METHOD(branches), METHOD(combineBranches), METHOD(finishBinaryFilter), METHOD(finishAuxiliaryFilter),
                      METHOD(batchNorm), METHOD(batchNormGradient), METHOD(batchNormAddClipGradient),
                      METHOD(layerNorm), METHOD(layerNormGradient), METHOD(gelu), METHOD(geluGradient),
                      METHOD(attentionSoftmax), METHOD(attentionSoftmaxGradient), METHOD(maxPool), METHOD(maxPoolGradient), METHOD(avgPool),
                      METHOD(avgPoolGradient), METHOD(roiAlign), METHOD(roiAlignGradient), METHOD(softmaxCrossEntropy), METHOD(sgdStep), METHOD(adamStep), METHOD(bopStep), METHOD(unary),
                      METHOD(clip), METHOD(binary), METHOD(prelu), METHOD(preluGradient), METHOD(addClip), METHOD(addClipGradient), METHOD(sum),
                      METHOD(gather), METHOD(segmentSum), METHOD(transpose), METHOD(copyRuns), METHOD(fill)});
#undef METHOD
}

}  // namespace

Napi::Function defineNativeProvider(Napi::Env env) { return NativeProvider::define(env); }

}  // namespace surge
