/**
 * Memory that kernels take for themselves while they run and keep for the next time. No log has it; what of it grows with the batch is
 * known: a binary layer packs the bits of its inputs, and its backward with a compensator holds g_a, as large as the inputs, beside g_b.
 * (Float products and canonical evaluation work through strips, whose size no batch changes.) Everything else is as large as a layer's
 * weights and is there after a step of any batch.
 */
import { BinaryLayer, layerCalls } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';

/** Bytes for each picture that the kernels ask for, layer by layer in the order of computation. */
export interface ScratchRequests {
  readonly forward: readonly number[];
  readonly backward: readonly number[];
}

export function scratchRequests(model: Model): ScratchRequests {
  const { inputs, calls } = layerCalls(model);
  const shapes = new Map(inputs.map(({ id, shape }) => [id, shape]));
  const forward: number[] = [];
  const backward: number[] = [];
  for (const { layer, inputs: given, output, outputShape } of calls) {
    shapes.set(output, outputShape);
    if (!(layer instanceof BinaryLayer)) continue;
    const shape = (shapes.get(given[0]) ?? []).slice(1).map((size) => size ?? 1);
    const channels = shape.at(-1) ?? 1;
    const pixels = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    // The bits of a pixel come in words of 32.
    forward.push(4 * pixels * Math.ceil(channels / 32));
    if (layer.compensator !== undefined) backward.push(4 * pixels * channels);
  }
  return { forward, backward: backward.reverse() };
}

/**
 * Bytes by which they come to more than after a step of few pictures. A request that no piece of memory is large enough for gets a new
 * piece, so each that is larger than all before it counts; and a piece that had room for two takers may now be one's.
 *
 * @param training how many pictures go through forward and backward at once; `inference`: through the forward alone.
 * @param largestWeights bytes of the largest weights of a layer, which are the other taker.
 */
export function scratchGrowth(
  { forward, backward }: ScratchRequests,
  training: number,
  inference: number,
  largestWeights: number,
): number {
  const requests = [
    ...forward.map((bytes) => bytes * training),
    ...backward.map((bytes) => bytes * training),
    ...forward.map((bytes) => bytes * inference),
  ];
  let [largest, sum] = [0, 0];
  for (const bytes of requests) {
    if (bytes <= largest) continue;
    largest = bytes;
    sum += bytes;
  }
  return sum > 0 ? sum + largestWeights : 0;
}
