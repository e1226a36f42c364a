/** The functions of elementwise.ts over whole arrays; channels are the last axis. */
import { affine, clip, gelu, prelu, relu, sigmoid, softmax, tanh } from './elementwise.js';
import type { Numbers } from './float-conv.js';

/** @param a one per channel, or absent; b likewise. */
export function affineArray(
  x: Numbers,
  a: Float32Array | undefined,
  b: Float32Array | undefined,
  channels: number,
  out: Float32Array,
): void {
  for (let at = 0; at < out.length; at += channels) {
    if (a !== undefined && b !== undefined) {
      for (let c = 0; c < channels; c++) out[at + c] = affine(x[at + c], a[c], b[c]);
    } else {
      for (let c = 0; c < channels; c++) out[at + c] = affine(x[at + c], a?.[c], b?.[c]);
    }
  }
}

export function reluArray(x: Numbers, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = relu(x[i]);
}

export function clipArray(x: Numbers, low: number, high: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = clip(x[i], low, high);
}

/** @param alpha one per channel. */
export function preluArray(x: Numbers, alpha: Float32Array, out: Float32Array): void {
  for (let at = 0; at < out.length; at += alpha.length) {
    for (let c = 0; c < alpha.length; c++) out[at + c] = prelu(x[at + c], alpha[c]);
  }
}

export function sigmoidArray(x: Numbers, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = sigmoid(x[i]);
}

export function tanhArray(x: Numbers, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = tanh(x[i]);
}

export function geluArray(x: Numbers, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = gelu(x[i]);
}

/** Each row of `length` numbers by itself. */
export function softmaxArray(x: Numbers, length: number, out: Float32Array): void {
  for (let from = 0; from < out.length; from += length) softmax(x, from, length, out);
}
