/**
 * Memory that kernels take for themselves while they run and keep for the next time. No log has it; what of it grows with the batch is
 * known: a binary layer packs the bits of its inputs, its backward keeps their signs, and with a compensator g_a, as large as the inputs, beside
 * g_b; a filter gradient is summed in parts, more of them the more pixels there are. (Float products and canonical evaluation work through
 * strips, which end to grow with the batch at some hundred pixels.) Everything else is as large as a layer's weights and is there after a step
 * of any batch.
 */
import { BinaryLayer, layerCalls } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { partialGradientBytes } from '@surge-bnn/engine';

/** A layer's filter gradient: pixels of its output in each picture, and numbers of its filters. */
export interface FilterGradient {
  readonly pixels: number;
  readonly size: number;
}

/** Bytes for each picture that the kernels ask for, layer by layer in the order of computation; and the filter gradients. */
export interface ScratchRequests {
  readonly forward: readonly number[];
  readonly backward: readonly number[];
  readonly filterGradients: readonly FilterGradient[];
}

export function scratchRequests(model: Model): ScratchRequests {
  const { inputs, calls } = layerCalls(model);
  const shapes = new Map(inputs.map(({ id, shape }) => [id, shape]));
  const forward: number[] = [];
  const backward: number[] = [];
  const filterGradients: FilterGradient[] = [];
  for (const { layer, inputs: given, output, outputShape } of calls) {
    shapes.set(output, outputShape);
    const filters = layer.trainableWeights.find(({ shape }) => shape.length > 1);
    if (filters) {
      filterGradients.push({
        pixels: entries(outputShape.slice(1, -1)),
        size: entries(filters.shape),
      });
    }
    if (!(layer instanceof BinaryLayer)) continue;
    const shape = (shapes.get(given[0]) ?? []).slice(1);
    const channels = shape.at(-1) ?? 1;
    const pixels = entries(shape.slice(0, -1));
    // The bits of a pixel come in words of 32.
    forward.push(4 * pixels * Math.ceil(channels / 32));
    // Signs are bytes in rows of 16 where they are looked up, else floats (packages/engine, sign-tables.ts): which, is decided there.
    const signs = 4 * pixels * Math.max(channels, 4);
    backward.push(signs + (layer.compensator === undefined ? 0 : 4 * pixels * channels));
  }
  return { forward, backward: backward.reverse(), filterGradients };
}

function entries(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, size) => product * (size ?? 1), 1);
}

/**
 * Bytes by which they come to more than after a step of few pictures. A request that no piece of memory is large enough for gets a new
 * piece, so each that is larger than all before it counts; and a piece that had room for two takers may now be one's.
 *
 * @param training how many pictures go through forward and backward at once; `inference`: through the forward alone.
 * @param largestWeights bytes of the largest weights of a layer, which are the other taker.
 */
export function scratchGrowth(
  { forward, backward, filterGradients }: ScratchRequests,
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
  // From the last layer to the first, as the backward goes.
  let [most, parts] = [0, 0];
  for (const one of [...filterGradients].reverse()) {
    const bytes = partialGradientBytes(one.pixels * training, one.size);
    if (bytes <= most) continue;
    most = bytes;
    parts += bytes;
  }
  return parts + (sum > 0 ? sum + largestWeights : 0);
}
