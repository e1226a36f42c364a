/** Shared memory never mixes edges up: random graphs against the same steps with a buffer for each edge. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelSource } from '../format/model-source.js';
import type { Edge, NodeOf, OpName } from '../graph.js';
import { edgeBuffer } from '../ops/buffers.js';
import { ModelMemory, NodeMemory } from '../ops/memory.js';
import type { EdgeBuffer } from '../ops/op.js';
import { opTable } from '../ops/table.js';
import { edgeOf, edgesOf } from './describe.js';
import {
  floatTensor,
  int8Tensor,
  integerTensor,
  randomNumbers,
  readOut,
  signTensor,
  sourceOf,
  squareWindow,
} from './graph.fixture.js';
import type { Draft } from './graph.fixture.js';
import { everyModel } from './every-model.fixture.js';
import { edgeWords, planBuffers } from './plan.js';

/** A graph of `count` random nodes with all loose ends joined. Pictures have 2 x 3 pixels and 5 or more channels. */
function randomGraph(count: number, seed: number): ModelSource {
  const random = randomNumbers(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  const drafts: Draft[] = [];
  const made: { name: string; type: Edge['type']; channels: number }[] = [
    { name: 'x', type: 'f32', channels: 5 },
  ];
  const read = new Set<string>();
  const push = (draft: Draft, type: Edge['type'], channels: number): void => {
    const name = `node ${drafts.length}`;
    for (const input of draft.inputs ?? []) read.add(input);
    drafts.push({ ...draft, name });
    made.push({ name, type, channels });
  };
  const signs = (channels: number) =>
    Array.from({ length: channels }, () => (random() < 0.5 ? -1 : 1));
  for (let i = 0; i < count; i++) {
    const { name, type, channels } = pick(made);
    const inputs = [name];
    const numbers = Array.from({ length: channels }, () => random() - 0.5);
    if (type === 'bits' || type === 'unsigned') {
      const filters = 1 + Math.floor(random() * 40);
      const kernel = signTensor(Array.from({ length: filters }, () => signs(9 * channels)));
      const attributes = {
        window: squareWindow(3, 1, 1),
        filters,
        groups: 1,
        padValue: 0,
      } as const;
      push({ op: 'binaryConv2d', attributes, inputs, tensors: { kernel } }, 'i32', filters);
      continue;
    }
    const others = made.filter((edge) => edge.channels === channels && /32/.test(edge.type));
    const anyNumbers = made.filter((edge) => /32/.test(edge.type) && edge.channels < 50);
    if (type === 'i8') {
      const units = 1 + Math.floor(random() * 5);
      const kernel = int8Tensor(
        [channels, units],
        [...Array(channels * units).keys()].map((k) => (k % 255) - 127),
      );
      const scale = floatTensor([units], Array(units).fill(1 / 4096));
      const attributes = { units, weights: 'i8' } as const;
      push({ op: 'dense', attributes, inputs, tensors: { kernel, scale } }, 'f32', units);
      continue;
    }
    const kind = Math.floor(random() * 7);
    if (kind === 0) push({ op: 'relu', attributes: {}, inputs }, 'f32', channels);
    if (kind === 1) {
      const b = floatTensor([channels], numbers);
      push({ op: 'affine', attributes: {}, inputs, tensors: { b } }, 'f32', channels);
    }
    if (kind === 2) {
      const added = [name, pick(others).name, pick(others).name];
      push({ op: 'add', attributes: {}, inputs: added }, 'f32', channels);
    }
    if (kind === 3) {
      const other = pick(anyNumbers);
      const joined = { op: 'concat', attributes: {}, inputs: [name, other.name] } as const;
      push(joined, 'f32', channels + other.channels);
    }
    if (kind === 4) {
      const values = pick(['bits', 'unsigned'] as const);
      push({ op: 'sign', attributes: { values }, inputs }, values, channels);
    }
    if (kind === 6) push({ op: 'quantize', attributes: { factor: 50 }, inputs }, 'i8', channels);
    if (kind === 5 && type === 'i32') {
      const thresholds = integerTensor(numbers.map((v) => Math.round(8 * v)));
      const draft = { op: 'threshold', attributes: { values: 'bits' }, inputs } as const;
      push({ ...draft, tensors: { thresholds } }, 'bits', channels);
    }
  }
  for (const { name, type, channels } of [...made]) {
    if (read.has(name) || type === 'f32' || type === 'i32') continue;
    if (type === 'i8') {
      const kernel = int8Tensor([channels, 1], Array(channels).fill(1));
      const tensors = { kernel, scale: floatTensor([1], [0.5]) };
      push(
        { op: 'dense', attributes: { units: 1, weights: 'i8' }, inputs: [name], tensors },
        'f32',
        1,
      );
      continue;
    }
    push({ ...readOut(channels), inputs: [name] }, 'i32', channels);
  }
  const loose = made.filter(({ name }) => !read.has(name) && name !== 'x').map(({ name }) => name);
  push({ op: 'concat', attributes: {}, inputs: ['x', 'x', ...loose] }, 'f32', 0);
  return sourceOf([2, 3, 5], drafts);
}

/** The same steps, every edge in memory of its own. */
function runApart({ graph, tensors }: ModelSource, x: Float32Array): Float32Array {
  const edges = edgesOf(graph);
  const buffers = new Map<string, EdgeBuffer>([['x', x]]);
  const prepare = <Op extends OpName>(node: NodeOf<Op>) => {
    const memory = new ModelMemory();
    const roles = Object.entries(node.tensors).map(([role, name]) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(name);
      return [role, tensor] as const;
    });
    const inputs = node.inputs.map((name) => edgeOf(edges, name));
    return opTable[node.op].prepare(
      node,
      inputs,
      new NodeMemory(memory, Object.fromEntries(roles)),
    )();
  };
  let last: EdgeBuffer = x;
  for (const node of graph.nodes) {
    const words = edgeWords(node.output);
    last = edgeBuffer(node.output, new ArrayBuffer(4 * words), 0, words);
    const inputs = node.inputs.map((name) => buffers.get(name) ?? new Float32Array());
    prepare(node)(inputs, last);
    buffers.set(node.name, last);
  }
  return Float32Array.from(last);
}

const graphs = fc.record({ count: fc.integer({ min: 1, max: 25 }), seed: fc.nat() });

describe('planned memory', () => {
  it('gives the results of memory for each edge', () => {
    let shared = 0;
    fc.assert(
      fc.property(graphs, ({ count, seed }) => {
        const source = randomGraph(count, seed);
        const random = randomNumbers(seed + 1);
        const x = Float32Array.from({ length: 90 }, () => random() - 0.5);
        const model = everyModel(source);
        const results = model.run(x);
        const apart = [0, 30, 60].flatMap((from) => [
          ...runApart(source, x.slice(from, from + 30)),
        ]);
        expect(results).toEqual(Float32Array.from(apart));
        expect(model.run(x)).toEqual(results);
        const alone = [...edgesOf(source.graph).values()].map(edgeWords);
        if (planBuffers(source.graph).bytes < 4 * alone.reduce((a, b) => a + b)) shared += 1;
      }),
      { numRuns: 150 },
    );
    expect(shared).toBeGreaterThan(50);
  });

  it.each([1, 2, 5])('never shares what %i nodes in a row need', (together) => {
    fc.assert(
      fc.property(graphs, ({ count, seed }) => {
        const { graph } = randomGraph(count, seed);
        const stages = graph.nodes.flatMap((_, i) =>
          i % together === 0 ? [graph.nodes.slice(i, i + together).map((_, k) => i + k)] : [],
        );
        const { places, bytes } = planBuffers(graph, { stages });
        const stageOf = (node: number) => Math.floor(node / together);
        const live = graph.nodes.map((node, i) => ({
          name: node.name,
          from: stageOf(i),
          to: Math.max(
            stageOf(i),
            stageOf(graph.nodes.findLastIndex(({ inputs }) => inputs.includes(node.name))),
          ),
        }));
        for (const one of live) {
          const a = places.get(one.name) ?? { from: 0, words: 0 };
          expect(4 * (a.from + a.words)).toBeLessThanOrEqual(bytes);
          for (const other of live) {
            if (other === one || other.from < one.from || other.from > one.to) continue;
            const b = places.get(other.name) ?? { from: 0, words: 0 };
            expect(a.from + a.words <= b.from || b.from + b.words <= a.from).toBe(true);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('of a chain is two edges at a time', () => {
    const relu: Draft = { op: 'relu', attributes: {} };
    const { graph } = sourceOf([10], [relu, relu, relu, relu, relu]);
    expect(planBuffers(graph).bytes).toBe(2 * 40);
  });

  it('keeps the output to the end', () => {
    const relu: Draft = { op: 'relu', attributes: {} };
    const { graph } = sourceOf([10], [relu, relu, relu, relu]);
    expect(planBuffers({ ...graph, outputs: [graph.nodes[0].name] }).bytes).toBe(3 * 40);
  });

  it('counts words of bits', () => {
    expect(edgeWords({ type: 'bits', shape: [2, 3, 33] })).toBe(12);
    expect(edgeWords({ type: 'unsigned', shape: [64] })).toBe(2);
    expect(edgeWords({ type: 'i32', shape: [2, 3, 33] })).toBe(198);
    expect(edgeWords({ type: 'i8', shape: [2, 3, 33] })).toBe(50);
  });
});
