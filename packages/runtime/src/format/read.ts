/** From the bytes of a `*.bnn` file to a model that is known to be sound. docs/format.md is the specification. */
import { isBytes, typeText } from '../arrays.js';
import type { Edge, Graph, GraphInput, GraphNode, NodeOf, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { opTable } from '../ops/table.js';
import { checkConvention, checkKind } from './check-convention.js';
import { checkGraph } from './check-graph.js';
import { checkValues } from './check-values.js';
import { readContainer } from './compact.js';
import { edgeTypes, informativeMetadata } from './convention.js';
import { asList, asNumbers, asObject, asRecord, asString, asStrings } from './json.js';
import { parseJson, quote } from './json.js';
import type { Json, JsonObject, ModelMetadata, ModelSource } from './model-source.js';
import type { Container } from './safetensors.js';
import { checkVersion } from './version.js';

/**
 * The model that a file holds. Its tensors are views into `bytes`, which must not change while they are used.
 *
 * @throws ModelFileError for whatever docs/format.md does not allow: what, where, and what is allowed.
 */
export function decodeModel(bytes: Uint8Array): ModelSource {
  const { tensors, metadata: texts } = readTexts(bytes);
  checkKind(texts, 'model');
  const graph = readGraph(parseJson(texts.get('graph') ?? '', 'the graph'));
  checkVersion(texts.get('version'), graph);
  checkGraph(graph, tensors);
  checkValues([graph], tensors);
  return { graph, tensors, metadata: readInformation(texts) };
}

/** Tensors and metadata of a file that says to be of a known version and kind. */
export function readTexts(bytes: Uint8Array): Container {
  if (!isBytes(bytes)) {
    throw new ModelFileError(`a file's bytes must be a Uint8Array instead of ${typeText(bytes)}`);
  }
  const container = readContainer(bytes);
  checkConvention(container.metadata);
  return container;
}

/** What is for people. */
export function readInformation(texts: Container['metadata']): ModelMetadata {
  const metadata: Partial<Record<(typeof informativeMetadata)[number], JsonObject>> = {};
  for (const key of informativeMetadata) {
    const text = texts.get(key);
    const where = `metadata "${key}"`;
    if (text !== undefined) metadata[key] = asObject(parseJson(text, where), where);
  }
  return metadata;
}

export function readGraph(given: Json): Graph {
  const graph = asRecord(given, 'the graph', ['inputs', 'nodes', 'outputs'], ['classes']);
  return {
    inputs: asList(graph.inputs, "the graph's inputs").map(readInput),
    nodes: asList(graph.nodes, "the graph's nodes").map(readNode),
    outputs: asStrings(graph.outputs, "the graph's outputs"),
    ...('classes' in graph && { classes: asStrings(graph.classes, "the graph's classes") }),
  };
}

function readInput(given: Json, index: number): GraphInput {
  const input = asRecord(given, `input ${index}`, ['name', 'shape'], ['pixels']);
  const name = asString(input.name, `input ${index}, name,`);
  const where = `input ${quote(name)}`;
  const shape = asNumbers(input.shape, `${where}, shape,`);
  if (!('pixels' in input)) return { name, shape };
  const pixels = asRecord(input.pixels, `${where}, pixels,`, ['mean', 'std']);
  const mean = asNumbers(pixels.mean, `${where}, mean,`);
  return { name, shape, pixels: { mean, std: asNumbers(pixels.std, `${where}, std,`) } };
}

const nodeKeys = ['name', 'op', 'inputs', 'attributes', 'tensors', 'output', 'layers'];

function readNode(given: Json, index: number): GraphNode {
  const node = asRecord(given, `node ${index}`, nodeKeys);
  const name = asString(node.name, `node ${index}, name,`);
  const where = `node ${quote(name)}`;
  const op = asString(node.op, `${where}, op,`);
  if (!isOpName(op)) {
    const allowed = Object.keys(opTable).join(', ');
    throw new ModelFileError(`${where} has the unknown op ${quote(op)}; allowed: ${allowed}`);
  }
  const tensors = Object.entries(asObject(node.tensors, `${where}, tensors,`)).map(
    ([role, tensor]) => [role, asString(tensor, `${where}, tensor ${quote(role)},`)] as const,
  );
  const read: NodeOf<OpName> = {
    name,
    op,
    inputs: asStrings(node.inputs, `${where}, inputs,`),
    attributes: opTable[op].attributes(node.attributes, `${where} (${op})`),
    tensors: Object.fromEntries(tensors),
    output: readEdge(node.output, `${where}, output,`),
    layers: asStrings(node.layers, `${where}, layers,`),
  };
  // TypeScript does not see that the attributes are those of this op, because both come from one entry of the table.
  return read as GraphNode;
}

function readEdge(given: Json, where: string): Edge {
  const edge = asRecord(given, where, ['type', 'shape']);
  const type = edgeTypes.find((known) => known === edge.type);
  if (type === undefined) {
    const allowed = edgeTypes.join(', ');
    throw new ModelFileError(`${where} is of type ${quote(edge.type)}; allowed: ${allowed}`);
  }
  return { type, shape: asNumbers(edge.shape, `${where} shape,`) };
}

function isOpName(op: string): op is OpName {
  return Object.hasOwn(opTable, op);
}
