/** Tables of vectors as a file keeps them: as trained, as float16, or as int8 with a scale for each row. */
import { InputError } from '@surge-bnn/contract';
import { halfValue } from '@surge-bnn/runtime';
import type { StoredTensor } from '@surge-bnn/runtime';
import { int8Of } from '../ends/int8-kernel.js';
import { halfBits } from '../half.js';
import { storedFloats, storedHalves, storedInt8s } from '../stored.js';
import type { Values } from '../stored.js';
import type { TableForm } from './types.js';

export const tableForms: readonly TableForm[] = ['f32', 'f16', 'i8'];

export interface StoredTable {
  readonly table: StoredTensor;
  /** Of int8, F32 [rows]. */
  readonly scale?: StoredTensor;
}

/** The first rows of a table, or those of which `kept` is true. */
export function someRows(
  { values, shape: [rows, width] }: Values,
  kept: number | readonly boolean[],
): Values {
  if (typeof kept === 'number') {
    return { values: values.subarray(0, kept * width), shape: [kept, width] };
  }
  const wanted = Array.from({ length: rows }, (_, row) => row).filter((row) => kept[row]);
  const out = new Float32Array(wanted.length * width);
  wanted.forEach((row, i) => {
    out.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return { values: out, shape: [wanted.length, width] };
}

/**
 * @param where names the table in errors.
 * @throws InputError for numbers that the form cannot hold.
 */
export function storedTable(table: Values, form: TableForm, where: string): StoredTable {
  if (form === 'f32') return { table: storedFloats(table, where) };
  if (form === 'f16') return { table: storedHalves(table, where) };
  // A NaN or an infinity would become a number.
  storedFloats(table, where);
  const { integers, scale } = rowsOfInt8(table);
  return {
    table: storedInt8s(integers, table.shape),
    scale: storedFloats({ values: scale, shape: [scale.length] }, `the scales of ${where}`),
  };
}

/** The numbers that a table of this form gives back. */
export function roundedTable(table: Values, form: TableForm): Float32Array {
  const { values, shape } = table;
  if (form === 'f32') return values;
  if (form === 'f16') return values.map((v) => halfValue(halfBits(v)));
  const { integers, scale } = rowsOfInt8(table);
  return Float32Array.from(integers, (q, i) => scale[Math.floor(i / shape[1])] * q);
}

/** Each row by itself: its largest |v| becomes 127, scale = fround(max |v| / 127), an integer is v / scale, rounded to nearest, ties to even. */
function rowsOfInt8({ values, shape: [rows, width] }: Values) {
  const integers = new Int8Array(values.length);
  const scale = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * width, (row + 1) * width);
    scale[row] = own.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0) / 127;
    const step = scale[row];
    own.forEach((v, i) => {
      integers[row * width + i] = step === 0 ? 0 : int8Of(v / step);
    });
  }
  return { integers, scale };
}

/** @throws InputError for a form that there is not. */
export function checkTableForm(form: TableForm): void {
  if (tableForms.includes(form)) return;
  throw new InputError(`tables must be ${tableForms.join(', ')}, got ${JSON.stringify(form)}`);
}
