/**
 * Whether a graph makes sense: the reader asks it of a stranger's file, the writer and the converter of what they are
 * about to write, so nothing is written that is not read. What a node may be, its op says (ops/table.ts).
 */
import type { Edge, Graph, GraphInput, GraphNode, NodeOf, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { opTable } from '../ops/table.js';
import { maxElements, maxNodes, maxPixelChannels, maxRank } from './convention.js';
import { quote } from './json.js';
import type { TensorSpec } from './tensors.js';

/**
 * A model's graph.
 *
 * @param tensors the file's, by name.
 * @throws ModelFileError naming the node, input or tensor, what is wrong with it and what is allowed.
 */
export function checkGraph(graph: Graph, tensors: ReadonlyMap<string, TensorSpec>): void {
  if (graph.inputs.length !== 1 || graph.outputs.length !== 1) {
    throw new ModelFileError(
      `the graph has ${graph.inputs.length} inputs and ${graph.outputs.length} outputs; allowed: one of each`,
    );
  }
  checkParts([graph], tensors);
}

/**
 * Graphs that share a file's tensors, each with one input and any number of outputs.
 *
 * @throws ModelFileError as checkGraph.
 */
export function checkParts(
  graphs: readonly Graph[],
  tensors: ReadonlyMap<string, TensorSpec>,
): void {
  for (const name of tensors.keys()) checkName(name, 'tensor');
  const unused = new Set(tensors.keys());
  for (const graph of graphs) checkPart(graph, tensors, unused);
  for (const name of unused) throw new ModelFileError(`no node reads tensor ${quote(name)}`);
  for (const graph of graphs) checkOutputs(graph);
}

/** @param unused the names of the tensors that nobody reads; those that are read go out. */
function checkPart(
  graph: Graph,
  tensors: ReadonlyMap<string, TensorSpec>,
  unused: Set<string>,
): void {
  if (graph.inputs.length !== 1) {
    throw new ModelFileError(`the graph has ${graph.inputs.length} inputs; allowed: one`);
  }
  if (graph.nodes.length > maxNodes) {
    throw new ModelFileError(`the graph has ${graph.nodes.length} nodes; allowed: ${maxNodes}`);
  }
  const [input] = graph.inputs;
  checkInput(input);
  const places = placesOf(graph);
  const edges = new Map<string, Edge>([[input.name, { type: 'f32', shape: input.shape }]]);
  for (const [place, node] of graph.nodes.entries()) {
    const inputs = node.inputs.map(
      (name) => edges.get(name) ?? unreadable(node, name, place, places),
    );
    checkNode(node, inputs, tensors);
    for (const tensor of Object.values(node.tensors)) unused.delete(tensor);
    edges.set(node.name, node.output);
  }
}

/**
 * Names end up in messages and on terminals: nothing in them may command those or turn their text around (U+202E), and they
 * end. So no character of Unicode's category C: control, format, surrogate, private, unassigned.
 */
export function checkName(name: string, what: string): void {
  if (/^\P{C}{1,200}$/u.test(name) && name !== '__metadata__') return;
  throw new ModelFileError(
    `${what} ${quote(name)}: a name has 1 to 200 characters, none of them a control or format character or unassigned, and is not "__metadata__"`,
  );
}

/** Sizes of an edge; nothing is allocated before this. */
function checkShape(shape: readonly number[], where: string): void {
  const elements = shape.reduce((product, size) => product * size, 1);
  const counts = shape.every((size) => Number.isSafeInteger(size) && size > 0);
  if (counts && shape.length > 0 && shape.length <= maxRank && elements <= maxElements) return;
  throw new ModelFileError(
    `${where} has the shape ${quote(shape)}; allowed: 1 to ${maxRank} axes, each a positive integer, ` +
      `at most ${maxElements} numbers in all`,
  );
}

function checkInput({ name, shape, pixels }: GraphInput): void {
  checkName(name, 'input');
  const where = `input ${quote(name)}`;
  checkShape(shape, where);
  if (pixels === undefined) return;
  const channels = shape[shape.length - 1];
  const { mean, std } = pixels;
  if (mean.length !== channels || std.length !== channels) {
    throw new ModelFileError(
      `${where} has ${mean.length} means and ${std.length} stds of pixels; allowed: ${channels} of each, one per channel`,
    );
  }
  if (channels > maxPixelChannels) {
    throw new ModelFileError(
      `${where} has pixels of ${channels} channels; allowed: ${maxPixelChannels}`,
    );
  }
  for (const [c, m] of mean.entries()) {
    const ends = [0, 1].map((x) => Math.fround((x - m) / std[c]));
    if (std[c] > 0 && ends.every(Number.isFinite)) continue;
    throw new ModelFileError(
      `${where}, channel ${c}: mean ${m} and std ${std[c]}; allowed: a std above 0 with which ` +
        '(0 - mean) / std and (1 - mean) / std are finite float32',
    );
  }
}

/** Where in the list each name is made; the input stands before it, at -1. */
function placesOf({ inputs: [input], nodes }: Graph): ReadonlyMap<string, number> {
  const places = new Map([[input.name, -1]]);
  for (const [place, { name, layers }] of nodes.entries()) {
    checkName(name, 'node');
    for (const layer of layers) checkName(layer, `node ${quote(name)}, layer`);
    if (places.has(name)) {
      const other = places.get(name) === -1 ? 'the input and a node' : 'two nodes';
      throw new ModelFileError(`${other} are called ${quote(name)}; a name stands for one edge`);
    }
    places.set(name, place);
  }
  return places;
}

function unreadable(
  node: GraphNode,
  name: string,
  place: number,
  places: ReadonlyMap<string, number>,
): never {
  const where = `node ${quote(node.name)} (${node.op})`;
  const other = places.get(name);
  if (other === undefined) {
    throw new ModelFileError(
      `${where} reads ${quote(name)}, which neither the input nor a node is called`,
    );
  }
  throw new ModelFileError(
    other === place
      ? `${where} reads itself`
      : `${where} reads ${quote(name)}, which stands after it: a cycle, or nodes out of order`,
  );
}

/** Attributes, arity, output and tensors, all as the op's entry says. */
function checkNode<Op extends OpName>(
  node: NodeOf<Op>,
  inputs: readonly Edge[],
  tensors: ReadonlyMap<string, TensorSpec>,
): void {
  const where = `node ${quote(node.name)} (${node.op})`;
  const definition = opTable[node.op];
  const [fewest, most] = definition.arity;
  if (inputs.length < fewest || inputs.length > most) {
    const allowed = fewest === most ? fewest : `${fewest} to ${most}`;
    throw new ModelFileError(`${where} reads ${inputs.length} edges; allowed: ${allowed}`);
  }
  const checked = { ...node, attributes: definition.attributes(node.attributes, where) };
  const made = definition.infer(checked, inputs);
  checkShape(made.shape, where);
  const said = node.output;
  if (said.type !== made.type || !sameShape(said.shape, made.shape)) {
    throw new ModelFileError(
      `${where} says that it makes ${said.type} ${quote(said.shape)}; from its inputs follows ` +
        `${made.type} ${quote(made.shape)}`,
    );
  }
  const roles = definition.tensors(checked, inputs);
  for (const role of Object.keys(node.tensors)) {
    if (Object.hasOwn(roles, role)) continue;
    const allowed = Object.keys(roles).join(', ') || 'none';
    throw new ModelFileError(
      `${where} has the unknown tensor role ${quote(role)}; allowed: ${allowed}`,
    );
  }
  for (const [role, spec] of Object.entries(roles)) {
    if (!Object.hasOwn(node.tensors, role)) {
      if (spec.optional === true) continue;
      throw new ModelFileError(
        `${where} has no tensor ${role}: ${spec.dtype} ${quote(spec.shape)}`,
      );
    }
    const name = node.tensors[role];
    const stored = tensors.get(name);
    if (stored === undefined) {
      throw new ModelFileError(
        `${where}: its ${role} ${quote(name)} is not among the file's tensors`,
      );
    }
    if (stored.dtype !== spec.dtype || !sameShape(stored.shape, spec.shape)) {
      throw new ModelFileError(
        `${where}: its ${role} ${quote(name)} is ${stored.dtype} ${quote(stored.shape)}; ` +
          `allowed: ${spec.dtype} ${quote(spec.shape)}`,
      );
    }
  }
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Outputs are nodes', hold numbers, and every node has a part in one. */
function checkOutputs({ nodes, outputs, classes }: Graph): void {
  const byName = new Map(nodes.map(({ name, output }) => [name, output]));
  for (const output of outputs) {
    const edge = byName.get(output);
    if (edge === undefined) {
      throw new ModelFileError(`the graph's output ${quote(output)} is not the name of a node`);
    }
    const { type, shape } = edge;
    if (type !== 'f32' && type !== 'i32') {
      throw new ModelFileError(`the graph's output ${quote(output)} is ${type}; allowed: f32, i32`);
    }
    const count = shape[shape.length - 1];
    if (classes !== undefined && classes.length !== count) {
      throw new ModelFileError(
        `the graph names ${classes.length} classes; allowed: ${count}, as its output ${quote(output)} has`,
      );
    }
  }
  for (const name of classes ?? []) checkName(name, 'class');
  // From the last node to the first: whoever reads an edge stands after it.
  const needed = new Set(outputs);
  for (const { name, inputs } of [...nodes].reverse()) {
    if (!needed.has(name)) {
      throw new ModelFileError(`the output does not depend on node ${quote(name)}; leave it out`);
    }
    for (const read of inputs) needed.add(read);
  }
}
