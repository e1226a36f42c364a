/** Foreign numbers as float32. */
import { halfValue } from '@surge-bnn/runtime';
import { elementsOf } from '../shape.js';
import { dtypeBytes } from './read-safetensors.js';
import type { ForeignTensor } from './read-safetensors.js';

/** Reads one number at a byte offset. */
type Read = (view: DataView, at: number) => number;

/** A bfloat16 is the upper half of a float32. */
const bfloat = new DataView(new ArrayBuffer(4));

/** The element types that weights may have. */
const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['F32', (view, at) => view.getFloat32(at, true)],
  ['F64', (view, at) => view.getFloat64(at, true)],
  ['F16', (view, at) => halfValue(view.getUint16(at, true))],
  [
    'BF16',
    (view, at) => {
      bfloat.setUint16(0, view.getUint16(at, true));
      return bfloat.getFloat32(0);
    },
  ],
]);

/** The tensor's numbers, each rounded to the nearest float32; or what is wrong with it, to stand behind its name. */
export function float32Values({ dtype, shape, bytes }: ForeignTensor): Float32Array | string {
  const read = readers.get(dtype);
  const width = dtypeBytes.get(dtype);
  if (read === undefined || width === undefined) {
    return `is of type ${dtype}; allowed: ${[...readers.keys()].join(', ')}`;
  }
  const size = elementsOf(shape);
  if (bytes.byteLength !== size * width) {
    return `has ${bytes.byteLength} bytes instead of ${size * width}`;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const value = read(view, i * width);
    values[i] = value;
    if (Number.isFinite(values[i])) continue;
    const tooLarge = Number.isFinite(value) ? ', which float32 cannot' : '';
    return `holds ${value} at [${position(i, shape)}]${tooLarge}`;
  }
  return values;
}

function position(index: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}
