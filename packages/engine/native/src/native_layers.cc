// The methods of NativeProvider that are layers: norms, activations of transformers, pools, regions, the loss. Nothing is computed here.
#include "native_provider.h"

#define METHOD(name) Napi::Value NativeProvider::name(const Napi::CallbackInfo& info)

namespace surge {
namespace {

RoiShape roiShape(Arguments& a) {
  long count;
  const int32_t* fields = a.integers(&count);
  if (count != 7) throw std::invalid_argument("RoIAlign needs seven numbers of its shape");
  return {fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6] != 0};
}

}  // namespace

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
METHOD(dropout) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), y = a.floats();
    const auto start = uint32_t(a.number()), bound = uint32_t(a.number());
    k.dropout(threads, x, y, x.length, start, bound, float(a.number()));
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

METHOD(classCrossEntropy) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats logits = a.floats();
    long rows;
    const int32_t* classes = a.integers(&rows);
    const Floats loss = a.floats(), logPartition = a.floats();
    if (rows > 0) k.classCrossEntropy(threads, logits, classes, loss, logPartition, rows, logits.length / rows);
  });
}
METHOD(classCrossEntropyGradient) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats dy = a.floats(), logits = a.floats();
    long rows;
    const int32_t* classes = a.integers(&rows);
    const Floats logPartition = a.floats(), dlogits = a.floats();
    if (rows > 0) k.classCrossEntropyGradient(threads, dy, logits, classes, logPartition, dlogits, rows, logits.length / rows);
  });
}
METHOD(twoValues) {
  int said = 0;
  run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats x = a.floats(), shift = a.maybeFloats(), y = a.floats();
    const float low = float(a.number());
    said = k.twoValues(threads, x, shift, y, x.length, shift.length, low, float(a.number()));
  });
  return Napi::Number::New(info.Env(), said);
}
METHOD(twoValuesGradient) {
  return run(info, [&](Arguments& a, const KernelSet& k, int threads) {
    const Floats dy = a.floats(), x = a.floats(), shift = a.maybeFloats(), dx = a.floats(), sums = a.floats(), dshift = a.maybeFloats();
    ElasticBox box;
    box.scale = float(a.number());
    box.k = int(a.whole());
    box.width = float(a.number());
    box.factor = float(a.number());
    k.twoValuesGradient(threads, dy, x, shift, dx, sums, dshift, x.length, shift.length, box);
  });
}

}  // namespace surge
