/**
 * Which nodes are computed together, strip by strip. A node that needs of its inputs only the rows that it makes (all that change
 * numbers one by one, signs, sums of edges) goes with the node before it, while that one's rows are still in the cache; a
 * node that looks through a window, or gives an edge another shape, begins a new stage, because all of its input has to be there.
 */
import { edgeWords } from '../execute/plan.js';
import type { Edge, Graph, GraphNode, OpName } from '../graph.js';
import { channelsOf } from '../ops/edges.js';

const rowWise: readonly OpName[] = [
  'sign',
  'threshold',
  'affine',
  'relu',
  'clip',
  'prelu',
  'sigmoid',
  'tanh',
  'softmax',
  'l2Norm',
  'layerNorm',
  'gelu',
  'add',
  'concat',
  'quantize',
];

/** An edge as rows of positions: the first axis are its rows, a vector is one row of one position. */
export interface Rows {
  readonly rows: number;
  readonly positions: number;
  readonly channels: number;
}

export function rowsOf(edge: Edge): Rows {
  const [rows, ...inner] = edge.shape.length === 1 ? [1] : edge.shape.slice(0, -1);
  return { rows, positions: inner.reduce((a, b) => a * b, 1), channels: channelsOf(edge) };
}

/** Bytes of a row: integers of 8 bits stand side by side, all else in words. */
export function rowBytes(edge: Edge): number {
  const { rows, positions, channels } = rowsOf(edge);
  return edge.type === 'i8' ? positions * channels : (4 * edgeWords(edge)) / rows;
}

/** Nodes of one stage, as indices into the graph's, in their order. */
export type StageNodes = readonly number[];

/** The graph's nodes in stages. */
export function stagesOf({ nodes }: Graph): StageNodes[] {
  const stages: number[][] = [];
  nodes.forEach((node, index) => {
    const last = stages.at(-1);
    if (last !== undefined && joins(node, nodes[last[0]])) last.push(index);
    else stages.push([index]);
  });
  return stages;
}

function joins(node: GraphNode, first: GraphNode): boolean {
  if (!rowWise.includes(node.op) || hasOwnRows(first)) return false;
  return rowsOf(node.output).rows === rowsOf(first.output).rows;
}

/** Whether a node's rows are no rows of what it makes, and it is computed one at a time: it stands alone in its stage. */
export function hasOwnRows({ op }: GraphNode): boolean {
  return op === 'reshape' || op === 'double2d' || op === 'firstRow';
}

/** How many rows a stage has that begins with this node. That of a reshape or a first row has one, a doubling's those that it reads. */
export function stageRows({ op, output }: GraphNode): number {
  const { rows } = rowsOf(output);
  if (op === 'reshape' || op === 'firstRow') return 1;
  return op === 'double2d' ? rows / 2 : rows;
}
