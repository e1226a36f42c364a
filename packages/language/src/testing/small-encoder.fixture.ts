/** A file like that of the Universal Sentence Encoder Lite, but small. */
import type { Weights } from '../weights/safetensors.js';
import { drawn } from './numbers.fixture.js';

/** The tensors of a file of sizes that loops can follow: width 4, then 8; four heads of 1 and of 2. */
export function smallEncoder(): Map<string, Weights> {
  const shapes: Record<string, number[]> = {
    'embeddings.weight': [9, 4],
    'position.inv_timescale': [2],
    'layer0.residual_dense.weight': [4, 8],
    'layer0.residual_dense.bias': [8],
    'pool.dense.weight': [8, 8],
    'pool.dense.bias': [8],
  };
  [4, 8].forEach((width, i) => {
    const linear = (name: string, inputs: number, out: number) => {
      shapes[`layer${i}.${name}.weight`] = [inputs, out];
      shapes[`layer${i}.${name}.bias`] = [out];
    };
    for (const [norm, size] of [['attn_norm', width] as const, ['ffn_norm', 8] as const]) {
      shapes[`layer${i}.${norm}.weight`] = [size];
      shapes[`layer${i}.${norm}.bias`] = [size];
    }
    linear('attn.qkv', width, 3 * width);
    linear('attn.out', width, 8);
    linear('ffn.conv1', 8, 12);
    linear('ffn.conv2', 12, 8);
  });
  return new Map(
    Object.entries(shapes).map(([name, shape], i) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const offset = name.endsWith('norm.weight') ? 1 : 0;
      return [name, { shape, values: Float32Array.from(drawn(count, i), (v) => offset + v / 2) }];
    }),
  );
}
