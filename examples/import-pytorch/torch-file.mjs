// The PyTorch side, without PyTorch: a state dict of the module DigitsCnn in docs/import.md, in PyTorch's names and
// layouts, written as safetensors.torch.save_file would. The weights are drawn from a seed; nobody trained them.
import { Buffer } from 'node:buffer';

const width = 16;

/** [name, shape, numbers are drawn from (mean, deviation)], in the order of the module. */
const tensors = [
  ['stem.weight', [width, 1, 3, 3], 0, 0.5], // out, in, height, width
  ...norm('norm0', width, 2),
  ['binary1.weight', [2 * width, width, 3, 3], 0, 0.4],
  ...norm('norm1', 2 * width, 150),
  ['binary2.weight', [4 * width, 2 * width, 3, 3], 0, 0.4],
  ...norm('norm2', 4 * width, 300),
  ['binary3.weight', [4 * width, 4 * width, 3, 3], 0, 0.4],
  ...norm('norm3', 4 * width, 600),
  ['classifier.weight', [10, 4 * width], 0, 0.2], // out, in
  ['classifier.bias', [10], 0, 0.1],
];

/** What nn.BatchNorm2d has, its counter excepted. */
function norm(name, channels, variance) {
  return [
    [`${name}.weight`, [channels], 1, 0.2],
    [`${name}.bias`, [channels], 0, 0.2],
    [`${name}.running_mean`, [channels], 0, Math.sqrt(variance) / 4],
    [`${name}.running_var`, [channels], variance, 0],
  ];
}

/** The file's bytes. */
export function torchFile(seed) {
  const normal = normalNumbers(seed);
  const header = { __metadata__: { format: 'pt' } };
  const parts = [];
  let end = 0;
  const add = (name, dtype, shape, numbers) => {
    const from = end;
    end += numbers.byteLength;
    header[name] = { dtype, shape, data_offsets: [from, end] };
    parts.push(new Uint8Array(numbers.buffer));
  };
  // The largest numbers come first, as in every such file: int64 before float32.
  for (const [name] of tensors) {
    if (!name.endsWith('.running_var')) continue;
    add(name.replace('running_var', 'num_batches_tracked'), 'I64', [], new BigInt64Array([1250n]));
  }
  for (const [name, shape, mean, deviation] of tensors) {
    const size = shape.reduce((a, b) => a * b, 1);
    const numbers = Float32Array.from({ length: size }, () => mean + deviation * normal());
    add(name, 'F32', shape, numbers);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

/** Box and Muller's normal numbers from a 32-bit linear congruential generator. */
function normalNumbers(seed) {
  let state = seed >>> 0;
  const even = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(even())) * Math.cos(2 * Math.PI * even());
}
