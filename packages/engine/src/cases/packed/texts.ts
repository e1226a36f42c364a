/** Layers of texts in every shape that their kernels stumble over: one piece, one head, heads that begin inside a word, more keys than a word has bits. */
import { reals, uniform } from '../numbers.js';
import { readOut } from './grid.js';
import { floatTensor, Sketch } from './sketch.js';
import type { PackedCase } from './sketch.js';

/** Pieces, width, heads. */
const shapes: readonly (readonly [pieces: number, width: number, heads: number])[] = [
  ...([
    [1, 1, 1],
    [1, 8, 2],
    [2, 33, 1],
    [3, 31, 31],
    [24, 256, 4],
    [31, 64, 1],
    [32, 64, 2],
    [33, 96, 3],
    [40, 37, 1],
  ] as const),
  ...([
    [17, 70, 7],
    [65, 130, 2],
    [100, 35, 5],
    [9, 20, 20],
    [16, 192, 1],
    [512, 64, 1],
    [130, 48, 3],
    [8, 768, 12],
    [300, 96, 3],
  ] as const),
];

/** Each op of texts alone, in each shape. */
export function textGrid(): PackedCase[] {
  return shapes.flatMap(([pieces, width, heads]) => {
    const seed = 1000 * pieces + 10 * width + heads;
    const inputs = reals(pieces * width, seed);
    const shape = `${pieces} pieces, ${width} channels, ${heads} heads`;
    const made = (name: string, add: (sketch: Sketch) => string): PackedCase => {
      const sketch = new Sketch([pieces, width]);
      return { name: `${name} of ${shape}`, source: sketch.source(add(sketch)), inputs };
    };
    const onBits = (
      name: string,
      draft: Parameters<Sketch['add']>[0] & { op: 'bitAttention' | 'elasticAttention' },
    ) =>
      made(name, (sketch) => {
        const bits = sketch.add({ op: 'sign', attributes: { values: 'bits' }, inputs: ['x'] });
        return sketch.add({ ...draft, inputs: [bits, bits, bits] });
      });
    const bounds: readonly (readonly [factor: number, least: number])[] = [
      [0.125, 0.6 / pieces],
      [1, 0.3],
      [1e-4, 1 / pieces],
      [3, 1e-40],
    ];
    return [
      made('layer norm', (sketch) => {
        const next = uniform(seed);
        const [gamma, beta] = [0, 1].map(() => floatTensor([width], next));
        const attributes = { epsilon: 1e-12 };
        return sketch.add({ op: 'layerNorm', attributes, inputs: ['x'], tensors: { gamma, beta } });
      }),
      made('gelu', (sketch) => sketch.add({ op: 'gelu', attributes: {}, inputs: ['x'] })),
      made('first row', (sketch) => {
        const bits = sketch.add({ op: 'sign', attributes: { values: 'bits' }, inputs: ['x'] });
        const first = sketch.add({ op: 'firstRow', attributes: {}, inputs: [bits] });
        const picture = { shape: [1, 1, width] };
        const flat = sketch.add({ op: 'reshape', attributes: picture, inputs: [first] });
        return readOut(sketch, flat);
      }),
      made('softmax attention', (sketch) => {
        const attributes = { heads, scale: 0.3 };
        return sketch.add({ op: 'softmaxAttention', attributes, inputs: ['x', 'x', 'x'] });
      }),
      onBits('bit attention', { op: 'bitAttention', attributes: { heads }, inputs: [] }),
      ...bounds.map(([factor, least]) =>
        onBits(`elastic attention (${factor}, ${least})`, {
          op: 'elasticAttention',
          attributes: { heads, factor, least },
          inputs: [],
        }),
      ),
    ];
  });
}
