/**
 * The vectors of a text's pieces: for each piece the sum of its word's, its sentence's and its place's row. The tables stay as they are in
 * the file, because a text reads a few of their rows: float16 and int8 become floats one row at a time.
 */
import type { TextSource } from '../format/model-source.js';
import type { StoredTensor } from '../format/tensors.js';
import { halfValue } from '../kernels/half.js';

/** Reads rows of one table. */
class Table {
  private readonly view: DataView;
  private readonly scales: DataView | undefined;
  private readonly width: number;

  constructor(
    private readonly tensor: StoredTensor,
    scales: StoredTensor | undefined,
  ) {
    this.width = tensor.shape[1];
    this.view = viewOf(tensor);
    this.scales = scales === undefined ? undefined : viewOf(scales);
  }

  /** Element i of a row: a float32. */
  private value(row: number, i: number): number {
    const at = row * this.width + i;
    switch (this.tensor.dtype) {
      case 'F32':
        return this.view.getFloat32(4 * at, true);
      case 'F16':
        return halfValue(this.view.getUint16(2 * at, true));
      default:
        return Math.fround((this.scales?.getFloat32(4 * row, true) ?? 0) * this.view.getInt8(at));
    }
  }

  read(row: number, out: Float32Array, to: number): void {
    for (let i = 0; i < this.width; i++) out[to + i] = this.value(row, i);
  }

  /** Adds the row; each sum is rounded to float32. */
  add(row: number, out: Float32Array, to: number): void {
    for (let i = 0; i < this.width; i++) out[to + i] += this.value(row, i);
  }
}

/** A text as a network reads it. */
export interface TextIds {
  /** Ids of its pieces, special ones with them. */
  readonly ids: ArrayLike<number>;
  /** How many of them are the first sentence's; the others are the second's. */
  readonly first: number;
}

export class Embeddings {
  readonly width: number;
  private readonly words: Table;
  private readonly places: Table;
  private readonly types: Table;

  /** @param rows of the words' table, by the pieces' ids. */
  constructor(
    { plan, tensors }: Pick<TextSource, 'plan' | 'tensors'>,
    private readonly rows: Int32Array,
  ) {
    const table = (name: string, scales: string | undefined) =>
      new Table(
        tensorOf(tensors, name),
        scales === undefined ? undefined : tensorOf(tensors, scales),
      );
    const { words, places, types, wordScales, placeScales, typeScales } = plan.tensors;
    this.words = table(words, wordScales);
    this.places = table(places, placeScales);
    this.types = table(types, typeScales);
    this.width = tensorOf(tensors, words).shape[1];
  }

  /**
   * Word + type, rounded, + place, rounded, as a trained network's embeddings.
   * @param ids of pieces that have a row. @param out [pieces, width].
   */
  write({ ids, first }: TextIds, out: Float32Array): void {
    for (let place = 0, to = 0; place < ids.length; place++, to += this.width) {
      this.words.read(this.rows[ids[place]], out, to);
      this.types.add(place < first ? 0 : 1, out, to);
      this.places.add(place, out, to);
    }
  }
}

function tensorOf(tensors: TextSource['tensors'], name: string): StoredTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`a table "${name}" that is not there was not refused`);
  return tensor;
}

function viewOf({ bytes }: StoredTensor): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What describe() tells of a table. */
export interface TableDescription {
  readonly name: string;
  readonly dtype: StoredTensor['dtype'];
  readonly shape: readonly number[];
  /** With its scales. */
  readonly bytes: number;
}

/** The tables and the vocabulary, with their bytes in the file. */
export function describeTables({
  plan,
  tensors,
}: Pick<TextSource, 'plan' | 'tensors'>): readonly TableDescription[] {
  const { vocabulary, kept, words, wordScales, places, placeScales, types, typeScales } =
    plan.tensors;
  const groups: readonly (readonly (string | undefined)[])[] = [
    [vocabulary, kept],
    [words, wordScales],
    [places, placeScales],
    [types, typeScales],
  ];
  return groups.map((names) => {
    const [first, ...rest] = names.flatMap((name) => (name === undefined ? [] : [name]));
    const { dtype, shape } = tensorOf(tensors, first);
    const bytes = [first, ...rest].reduce(
      (sum, one) => sum + tensorOf(tensors, one).bytes.length,
      0,
    );
    return { name: first, dtype, shape, bytes };
  });
}
