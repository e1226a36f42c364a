/** What ops ask of the edges that they read. */
import { quote } from '../format/json.js';
import type { Edge, EdgeType, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';

/** A node as far as messages name it. */
export interface Named {
  readonly name: string;
  readonly op: OpName;
}

export const numbers: readonly EdgeType[] = ['f32', 'i32'];
export const operands: readonly EdgeType[] = ['bits', 'unsigned'];

export function misfit(node: Named, what: string): ModelFileError {
  return new ModelFileError(`node ${quote(node.name)} (${node.op}): ${what}`);
}

/** @throws ModelFileError unless the edge is of one of these types. */
export function checkType(node: Named, { type }: Edge, allowed: readonly EdgeType[]): void {
  if (allowed.includes(type)) return;
  throw misfit(node, `it reads ${type}; allowed: ${allowed.join(', ')}`);
}

/** Size of the last axis. */
export function channelsOf({ shape }: Edge): number {
  return shape[shape.length - 1];
}

/** How many times the last axis stands in the array. */
export function positionsOf({ shape }: Edge): number {
  return shape.slice(0, -1).reduce((product, size) => product * size, 1);
}

export function elementsOf(edge: Edge): number {
  return positionsOf(edge) * channelsOf(edge);
}

/** @throws ModelFileError unless the shape is [height, width, channels]. */
export function pictureOf(node: Named, { shape }: Edge): readonly [number, number, number] {
  if (shape.length !== 3) {
    throw misfit(node, `it reads the shape ${quote(shape)}; allowed: [height, width, channels]`);
  }
  return [shape[0], shape[1], shape[2]];
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
