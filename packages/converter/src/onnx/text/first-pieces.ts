/**
 * Which values of a classifier are read in their first row alone: behind the last attention only [CLS] counts, so that its query, the linear layers
 * behind it and the layer norms need to compute one row instead of all. The same numbers, and of the last encoder layer most of the work is gone.
 */
import type { CallGraph, LayerCall, ValueId } from '@surge-bnn/core';

/** Kinds that compute each row from the same row of all that they read. */
const rowWise = new Set<string>([
  'Dense',
  'BinaryDense',
  'ChannelBias',
  'SurgeLayerNorm',
  'SurgeDropout',
  'SurgeGelu',
  'ReLU',
  'Add',
]);

/** Values of layer calls of which nobody reads another row than the first. */
export function firstPiecesOnly({ calls, outputs }: CallGraph): ReadonlySet<ValueId> {
  const found = new Set<ValueId>();
  const readInFull = new Set(outputs);
  // Readers come later than what they read, so that the last call is looked at first.
  for (const call of [...calls].reverse()) {
    if (!readInFull.has(call.output) && computesRows(call)) found.add(call.output);
    call.inputs.forEach((input, i) => {
      if (!readsFirst(call, i, found)) readInFull.add(input);
    });
  }
  return found;
}

/** Whether a call can compute one row as well as all. */
function computesRows({ layer, outputShape }: LayerCall): boolean {
  const kind = layer.getClassName();
  return outputShape.length === 3 && (rowWise.has(kind) || kind === 'SelfAttention');
}

/** Whether a call reads the first row of an input and no other. */
function readsFirst(call: LayerCall, input: number, found: ReadonlySet<ValueId>): boolean {
  if (call.layer.getClassName() === 'FirstPiece') return true;
  return found.has(call.output) && readsRowByRow(call, input);
}

/** Whether a call that computes one row reads one of that input; attention of one query looks at all keys and values. */
export function readsRowByRow({ layer }: LayerCall, input: number): boolean {
  const kind = layer.getClassName();
  return rowWise.has(kind) || (kind === 'SelfAttention' && input === 0);
}
