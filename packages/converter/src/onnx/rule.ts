/**
 * How an op of the packed graph becomes nodes of ONNX. A picture, which is every edge of rank 3, is [N, C, H, W] in between;
 * every other edge has the file's shape behind the batch axis, its channels last.
 */
import type { Edge, NodeOf, OpName, StoredTensor } from '@surge-bnn/runtime';
import type { OnnxBuilder } from './builder.js';
import { NodeWriter } from './node-writer.js';

export interface OnnxCall<Op extends OpName> {
  readonly node: NodeOf<Op>;
  /** The edges that it reads, with the file's shapes. */
  readonly inputs: readonly Edge[];
  /** The same as values of the ONNX graph. */
  readonly values: readonly string[];
  readonly emit: Emitter;
}

/** Emits nodes of which the last makes the value of the packed node. */
export type OnnxRule<Op extends OpName> = (call: OnnxCall<Op>) => void;

/** Writes the nodes of one packed node. */
export class Emitter extends NodeWriter {
  /**
   * @param node its name, with which all names here begin. @param result name of the value that it makes.
   * @param tensors the packed node's, by role.
   */
  constructor(
    builder: OnnxBuilder,
    private readonly node: Pick<NodeOf<OpName>, 'name' | 'tensors'>,
    result: string,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
  ) {
    super(builder, node.name, result);
  }

  /** One number for each channel of the edge, in a shape that spreads over the rest. */
  perChannel(what: string, edge: Edge, values: ArrayLike<number>): string {
    return this.floats(what, isPicture(edge) ? [values.length, 1, 1] : [values.length], values);
  }

  /** The tensor of a role, with the name that it has in the file. */
  tensor(role: string): StoredTensor & { readonly key: string } {
    const found = this.optionalTensor(role);
    if (found === undefined) throw new Error(`node "${this.node.name}" has no tensor ${role}`);
    return found;
  }

  optionalTensor(role: string): (StoredTensor & { readonly key: string }) | undefined {
    if (!Object.hasOwn(this.node.tensors, role)) return undefined;
    const key = this.node.tensors[role];
    const tensor = this.tensors.get(key);
    return tensor === undefined ? undefined : { ...tensor, key };
  }
}

export function isPicture({ shape }: Pick<Edge, 'shape'>): boolean {
  return shape.length === 3;
}

export function channelsOf({ shape }: Pick<Edge, 'shape'>): number {
  return shape[shape.length - 1];
}

/** Whether [H, W, C] and [C, H, W] are different orders of the same numbers. */
export function ordersDiffer([height, width, channels]: readonly number[]): boolean {
  return channels > 1 && height * width > 1;
}

/** Axes of NHWC in the order of NCHW, and back. */
export const toChannelsFirst = { perm: [0, 3, 1, 2] };
export const toChannelsLast = { perm: [0, 2, 3, 1] };
