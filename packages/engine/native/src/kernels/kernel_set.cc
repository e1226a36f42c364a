// The table of this instruction set's kernels.
#include "kernels/declarations.h"
#include "packed/bit_products.h"

namespace surge::SURGE_ISA {

#define SURGE_TEXT(x) #x
#define SURGE_NAME(x) SURGE_TEXT(x)

extern const KernelSet kernels = {
    SURGE_NAME(SURGE_ISA),
    {kBitLanes, kBitUnit, W, runProgram},
    unary,
    clip,
    binary,
    prelu,
    fill,
    addClip,
    addClipGradient,
    sum,
    preluGradient,
    gather,
    segmentSum,
    transpose,
    copyRuns,
    batchNorm,
    batchNormGradient,
    batchNormAddClipGradient,
    layerNorm,
    layerNormGradient,
    gelu,
    geluGradient,
    attentionSoftmax,
    attentionSoftmaxGradient,
    dropout,
    maxPool,
    maxPoolGradient,
    avgPool,
    avgPoolGradient,
    roiAlign,
    roiAlignGradient,
    softmaxCrossEntropy,
    classCrossEntropy,
    classCrossEntropyGradient,
    twoValues,
    twoValuesGradient,
    sgdStep,
    adamStep,
    bopStep,
    canonicalConv,
    signConv,
    signs,
    throughSurrogate,
    combine,
    timesSlope,
    timesFactor,
    padGradient,
    hasSignProducts,
    signInputGradient,
    signFilterGradient,
    hasMinimalProducts,
    minimalGradients,
};

}  // namespace surge::SURGE_ISA
