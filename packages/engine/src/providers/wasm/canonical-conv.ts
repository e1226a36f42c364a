/**
 * The convolution of canonical evaluation: panels of weights in f64 and the job for assembly/canonical-conv.ts.
 */
import type { ConvGeometry, PadValue } from '@surge-bnn/contract';
import type { Kernels } from '../provider.js';
import { canonicalConv2d as reference } from '../reference/canonical-conv2d.js';
import {
  forwardGrid,
  inputSide,
  outputSide,
  reachesOutside,
  roundUp,
  writeJob,
} from './conv-plan.js';
import type { Engine } from './instance.js';

/** Output channels in a panel, and its bytes in each step of k. */
const CHANNELS = 4;
const STEP = 8 * CHANNELS;
/** Pixels that go through the kernel together, and numbers of them: small enough for the second-level cache beside the weights. */
const LEAST_STRIP = 32;
const MOST_STRIP = 252;
const STRIP_NUMBERS = 20 * 1024;
/** Pixels of a panel. */
const PIXELS = 4;

export function canonicalKernels(engine: Engine): Pick<Kernels, 'canonicalConv2d'> {
  return {
    canonicalConv2d(x, kernel, bias, y, g, padValue) {
      // What lies outside is skipped when it is 0. Here it is multiplied, which is the same but for weights that are
      // not finite; such a network is broken, and its bits are the reference's.
      if (padValue === 0 && reachesOutside(g) && !kernel.every(Number.isFinite)) {
        reference(x, kernel, bias, y, g, padValue);
        return;
      }
      engine.scratch.scope(() => convolve(engine, x, kernel, bias, y, g, padValue));
    },
  };
}

function convolve(
  engine: Engine,
  x: Float32Array,
  kernel: Float32Array,
  bias: Float32Array | undefined,
  y: Float32Array,
  g: ConvGeometry,
  padValue: PadValue,
): void {
  const { heap, scratch, team } = engine;
  // Before anything is taken, which may grow the heap and detach the views.
  const [source, weights, target] = [x.byteOffset, kernel.byteOffset, y.byteOffset];
  const biases = bias?.slice();
  const n = g.outChannels / g.groups;
  const padded = roundUp(n, CHANNELS);
  const depth = g.filterHeight * g.filterWidth * (g.inChannels / g.groups);
  const groupBytes = (padded / CHANNELS) * depth * STEP;
  const panels = scratch.take(g.groups * groupBytes);
  const wideBias = scratch.takeZeros(8 * g.groups * padded);
  // Deep pixels overflow the cache rather than have all weights pass by for a handful of them.
  const fit = Math.floor(STRIP_NUMBERS / Math.max(1, depth) / PIXELS) * PIXELS;
  const strip = Math.max(LEAST_STRIP, Math.min(MOST_STRIP, fit));
  const job = writeJob(engine, {
    grid: forwardGrid(g),
    batch: g.batch,
    groups: g.groups,
    source: inputSide(g),
    target: outputSide(g),
    sourceAddress: source,
    strip,
    packed: 2 * strip * depth,
    outside: padValue,
  });
  for (let group = 0; group < g.groups; group++) {
    const from = weights + 4 * group * n;
    const to = panels + group * groupBytes;
    team.run('packCanonical', 1, [from, 4 * g.outChannels, depth, n, to]);
    const ofGroup = biases?.subarray(group * n, (group + 1) * n) ?? [];
    new Float64Array(heap.buffer, wideBias + 8 * group * padded, padded).set(ofGroup);
  }
  const { at, strips, first } = job;
  team.run('convolveCanonical', strips.tasks, [at, panels, wideBias, target, first, strips.count]);
}
