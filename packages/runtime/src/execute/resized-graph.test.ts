/** Graphs on inputs of another size, and on several inputs at a time. */
import { describe, expect, it } from 'vitest';
import { smallDetector } from '../format/detectors.fixture.js';
import type { DetectorSource } from '../format/model-source.js';
import type { Graph } from '../graph.js';
import { PackedModel } from './packed-model.js';
import { batchedGraph, resizedGraph } from './resized-graph.js';

/** A graph with one of its outputs as a model. */
function modelOf(graph: Graph, output: string, tensors: DetectorSource['tensors']): PackedModel {
  const needed = new Set([output]);
  const nodes = graph.nodes
    .toReversed()
    .filter(({ name, inputs }) => {
      if (!needed.has(name)) return false;
      for (const read of inputs) needed.add(read);
      return true;
    })
    .toReversed();
  const keys = new Set(nodes.flatMap((node) => Object.values(node.tensors)));
  const own = new Map([...tensors].filter(([name]) => keys.has(name)));
  return PackedModel.from({
    graph: { ...graph, nodes, outputs: [output] },
    tensors: own,
    metadata: {},
  });
}

describe('a graph', () => {
  it('of several regions at a time computes what it computes of each', () => {
    const { tail, tensors } = smallDetector();
    const batched = batchedGraph(tail, 2, 3);
    if (batched === undefined) throw new Error('the tail looks through no window');
    const x = Float32Array.from({ length: 6 * 16 }, (_, i) => Math.sin(i * i));
    for (const output of tail.outputs) {
      const one = modelOf(tail, output, tensors).run(x);
      expect(modelOf(batched, output, tensors).run(x)).toEqual(one);
    }
  });

  it('that looks through windows takes one at a time', () => {
    expect(batchedGraph(smallDetector().body, 2, 2)).toBeUndefined();
  });

  it('on pictures of another size has the edges that follow', () => {
    const { body } = smallDetector();
    const { nodes } = resizedGraph(body, [16, 4, 3]);
    expect(nodes.map(({ output }) => output.shape.slice(0, 2))).toEqual([
      ...Array<number[]>(4).fill([8, 2]),
      [4, 1],
      ...Array<number[]>(3).fill([8, 2]),
      [4, 1],
      [8, 2],
      [4, 1],
    ]);
    expect(() => resizedGraph(body, [2 ** 14, 2 ** 14, 3])).toThrow(/node "deltas0" would make/);
  });
});
