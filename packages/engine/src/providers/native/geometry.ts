/** A geometry as the addon reads it: native/src/geometry.h, field by field. */
import type { ConvGeometry } from '@surge-bnn/contract';
import type { PoolGeometry } from '../provider.js';

const made = new WeakMap<object, Int32Array>();

export function packGeometry(g: ConvGeometry | PoolGeometry): Int32Array {
  const known = made.get(g);
  if (known) return known;
  const outChannels = 'outChannels' in g ? g.outChannels : g.inChannels;
  const groups = 'groups' in g ? g.groups : 1;
  const fields = Int32Array.of(
    ...[g.batch, g.inHeight, g.inWidth, g.inChannels, g.outHeight, g.outWidth, outChannels],
    ...[g.filterHeight, g.filterWidth, g.strideHeight, g.strideWidth],
    ...[g.dilationHeight, g.dilationWidth, g.padTop, g.padLeft, groups],
  );
  made.set(g, fields);
  return fields;
}
