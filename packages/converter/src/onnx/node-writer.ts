/** Writes the ONNX nodes that one part of a network becomes, under names that begin with the part's. */
import type { OnnxBuilder } from './builder.js';
import { floatBytes, longBytes } from './builder.js';
import type { AttributeValue } from './schema.js';

type Attributes = Readonly<Record<string, AttributeValue>>;

export class NodeWriter {
  /** @param name with which all names here begin. @param result name of the value that the part makes, taken already. */
  constructor(
    readonly builder: OnnxBuilder,
    private readonly name: string,
    private readonly result: string,
  ) {}

  /** A node in between. @param what it computes. @returns its value. */
  step(what: string, opType: string, inputs: readonly string[], attributes?: Attributes): string {
    const name = this.builder.freeName(`${this.name}/${what}`);
    return this.builder.add(name, opType, inputs, attributes);
  }

  /** The node that makes the part's value. @returns it. */
  last(opType: string, inputs: readonly string[], attributes?: Attributes): string {
    return this.builder.add(this.result, opType, inputs, attributes);
  }

  /** A float32 that all nodes share. */
  scalar(value: number): string {
    const bytes = () => floatBytes([value]);
    const name = `number/${Object.is(value, -0) ? '-0' : value}`;
    return this.builder.keep(name, { name, type: 'float32', shape: [], bytes });
  }

  /** Sizes, axes, pads. */
  integers(values: readonly number[]): string {
    const name = `integers/${values.join('_')}`;
    return this.builder.keep(name, {
      name,
      type: 'int64',
      shape: [values.length],
      bytes: () => longBytes(values),
    });
  }

  /** An index or a step. */
  integer(value: number): string {
    const name = `integer/${value}`;
    return this.builder.keep(name, {
      name,
      type: 'int64',
      shape: [],
      bytes: () => longBytes([value]),
    });
  }

  /** Numbers of this part's own. @param what they are. */
  floats(what: string, shape: readonly number[], values: ArrayLike<number>): string {
    const name = `${this.name}/${what}`;
    const bytes = () => floatBytes(values);
    return this.builder.keep(`of node ${name}`, { name, type: 'float32', shape, bytes });
  }
}
