/** What became of every layer of a trained network: the nodes that do its work, what they read and make, and how large it is. */
import { BinaryLayer } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import type { NodeDescription } from '@surge-bnn/runtime';
import type { UnfoldedSign } from './fold/fold-signs.js';
import { namedLayers } from './lower/names.js';
import type { LayerFate } from './types.js';

/** @param nodes of the packed graph, in order. @param unfolded signs that stayed on floats. */
export function fatesOf(
  model: Model,
  nodes: readonly NodeDescription[],
  unfolded: readonly UnfoldedSign[],
): LayerFate[] {
  return namedLayers(model).map(({ name, self }) => {
    const own = nodes.filter(({ layers }) => layers.includes(name));
    const remark = remarkOn(name, self instanceof BinaryLayer, own, nodes, unfolded);
    return {
      layer: name,
      kind: self.getClassName(),
      nodes: own,
      ...(remark === undefined ? {} : { remark }),
      bytes: own
        .filter(({ layers }) => layers[0] === name)
        .reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}

function remarkOn(
  layer: string,
  isBinary: boolean,
  nodes: readonly NodeDescription[],
  all: readonly NodeDescription[],
  unfolded: readonly UnfoldedSign[],
): string | undefined {
  if (nodes.length === 0) return 'nothing left to compute';
  const float = unfolded.find(({ sign }) => nodes.some(({ name }) => name === sign));
  if (float !== undefined) return `sign taken of floats: ${float.why}`;
  const sums = nodes.find(({ kind }) => kind === '1w/32a');
  if (isBinary && sums !== undefined) {
    const signed = all.some(({ name, op }) => op === 'sign' && name === sums.inputs[0].name);
    return signed ? 'kept in float, as allowed' : 'weights are bits, inputs stay float';
  }
  const threshold = nodes.find(({ op }) => op === 'threshold');
  if (threshold !== undefined && threshold.layers.at(-1) !== layer) {
    return 'folded into integer thresholds';
  }
  const linear = nodes.filter(({ op }) => ['affine', 'conv2d', 'dense'].includes(op));
  const isMerged = linear.length > 0 && linear.every(({ layers }) => layers[0] !== layer);
  return isMerged ? `merged into "${linear[0].name}"` : undefined;
}
