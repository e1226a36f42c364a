/**
 * Weights of a TF.js graph as a safetensors file, bytes unchanged. model.json has a manifest: groups of files, and the weights that lie in them one behind the
 * other without gaps. The safetensors file has them in another order, under other names:
 *
 *     8 bytes   length of the header, little-endian
 *     JSON      {"__metadata__": {..}, "name": {"dtype": "F32", "shape": [..], "data_offsets": [from, to]}, ..}, blanks up to a multiple of 8
 *     the data
 */
import { InputError } from '@surge-bnn/contract';
import type { EncoderPackage } from './encoder-package.js';

interface GraphWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

interface Group {
  readonly paths: readonly string[];
  readonly weights: readonly GraphWeight[];
}

/** A float32 weight: its shape without leading axes of length 1, and its bytes. */
interface Floats {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * The file, in pieces. A kernel [1, 1, in, out] of a convolution over single pieces is a linear layer's [in, out].
 *
 * @param read a file of the graph's folder by its name.
 * @param where names the graph in messages.
 * @throws InputError for a manifest that is none, files that are too short for it, and a tensor that it has not got.
 */
export function safetensorsOfGraph(
  read: (name: string) => Uint8Array,
  { tensors, metadata }: Pick<EncoderPackage, 'tensors' | 'metadata'>,
  where: string,
): readonly Uint8Array[] {
  const weights = readWeights(read, where);
  const entries: Record<string, object> = { __metadata__: metadata };
  const data: Uint8Array[] = [];
  let end = 0;
  for (const [name, graph] of tensors) {
    const found = weights.get(graph);
    if (found === undefined) throw new InputError(`${where} has no float32 weight "${graph}"`);
    const { shape, bytes } = found;
    entries[name] = { dtype: 'F32', shape, data_offsets: [end, (end += bytes.length)] };
    data.push(bytes);
  }
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const header = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  header.set(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return [length, header, ...data];
}

/** The graph's float32 weights by name, as views. */
function readWeights(read: (name: string) => Uint8Array, where: string): Map<string, Floats> {
  const weights = new Map<string, Floats>();
  for (const { paths, weights: listed } of readManifest(read('model.json'), where)) {
    const data = Buffer.concat(paths.map(read));
    let at = 0;
    for (const { name, shape, dtype } of listed) {
      // Both types that the graph has.
      if (dtype !== 'float32' && dtype !== 'int32') {
        throw new InputError(`${where}: "${name}" is of type ${dtype}, not float32 or int32`);
      }
      const bytes = data.subarray(at, (at += 4 * shape.reduce((size, n) => size * n, 1)));
      if (at > data.length) {
        throw new InputError(
          `${where}: "${name}" ends at byte ${at} of ${paths.join(', ')}, which have ${data.length}`,
        );
      }
      const first = shape.findIndex((n) => n !== 1);
      if (dtype === 'float32') weights.set(name, { shape: shape.slice(Math.max(0, first)), bytes });
    }
  }
  return weights;
}

function readManifest(bytes: Uint8Array, where: string): readonly Group[] {
  let graph: unknown;
  try {
    graph = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InputError(`${where}: model.json is not JSON`, { cause });
  }
  if (typeof graph === 'object' && graph !== null && 'weightsManifest' in graph) {
    const { weightsManifest } = graph;
    if (isListOf(weightsManifest, isGroup)) return weightsManifest;
  }
  throw new InputError(`${where}: model.json has no manifest of weights`);
}

function isGroup(value: unknown): value is Group {
  if (typeof value !== 'object' || value === null) return false;
  if (!('paths' in value && 'weights' in value)) return false;
  const isName = (name: unknown): name is string => typeof name === 'string';
  return isListOf(value.paths, isName) && isListOf(value.weights, isWeight);
}

function isWeight(value: unknown): value is GraphWeight {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value && 'shape' in value && 'dtype' in value)) return false;
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && Number(n) >= 0;
  const { name, shape, dtype } = value;
  return typeof name === 'string' && typeof dtype === 'string' && isListOf(shape, isSize);
}

function isListOf<T>(value: unknown, isOne: (entry: unknown) => entry is T): value is T[] {
  return Array.isArray(value) && value.every(isOne);
}
