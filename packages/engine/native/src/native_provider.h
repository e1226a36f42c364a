// The face of the training kernels to JavaScript: one method for each of provider.ts.
#pragma once
#include <napi.h>

#include <memory>

#include "arguments.h"
#include "guarded.h"
#include "provider.h"

namespace surge {

class NativeProvider : public Napi::ObjectWrap<NativeProvider> {
 public:
  explicit NativeProvider(const Napi::CallbackInfo& info);

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
  // What it is, and how it computes.
  METHOD(setThreads);
  METHOD(setPrecision);
  METHOD(isa);
  METHOD(bytes);
  // native_products.cc
  METHOD(conv2d);
  METHOD(conv2dInputGradient);
  METHOD(conv2dFilterGradient);
  METHOD(canonicalConv2d);
  METHOD(matMul);
  METHOD(signConv2d);
  METHOD(branches);
  METHOD(combineBranches);
  METHOD(finishBinaryFilter);
  METHOD(finishAuxiliaryFilter);
  // native_layers.cc
  METHOD(batchNorm);
  METHOD(batchNormGradient);
  METHOD(batchNormAddClipGradient);
  METHOD(layerNorm);
  METHOD(layerNormGradient);
  METHOD(gelu);
  METHOD(geluGradient);
  METHOD(attentionSoftmax);
  METHOD(attentionSoftmaxGradient);
  METHOD(dropout);
  METHOD(maxPool);
  METHOD(maxPoolGradient);
  METHOD(avgPool);
  METHOD(avgPoolGradient);
  METHOD(roiAlign);
  METHOD(roiAlignGradient);
  METHOD(softmaxCrossEntropy);
  METHOD(classCrossEntropy);
  METHOD(classCrossEntropyGradient);
  METHOD(twoValues);
  METHOD(twoValuesGradient);
  // native_elements.cc
  METHOD(sgdStep);
  METHOD(adamStep);
  METHOD(bopStep);
  METHOD(unary);
  METHOD(clip);
  METHOD(binary);
  METHOD(prelu);
  METHOD(preluGradient);
  METHOD(addClip);
  METHOD(addClipGradient);
  METHOD(sum);
  METHOD(gather);
  METHOD(transpose);
  METHOD(copyRuns);
  METHOD(segmentSum);
  METHOD(fill);
#undef METHOD

  std::unique_ptr<Provider> provider_;
};

}  // namespace surge
