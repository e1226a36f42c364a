/** A part's graph on another input than the file says: a text of another length, pictures of another size, or several regions at a time. */
import { maxElements, maxRank } from '../format/convention.js';
import { quote } from '../format/json.js';
import type { Edge, Graph, GraphNode, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { positionWise } from '../ops/position-wise.js';
import { inferOutput } from '../ops/table.js';

/**
 * The graph with an input of another shape, every edge inferred anew.
 * @throws ModelFileError naming a node that does not take what it would read.
 */
export function resizedGraph(graph: Graph, shape: readonly number[]): Graph {
  return inferred(graph, shape, (node) => node);
}

/**
 * The graph on rows x columns of its inputs at a time, which take two axes in front of all others: layers then read their weights
 * once for many. Undefined where a node looks through a window, which wants pictures.
 */
export function batchedGraph(graph: Graph, rows: number, columns: number): Graph | undefined {
  const shapes = [
    ...graph.inputs.map(({ shape }) => shape),
    ...graph.nodes.map((n) => n.output.shape),
  ];
  // A reshape computes nothing, and is told of the axes in front.
  const isBatchable = ({ op }: GraphNode) => op === 'reshape' || positionWise.includes(op);
  if (!graph.nodes.every(isBatchable)) return undefined;
  if (shapes.some((shape) => shape.length + 2 > maxRank)) return undefined;
  return inferred(graph, [rows, columns, ...graph.inputs[0].shape], (node) =>
    node.op === 'reshape'
      ? { ...node, attributes: { shape: [rows, columns, ...node.attributes.shape] } }
      : node,
  );
}

function inferred(
  graph: Graph,
  shape: readonly number[],
  changed: (node: GraphNode) => GraphNode,
): Graph {
  const [input] = graph.inputs;
  const edges = new Map<string, Edge>([[input.name, { type: 'f32', shape }]]);
  const nodes = graph.nodes.map((given) => {
    const node = changed(given);
    const read = node.inputs.flatMap((name) => edges.get(name) ?? []);
    const output = inferOutput<OpName>(node, read);
    if (output.shape.reduce((product, size) => product * size, 1) > maxElements) {
      throw new ModelFileError(
        `node ${quote(node.name)} would make ${quote(output.shape)} of an input of ${quote(shape)}; allowed: ${maxElements} numbers`,
      );
    }
    edges.set(node.name, output);
    return { ...node, output };
  });
  return { ...graph, inputs: [{ ...input, shape }], nodes };
}
