/** Pools. What lies outside the picture takes no part in either. */
import type { Window } from '@surge-bnn/runtime';
import type { Emitter, OnnxRule } from './rule.js';
import { flipsOf } from './signs.js';
import { framed, windowAttributes } from './window.js';

/** The smallest of signs is the largest of their negatives, negated. */
export const maxPool2d: OnnxRule<'maxPool2d'> = ({ node, inputs: [input], values: [x], emit }) => {
  const { window } = node.attributes;
  const flips = flipsOf(emit, input);
  if (flips === undefined) {
    pool(emit, x, window);
    return;
  }
  const signs = emit.perChannel(
    'signs',
    input,
    flips.map((flip) => (flip ? -1 : 1)),
  );
  const turned = emit.step('turned', 'Mul', [x, signs]);
  emit.last('Mul', [pool(emit, turned, window, 'largest'), signs]);
};

/** @param step name of the value, if it is not the node's last. */
function pool(emit: Emitter, x: string, window: Window, step?: string): string {
  const own = poolsPad(window);
  const input = own ? x : framed(emit, x, window, -Infinity);
  const attributes = { ...windowAttributes(window, own), dilations: window.dilations };
  if (step !== undefined) return emit.step(step, 'MaxPool', [input], attributes);
  emit.last('MaxPool', [input], attributes);
  return '';
}

/** onnxruntime's pools take no pad as large as the window. */
function poolsPad({ size: [height, width], pads: [top, left, bottom, right] }: Window): boolean {
  return Math.max(top, bottom) < height && Math.max(left, right) < width;
}

/** Of the whole picture, by AveragePool where that can, else by sums and how many there are of each. */
export const averagePool2d: OnnxRule<'averagePool2d'> = ({
  node,
  inputs: [{ shape }],
  values: [x],
  emit,
}) => {
  const { window } = node.attributes;
  const [height, width, channels] = shape;
  const { size, dilations, pads } = window;
  const dense = dilations.every((dilation) => dilation === 1);
  if (dense && size[0] === height && size[1] === width && pads.every((pad) => pad === 0)) {
    emit.last('GlobalAveragePool', [x]);
    return;
  }
  if (dense && poolsPad(window)) {
    // Counting what is padded is off by default.
    emit.last('AveragePool', [x], windowAttributes(window, true));
    return;
  }
  // Dilations came to AveragePool with opset 19. The picture's channels go through one convolution with ones, one by one.
  const [outHeight, outWidth] = node.output.shape;
  const single = emit.step('planes', 'Reshape', [x, emit.integers([-1, 1, height, width])]);
  const ones = emit.builder.keep(`ones/${size}`, {
    name: `ones/${size.join('x')}`,
    type: 'float32',
    shape: [1, 1, ...size],
    bytes: () => new Uint8Array(new Float32Array(size[0] * size[1]).fill(1).buffer),
  });
  const conv = { ...windowAttributes(window, true), dilations };
  const sums = emit.step('sums', 'Conv', [single, ones], conv);
  const back = emit.integers([-1, channels, outHeight, outWidth]);
  const joined = emit.step('sumsOfChannels', 'Reshape', [sums, back]);
  const counts = tapCounts(window, shape, node.output.shape);
  emit.last('Div', [joined, emit.floats('taps', [outHeight, outWidth], counts)]);
};

/** How many taps of each output lie inside the picture: those of its row times those of its column. */
function tapCounts(
  { size, strides, dilations, pads }: Window,
  inShape: readonly number[],
  outShape: readonly number[],
): Float32Array {
  const counts = ([0, 1] as const).map((axis) =>
    Array.from({ length: outShape[axis] }, (_, out) => {
      let inside = 0;
      for (let tap = 0; tap < size[axis]; tap++) {
        const at = out * strides[axis] + tap * dilations[axis] - pads[axis];
        if (at >= 0 && at < inShape[axis]) inside += 1;
      }
      return inside;
    }),
  );
  const [rows, columns] = counts;
  return Float32Array.from(rows.flatMap((row) => columns.map((column) => row * column)));
}
