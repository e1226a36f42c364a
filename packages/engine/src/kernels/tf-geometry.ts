/**
 * From TF.js's description of a window (Conv2DInfo) to ours. Shapes only.
 */
import type { backend_util } from '@tensorflow/tfjs-core';
import type { ConvGeometry } from '@surge-bnn/contract';
import type { PoolGeometry } from '../providers/provider.js';

export function poolGeometry(info: backend_util.Conv2DInfo): PoolGeometry {
  return {
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    inChannels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    dilationHeight: info.dilationHeight,
    dilationWidth: info.dilationWidth,
    padTop: info.padInfo.top,
    padLeft: info.padInfo.left,
  };
}

export function convGeometryOf(info: backend_util.Conv2DInfo): ConvGeometry {
  return { ...poolGeometry(info), outChannels: info.outChannels, groups: 1 };
}
