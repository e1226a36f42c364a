/**
 * SurgeSignConv2D and its gradient: shapes checked, NaN turned into the user's error, norms guarded.
 */
import {
  InputError,
  SIGN_CONV_2D,
  SIGN_CONV_2D_GRADIENT,
  nanAtSign,
  type ConvGeometry,
  type SignConv2DAttrs,
  type SignConv2DGradientAttrs,
} from '@surge-bnn/contract';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelEntry } from './entry.js';

export const signConv2d: KernelEntry = {
  kernel: SIGN_CONV_2D,
  uses: ['signConv2d'],
  run(call) {
    const { geometry, padValue, layer } = call.attrs<SignConv2DAttrs>();
    const x = call.input('x');
    const kernel = call.input('kernel');
    expectShape(x, inputShape(geometry), 'x', layer);
    expectShape(kernel, filterShape(geometry), 'kernel', layer);
    const y = call.output(outputShape(geometry));
    const nan = call.compute((kernels, view) =>
      kernels.signConv2d(view(x), view(kernel), view(y), geometry, padValue),
    );
    if (nan) throw nanAtSign(nan === 1 ? 'input' : 'kernel', layer);
    return y;
  },
};

export const signConv2dGradient: KernelEntry = {
  kernel: SIGN_CONV_2D_GRADIENT,
  uses: ['signConv2dGradient'],
  run(call) {
    const attrs = call.attrs<SignConv2DGradientAttrs>();
    const { geometry, layer } = attrs;
    const dy = call.input('dy');
    const x = call.input('x');
    const kernel = call.input('kernel');
    const auxiliary = call.has('auxiliary') ? call.input('auxiliary') : undefined;
    expectShape(dy, outputShape(geometry), 'dy', layer);
    expectShape(x, inputShape(geometry), 'x', layer);
    expectShape(kernel, filterShape(geometry), 'kernel', layer);
    if (auxiliary) expectShape(auxiliary, filterShape(geometry), 'auxiliary', layer);
    if (auxiliary && !attrs.combine) {
      throw new Error(`layer "${layer}": an auxiliary kernel needs \`combine\`, which weights it`);
    }
    if (attrs.trainAuxiliary && !auxiliary) {
      throw new Error(`layer "${layer}": trainAuxiliary without an auxiliary kernel`);
    }
    const dx = call.output(x.shape);
    const dkernel = call.output(kernel.shape);
    const dauxiliary = attrs.trainAuxiliary ? call.output(kernel.shape) : undefined;
    call.compute((kernels, view) =>
      kernels.signConv2dGradient({
        dy: view(dy),
        x: view(x),
        kernel: view(kernel),
        auxiliary: auxiliary && view(auxiliary),
        dx: view(dx),
        dkernel: view(dkernel),
        dauxiliary: dauxiliary && view(dauxiliary),
        geometry,
        padValue: attrs.padValue,
        inputSurrogate: attrs.inputSurrogate,
        weightSurrogate: attrs.weightSurrogate,
        combine: attrs.combine,
      }),
    );
    return dauxiliary ? [dx, dkernel, dauxiliary] : [dx, dkernel];
  },
};

function inputShape(g: ConvGeometry): number[] {
  return [g.batch, g.inHeight, g.inWidth, g.inChannels];
}

function filterShape(g: ConvGeometry): number[] {
  return [g.filterHeight, g.filterWidth, g.inChannels / g.groups, g.outChannels];
}

function outputShape(g: ConvGeometry): number[] {
  return [g.batch, g.outHeight, g.outWidth, g.outChannels];
}

/** The geometry decides which memory a kernel touches, so a tensor that does not fit it must not get there. */
function expectShape(info: TensorInfo, shape: number[], name: string, layer: string): void {
  if (info.shape.length !== shape.length || info.shape.some((size, i) => size !== shape[i])) {
    throw new InputError(
      `layer "${layer}": ${name} must have shape [${shape}] for this geometry, got [${info.shape}]`,
    );
  }
}
