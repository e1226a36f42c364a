/**
 * Takes the first row of a text as early as it can be: what computes each row by itself, and attention its queries, computes that one alone. The same
 * numbers, and of a classifier's last layer most of the work is gone.
 */
import { inferOutput, isAttention, positionWise } from '@surge-bnn/runtime';
import type { Edge, GraphNode, OpName } from '@surge-bnn/runtime';
import { freeName } from '../free-name.js';
import { withoutUnused } from '../fold/rewrite.js';
import type { Draft } from '../graph-builder.js';

/** The graph with every firstRow in front of what it can stand in front of. */
export function firstRowsEarly(draft: Draft): Draft {
  let moved = draft;
  for (;;) {
    const next = moveOne(moved);
    if (next === undefined) return withoutUnused(moved);
    moved = next;
  }
}

/** Moves one firstRow in front of the node that it reads; undefined where none can move. */
function moveOne(draft: Draft): Draft | undefined {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]));
  for (const first of draft.nodes) {
    if (first.op !== 'firstRow') continue;
    const maker = byName.get(first.inputs[0]);
    if (maker === undefined || !canMove(maker, first, draft)) continue;
    return moved(draft, first, maker);
  }
  return undefined;
}

/** Only what nobody else reads: a row that is there anyway is cheaper taken than made again. */
function canMove(maker: GraphNode, first: GraphNode, { nodes, outputs }: Draft): boolean {
  if (!positionWise.includes(maker.op) && !isAttention(maker)) return false;
  // Rows of the input are those of the output: an op that reads a vector beside the text would not be.
  if (maker.output.shape.length !== 2) return false;
  const readers = nodes.filter(({ inputs }) => inputs.includes(maker.name));
  return !outputs.includes(maker.name) && readers.every(({ name }) => name === first.name);
}

function moved(draft: Draft, first: GraphNode, maker: GraphNode): Draft {
  const edges = new Map<string, Edge>([
    [draft.input.name, { type: 'f32', shape: draft.input.shape }],
    ...draft.nodes.map(({ name, output }) => [name, output] as const),
  ]);
  const names = new Set(edges.keys());
  const made: GraphNode[] = [];
  const firstOf = (read: string): string => {
    const edge = edges.get(read);
    if (edge === undefined) throw new Error(`the graph has no edge "${read}"`);
    const name = freeName(names, `${read}/first`);
    const output = { type: edge.type, shape: edge.shape.slice(1) };
    made.push({ ...first, name, inputs: [read], output });
    edges.set(name, output);
    return name;
  };
  const inputs = maker.inputs.map((read, i) =>
    i === 0 || !isAttention(maker) ? firstOf(read) : read,
  );
  const layers = [...new Set([...maker.layers, ...first.layers])];
  const early: GraphNode = { ...maker, name: first.name, inputs, layers };
  const read = inputs.flatMap((name) => edges.get(name) ?? []);
  const output = inferOutput<OpName>(early, read);
  const nodes = draft.nodes.flatMap((node): readonly GraphNode[] => {
    if (node.name === maker.name) return [];
    return node.name === first.name ? [...made, { ...early, output }] : [node];
  });
  return shared({ ...draft, nodes });
}

/** One firstRow for each edge: the first of them stands in front of all that read another. */
function shared(draft: Draft): Draft {
  const kept = new Map<string, string>();
  const instead = new Map<string, string>();
  const nodes = draft.nodes.flatMap((given): readonly GraphNode[] => {
    const node = { ...given, inputs: given.inputs.map((name) => instead.get(name) ?? name) };
    if (node.op !== 'firstRow') return [node];
    const known = kept.get(node.inputs[0]);
    if (known === undefined) {
      kept.set(node.inputs[0], node.name);
      return [node];
    }
    instead.set(node.name, known);
    return [];
  });
  return { ...draft, nodes, outputs: draft.outputs.map((name) => instead.get(name) ?? name) };
}
