/**
 * Where every edge lies in one block of memory. An edge is needed from the node that makes it to the last node that reads
 * it; edges that are never needed at the same time may share their place. Every edge takes whole words
 * of four bytes: float32, int32, 32 bits, or four int8.
 */
import type { Edge, Graph } from '../graph.js';
import { wordsFor } from '../kernels/bits.js';
import { channelsOf, elementsOf, operands, positionsOf } from '../ops/edges.js';

/** In words of four bytes from the beginning of the block. */
export interface Place {
  readonly from: number;
  readonly words: number;
}

export interface Plan {
  /** By name of the edge. */
  readonly places: ReadonlyMap<string, Place>;
  /** Size of the block. */
  readonly bytes: number;
}

/** Four-byte words of one example on an edge. */
export function edgeWords(edge: Edge): number {
  if (edge.type === 'i8') return Math.ceil(elementsOf(edge) / 4);
  return operands.includes(edge.type)
    ? positionsOf(edge) * wordsFor(channelsOf(edge))
    : elementsOf(edge);
}

/** How nodes are computed; what is left out is node by node. */
export interface PlanOptions {
  /** Nodes that are computed together, in their order; all that they read and make is needed until the last of them is done. */
  readonly stages?: readonly (readonly number[])[];
  /** Edges that have their place elsewhere. */
  readonly without?: ReadonlySet<string>;
}

/** Plans a graph that `checkGraph` found sound. No memory is taken. */
export function planBuffers(graph: Graph, options: PlanOptions = {}): Plan {
  const { inputs, nodes, outputs } = graph;
  const { stages = nodes.map((_, index) => [index]), without } = options;
  const lastReader = new Map<string, number>();
  stages.forEach((stage, index) => {
    for (const node of stage) nodes[node].inputs.forEach((name) => lastReader.set(name, index));
  });
  for (const name of outputs) lastReader.set(name, stages.length);

  const places = new Map<string, Place>();
  /** The places that are needed now, by address. */
  let live: readonly (Place & { readonly name: string })[] = [];
  let end = 0;
  const place = (name: string, edge: Edge): void => {
    const words = edgeWords(edge);
    const { from, index } = lowestGap(live, words);
    live = [...live.slice(0, index), { name, from, words }, ...live.slice(index)];
    places.set(name, { from, words });
    end = Math.max(end, from + words);
  };

  for (const { name, shape } of inputs) place(name, { type: 'f32', shape });
  stages.forEach((stage, index) => {
    // Before their inputs are let go: no op reads and writes the same place.
    for (const node of stage) {
      const { name, output } = nodes[node];
      if (without?.has(name) !== true) place(name, output);
    }
    live = live.filter(({ name }) => (lastReader.get(name) ?? index) > index);
  });
  return { places, bytes: 4 * end };
}

/** The lowest address with `words` free words, and where it stands among the places. */
function lowestGap(live: readonly Place[], words: number): { from: number; index: number } {
  let from = 0;
  for (let index = 0; index < live.length; index++) {
    if (live[index].from - from >= words) return { from, index };
    from = live[index].from + live[index].words;
  }
  return { from, index: live.length };
}
