/**
 * Signs as floats: +1 and -1, unsigned 1 and 0. ONNX's Sign gives 0 for 0, so a sign is a comparison and a choice here; a NaN,
 * which is an error in the runtime, gives -1.
 */
import type { Edge } from '@surge-bnn/runtime';
import { bitAt, integersOf } from '../stored.js';
import { channelsOf } from './rule.js';
import type { Emitter, OnnxRule } from './rule.js';

export const sign: OnnxRule<'sign'> = ({ node, values: [x], emit }) => {
  const positive = emit.step('positive', 'GreaterOrEqual', [x, emit.scalar(0)]);
  const negative = emit.scalar(node.attributes.values === 'unsigned' ? 0 : -1);
  emit.last('Where', [positive, emit.scalar(1), negative]);
};

/** (d >= threshold) != flip chooses between two numbers of the channel, which a flip exchanges. */
export const threshold: OnnxRule<'threshold'> = ({ node, inputs: [input], values: [d], emit }) => {
  const least = Float32Array.from(integersOf(emit.tensor('thresholds')), asFloat);
  const reached = emit.step('reached', 'GreaterOrEqual', [
    d,
    emit.perChannel('thresholds', input, least),
  ]);
  const low = node.attributes.values === 'unsigned' ? 0 : -1;
  const flips = flipsOf(emit, input);
  if (flips === undefined) {
    emit.last('Where', [reached, emit.scalar(1), emit.scalar(low)]);
    return;
  }
  const above = flips.map((flip) => (flip ? low : 1));
  const below = flips.map((flip) => (flip ? 1 : low));
  const choices = [emit.perChannel('above', input, above), emit.perChannel('below', input, below)];
  emit.last('Where', [reached, ...choices]);
};

/** Undefined where no channel is flipped. */
export function flipsOf(emit: Emitter, edge: Edge): readonly boolean[] | undefined {
  const stored = emit.optionalTensor('flips');
  if (stored === undefined) return undefined;
  const flips = Array.from({ length: channelsOf(edge) }, (_, c) => bitAt(stored.bytes, c));
  return flips.includes(true) ? flips : undefined;
}

/**
 * A threshold as float32, which holds integers up to 2^24. Sums are at most 2^24 in size, so a larger threshold is never reached,
 * as 2^24 + 2 is not, and a smaller one always, as -2^24 is.
 */
function asFloat(threshold: number): number {
  const most = 2 ** 24;
  return threshold > most ? most + 2 : Math.max(threshold, -most);
}
