/**
 * The native provider: kernels in C++ (native/), with oneDNN for the float products. Node only, and only where the addon was built.
 *
 * How close it is to the reference: signConv2d, canonicalConv2d, comparisons, single roundings and Bop are exact. Float products
 * accumulate in float32, statistics and sums in float64. All kernels but oneDNN's give the same bits with any number of threads;
 * oneDNN's repeat at a fixed number.
 */
import { InputError, leastKept, type RoiAlignAttrs } from '@surge-bnn/contract';
import type {
  BinaryOp,
  FeatureShape,
  KernelName,
  Kernels,
  Precision,
  Provider,
  UnaryOp,
} from '../provider.js';
import { loadAddon, type Addon, type NativeMethods } from './addon.js';
import { signKernels } from './binary-layer.js';
import { packGeometry } from './geometry.js';
import { ReservedHeap } from './heap.js';

/**
 * A new provider with an empty heap.
 * @param file another build of the addon than the usual one; test-native-sanitized.mjs has one.
 * @throws InputError when the addon is not there or does not load, or SURGE_ISA names what this CPU has not.
 */
export function createNativeProvider(file?: string): Provider {
  const addon = loadAddon(file);
  const native = nativeMethods(addon);
  const heap = new ReservedHeap();
  addon.useLargePages(heap.buffer);
  const kernels: Kernels = {
    ...productKernels(native),
    ...signKernels(native),
    ...layerKernels(native),
    ...optimizerKernels(native),
    ...elementWiseKernels(native),
  };
  return {
    name: 'native',
    heap,
    kernels,
    own: new Set(Object.keys(kernels) as KernelName[]),
    isa: native.isa(),
    configure({ threads, binaryGradients, auxiliaryGradients }) {
      native.setThreads(threads);
      native.setPrecision(precisionCode(binaryGradients), precisionCode(auxiliaryGradients));
    },
    ownBytes: () => native.bytes(),
  };
}

/** @throws InputError when SURGE_ISA names what this build or this CPU has not. */
function nativeMethods(addon: Addon): NativeMethods {
  try {
    return new addon.NativeProvider(1, process.env['SURGE_ISA'] ?? '');
  } catch (error) {
    if (error instanceof TypeError) throw new InputError(error.message, { cause: error });
    throw error;
  }
}

function precisionCode(precision: Precision): number {
  return precision === 'bfloat16' ? 1 : 0;
}

function productKernels(native: NativeMethods) {
  return {
    conv2d: (x, filter, y, g) => native.conv2d(x, filter, y, packGeometry(g)),
    conv2dInputGradient: (dy, filter, dx, g) =>
      native.conv2dInputGradient(dy, filter, dx, packGeometry(g)),
    conv2dFilterGradient: (x, dy, dfilter, g) =>
      native.conv2dFilterGradient(x, dy, dfilter, packGeometry(g)),
    canonicalConv2d: (x, kernel, bias, y, g, padValue) =>
      native.canonicalConv2d(x, kernel, bias, y, packGeometry(g), padValue),
    matMul: (a, b, c, s) =>
      native.matMul(
        a,
        b,
        c,
        s.batch,
        s.m,
        s.k,
        s.n,
        s.transposeA,
        s.transposeB,
        s.strideA,
        s.strideB,
      ),
  } satisfies Partial<Kernels>;
}

function layerKernels(native: NativeMethods) {
  return {
    batchNorm: (x, gamma, beta, shortcut, y, mean, variance, { epsilon, low, high }) =>
      native.batchNorm(
        x,
        gamma,
        beta,
        shortcut,
        y,
        mean,
        variance,
        epsilon,
        low ?? -Infinity,
        high ?? Infinity,
      ),
    batchNormGradient: (dy, x, gamma, mean, variance, dx, dgamma, dbeta, { epsilon }) =>
      native.batchNormGradient(dy, x, gamma, mean, variance, dx, dgamma, dbeta, epsilon),
    batchNormAddClipGradient: (...given) => {
      const [dy, y, x, gamma, mean, variance, dx, dgamma, dbeta, dsum, attrs] = given;
      const { epsilon, low, high } = attrs;
      const [norm, gradients] = [[x, gamma, mean, variance] as const, [dx, dgamma, dbeta] as const];
      native.batchNormAddClipGradient(dy, y, ...norm, ...gradients, dsum, epsilon, low, high);
    },
    layerNorm: (x, gamma, beta, y, mean, inverseStd, { epsilon }) =>
      native.layerNorm(x, gamma, beta, y, mean, inverseStd, epsilon),
    layerNormGradient: (...arrays) => native.layerNormGradient(...arrays),
    gelu: (...given) => native.gelu(...given),
    geluGradient: (...given) => native.geluGradient(...given),
    attentionSoftmax: (...given) => native.attentionSoftmax(...given),
    attentionSoftmaxGradient: (...given) => native.attentionSoftmaxGradient(...given),
    dropout: (x, y, { start, rate, kept }) => native.dropout(x, y, start, leastKept(rate), kept),
    maxPool: (x, y, g) => native.maxPool(x, y, packGeometry(g)),
    maxPoolGradient: (dy, x, dx, g) => native.maxPoolGradient(dy, x, dx, packGeometry(g)),
    avgPool: (x, y, g) => native.avgPool(x, y, packGeometry(g)),
    avgPoolGradient: (dy, dx, g) => native.avgPoolGradient(dy, dx, packGeometry(g)),
    roiAlign: (x, boxes, pictures, y, map, attrs) =>
      native.roiAlign(x, boxes, pictures, y, roiShape(map, attrs), attrs.scale),
    roiAlignGradient: (dy, boxes, pictures, dx, map, attrs) =>
      native.roiAlignGradient(dy, boxes, pictures, dx, roiShape(map, attrs), attrs.scale),
    softmaxCrossEntropy: (...arrays) => native.softmaxCrossEntropy(...arrays),
    classCrossEntropy: (...arrays) => native.classCrossEntropy(...arrays),
    classCrossEntropyGradient: (...arrays) => native.classCrossEntropyGradient(...arrays),
    twoValues: (...given) => native.twoValues(...given),
    twoValuesGradient: (dy, x, shift, dx, sums, dshift, { scale, k, width, factor }) =>
      native.twoValuesGradient(dy, x, shift, dx, sums, dshift, scale, k, width, factor),
  } satisfies Partial<Kernels>;
}

/** The fields of RoiShape in native/src/kernels/kernel_set.h. */
function roiShape(map: FeatureShape, attrs: RoiAlignAttrs): Int32Array {
  const { height, width, samplingRatio, aligned } = attrs;
  const bins = [height, width, samplingRatio, aligned ? 1 : 0];
  return Int32Array.of(map.height, map.width, map.channels, ...bins);
}

function optimizerKernels(native: NativeMethods) {
  return {
    sgdStep: (parameter, gradient, velocity, newParameter, newVelocity, a) =>
      native.sgdStep(
        parameter,
        gradient,
        velocity,
        newParameter,
        newVelocity,
        a.learningRate,
        a.momentum,
        a.nesterov,
        a.weightDecay,
        a.clipMin ?? -Infinity,
        a.clipMax ?? Infinity,
      ),
    adamStep: (parameter, gradient, first, second, newParameter, newFirst, newSecond, a) =>
      native.adamStep(
        parameter,
        gradient,
        first,
        second,
        newParameter,
        newFirst,
        newSecond,
        a.learningRate,
        a.beta1,
        a.beta2,
        a.epsilon,
        a.step,
        a.weightDecay,
        a.decoupled,
        a.clipMin ?? -Infinity,
        a.clipMax ?? Infinity,
      ),
    bopStep: (parameter, gradient, momentum, newParameter, newMomentum, { gamma, threshold }) =>
      native.bopStep(parameter, gradient, momentum, newParameter, newMomentum, gamma, threshold),
  } satisfies Partial<Kernels>;
}

/** The numbers of the ops in native/src/kernels/kernel_set.h. */
const unaryOps: readonly UnaryOp[] = [
  ...(['relu', 'step', 'neg', 'abs', 'square', 'sqrt', 'rsqrt', 'exp', 'log', 'sign'] as const),
];
const binaryOps: readonly BinaryOp[] = [
  ...(['add', 'sub', 'mul', 'div', 'max', 'min', 'squaredDifference'] as const),
];

function elementWiseKernels(native: NativeMethods) {
  return {
    unary: (op, x, y) => native.unary(unaryOps.indexOf(op), x, y),
    clip: (x, y, low, high) => native.clip(x, y, low, high),
    binary: (op, a, b, y, { inner, swapped }) =>
      native.binary(binaryOps.indexOf(op), a, b, y, inner, swapped),
    prelu: (x, alpha, y) => native.prelu(x, alpha, y),
    preluGradient: (...arrays) => native.preluGradient(...arrays),
    addClip: (a, b, y, low, high) => native.addClip(a, b, y, low, high),
    addClipGradient: (dy, y, dx, low, high) => native.addClipGradient(dy, y, dx, low, high),
    sum: (x, y, outer, reduced, inner) => native.sum(x, y, outer, reduced, inner),
    gather: (x, ids, y, inner) => native.gather(x, ids, y, inner),
    segmentSum: (x, ids, y, inner) => native.segmentSum(x, ids, y, inner),
    transpose: (x, y, sizes, steps) =>
      native.transpose(x, y, Int32Array.from(sizes), Int32Array.from(steps)),
    copyRuns: (x, y, { rows, length, xStart, xStep, yStart, yStep }) =>
      native.copyRuns(x, y, rows, length, xStart, xStep, yStart, yStep),
    fill: (y, value) => native.fill(y, value),
  } satisfies Partial<Kernels>;
}
