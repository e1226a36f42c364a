/** An ONNX graph under construction: nodes, initializers that are kept once, and names that are free. */
import { InputError } from '@surge-bnn/contract';
import { dataTypes, elementBytes } from './schema.js';
import type { AttributeValue, OnnxNode, OnnxTensor } from './schema.js';

/** A protobuf message ends at 2 GiB; the last 64 MiB are left to nodes and names. */
export const mostTensorBytes = 2 ** 31 - 2 ** 26;

/** An initializer; its name where that is free. */
export type NewTensor = OnnxTensor;

export class OnnxBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  private readonly names: Set<string>;
  private readonly kept = new Map<string, string>();
  private tensorBytes = 0;

  /**
   * @param taken names that `add` will be given: those of the packed graph.
   * @param mostBytes that the initializers may take.
   */
  constructor(
    taken: readonly string[],
    private readonly mostBytes: number = mostTensorBytes,
  ) {
    this.names = new Set(taken);
  }

  /** A name that nothing has and nothing will get: as wanted, or with a number. */
  freeName(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.names.has(name); n++) name = `${wanted}#${n}`;
    this.names.add(name);
    return name;
  }

  /** @param name of the node and of its value; from `taken` or freeName. @returns it. */
  add(
    name: string,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    this.nodes.push({ name, opType, inputs, attributes });
    return name;
  }

  /**
   * An initializer, the same one each time that the same key is given.
   *
   * @param key what it holds, and in which order.
   * @throws InputError when the initializers are more than a file can hold; no bytes are made then.
   */
  keep(key: string, { name: wanted, type, shape, bytes }: NewTensor): string {
    return this.once(key, () => {
      this.tensorBytes += shape.reduce((a, b) => a * b, elementBytes[type]);
      if (this.tensorBytes > this.mostBytes) {
        throw new InputError(
          `as ONNX the model's weights take more than ${this.mostBytes} bytes, which is all that an *.onnx file has room for; ` +
            'a sign takes a byte there',
        );
      }
      const name = this.freeName(wanted);
      this.tensors.push({ name, type, shape, bytes });
      return name;
    });
  }

  /** The same, read as float32 whatever it is kept as. Runtimes compute the cast when they load. */
  keepAsFloats(key: string, tensor: NewTensor): string {
    const kept = this.keep(key, tensor);
    if (tensor.type === 'float32') return kept;
    return this.once(`${key}, cast`, () =>
      this.add(this.freeName(`${kept}/float32`), 'Cast', [kept], { to: dataTypes.float32 }),
    );
  }

  private once(key: string, make: () => string): string {
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.kept.set(key, name);
    return name;
  }
}

export function floatBytes(values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true);
  return new Uint8Array(view.buffer);
}

export function longBytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [i, value] of values.entries()) view.setBigInt64(8 * i, BigInt(value), true);
  return new Uint8Array(view.buffer);
}
