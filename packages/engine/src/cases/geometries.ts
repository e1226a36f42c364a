/**
 * Shapes of windows that convolutions, binary convolutions and poolings are tested on: odd sizes, every
 * stride, dilation, padding and group form, channel counts around the widths of vectors and words.
 */
import { convGeometry, type ConvGeometry, type ConvOptions } from '@surge-bnn/contract';

export interface NamedGeometry {
  readonly name: string;
  readonly geometry: ConvGeometry;
}

export type Shape = readonly [
  batch: number,
  height: number,
  width: number,
  inChannels: number,
  outChannels: number,
  filterHeight: number,
  filterWidth: number,
];

const list: readonly (readonly [Shape, ConvOptions])[] = [
  [[1, 1, 1, 1, 1, 1, 1], {}],
  [[2, 5, 5, 3, 4, 3, 3], { padding: 'same' }],
  [[2, 5, 7, 3, 5, 3, 3], { padding: 'valid' }],
  [[1, 6, 5, 2, 3, 3, 3], { padding: 'same', strides: 2 }], // one row of padding more below than above
  [[2, 7, 6, 4, 4, 2, 3], { padding: 'same', strides: [2, 1] }],
  [[1, 9, 8, 3, 2, 3, 3], { padding: 'same', dilationRate: 2 }],
  [[1, 9, 9, 2, 2, 3, 2], { padding: 2, dilationRate: [1, 3] }],
  [[2, 7, 7, 5, 6, 5, 5], { padding: 'same' }],
  [[1, 7, 7, 5, 6, 5, 5], { padding: 2, strides: 3 }],
  [[1, 3, 3, 2, 2, 3, 3], { padding: 3 }], // windows that see nothing but padding
  [[1, 4, 4, 7, 9, 1, 1], {}],
  [[3, 5, 5, 16, 8, 1, 1], { strides: 2 }],
  [[1, 5, 5, 4, 6, 3, 3], { padding: 'same', groups: 2 }],
  [[2, 4, 4, 6, 6, 3, 3], { padding: 1, groups: 6 }],
  [[1, 4, 5, 66, 6, 3, 3], { padding: 1, groups: 2 }],
  [[2, 6, 6, 8, 4, 3, 3], { padding: 1, groups: 4, strides: 2, dilationRate: 2 }],
  [[0, 4, 4, 3, 2, 3, 3], { padding: 'same' }],
  [[1, 8, 1, 3, 2, 3, 1], { padding: 'same' }],
  [[2, 4, 4, 31, 17, 3, 3], { padding: 'same' }],
  [[1, 3, 4, 32, 16, 3, 3], { padding: 1 }],
  [[1, 4, 3, 33, 15, 3, 3], { padding: 1 }],
  [[1, 4, 4, 63, 7, 3, 3], { padding: 'valid' }],
  [[1, 4, 4, 64, 12, 3, 3], { padding: 1, strides: 2 }],
  [[2, 3, 3, 65, 9, 3, 3], { padding: 1 }],
  [[1, 3, 3, 127, 3, 2, 2], { padding: 'same' }],
  [[1, 3, 3, 128, 33, 3, 3], { padding: 1 }],
  [[1, 3, 3, 129, 10, 1, 1], {}],
  [[1, 2, 2, 130, 5, 3, 3], { padding: 1 }],
  [[2, 14, 14, 16, 32, 3, 3], { padding: 'same' }],
  [[2, 4, 5, 33, 10, 3, 3], { padding: 6, dilationRate: 6 }], // SSD's fc6 on a small map: most taps see padding alone
  [[1, 9, 13, 16, 32, 3, 3], { padding: 6, dilationRate: 6 }],
];

/** The geometry of a shape, with everything that makes it in its name. */
export function named(shape: Shape, options: ConvOptions): NamedGeometry {
  const [batch, height, width, inChannels, outChannels, filterHeight, filterWidth] = shape;
  const perGroup = inChannels / (options.groups ?? 1);
  return {
    name: `[${batch},${height},${width},${inChannels}] * [${filterHeight},${filterWidth},${perGroup},${outChannels}] ${JSON.stringify(options)}`,
    geometry: convGeometry(
      [batch, height, width, inChannels],
      [filterHeight, filterWidth, perGroup, outChannels],
      options,
    ),
  };
}

export const convGeometries: readonly NamedGeometry[] = list.map(([shape, options]) =>
  named(shape, options),
);

export const sizes = {
  x: (g: Omit<ConvGeometry, 'groups' | 'outChannels'>): number =>
    g.batch * g.inHeight * g.inWidth * g.inChannels,
  filter: (g: ConvGeometry): number =>
    g.filterHeight * g.filterWidth * (g.inChannels / g.groups) * g.outChannels,
  y: (g: ConvGeometry): number => g.batch * g.outHeight * g.outWidth * g.outChannels,
};
