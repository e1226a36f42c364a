// The class NativeProvider: how it is made, and its list of methods. Their bodies are in native_products.cc, native_layers.cc and native_elements.cc.
#include "native_provider.h"

namespace surge {

NativeProvider::NativeProvider(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeProvider>(info) {
  guarded(info, [&] {
    Arguments a(info);
    const int threads = int(a.whole());
    provider_ = std::make_unique<Provider>(threads, a.text());
  });
}

#define METHOD(name) Napi::Value NativeProvider::name(const Napi::CallbackInfo& info)
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
#undef METHOD

Napi::Function NativeProvider::define(Napi::Env env) {
#define METHOD(name) InstanceMethod(#name, &NativeProvider::name)
  return DefineClass(env, "NativeProvider",
                     {METHOD(setThreads), METHOD(setPrecision), METHOD(isa), METHOD(bytes), METHOD(conv2d),
                      METHOD(conv2dInputGradient), METHOD(conv2dFilterGradient), METHOD(canonicalConv2d), METHOD(matMul),
                      METHOD(signConv2d), METHOD(branches), METHOD(combineBranches), METHOD(finishBinaryFilter),
                      METHOD(finishAuxiliaryFilter), METHOD(batchNorm), METHOD(batchNormGradient),
                      METHOD(batchNormAddClipGradient), METHOD(layerNorm), METHOD(layerNormGradient), METHOD(gelu),
                      METHOD(geluGradient), METHOD(attentionSoftmax), METHOD(attentionSoftmaxGradient), METHOD(dropout), METHOD(maxPool),
                      METHOD(maxPoolGradient), METHOD(avgPool), METHOD(avgPoolGradient), METHOD(roiAlign),
                      METHOD(roiAlignGradient), METHOD(softmaxCrossEntropy), METHOD(classCrossEntropy),
                      METHOD(classCrossEntropyGradient), METHOD(twoValues), METHOD(twoValuesGradient), METHOD(sgdStep), METHOD(adamStep),
                      METHOD(bopStep), METHOD(unary), METHOD(clip), METHOD(binary), METHOD(prelu), METHOD(preluGradient),
                      METHOD(addClip), METHOD(addClipGradient), METHOD(sum), METHOD(gather), METHOD(transpose),
                      METHOD(copyRuns), METHOD(segmentSum), METHOD(fill)});
#undef METHOD
}

}  // namespace surge
