/** From a packed model to the bytes of a `*.bnn` file, and its sizes. The same source gives the same bytes. */
import type { Graph, GraphInput, GraphNode } from '../graph.js';
import { checkDetector } from './check-detector.js';
import { checkGraph } from './check-graph.js';
import { checkText } from './check-text.js';
import { checkValues } from './check-values.js';
import { compact } from './compact.js';
import { conventions, formatName, informativeMetadata } from './convention.js';
import type { FormatVersion } from './convention.js';
import { writeJson } from './json.js';
import type {
  DetectorSource,
  FileSize,
  ModelMetadata,
  ModelSource,
  TextSource,
} from './model-source.js';
import { layOut, writeSafetensors } from './layout.js';
import type { Layout } from './layout.js';
import type { StoredTensor } from './tensors.js';
import { detectorVersion, versionOf } from './version.js';

export interface WriteOptions {
  /** Compress the header, which is most of a small network's file; a reader of version 1 cannot read it then. Default false. */
  readonly compact?: boolean;
}

/**
 * The file of a model; decodeModel gives the model again. It is of the earliest version that has all that is in it.
 *
 * @throws ModelFileError for a source that decodeModel would refuse.
 */
export function encodeModel(source: ModelSource, options: WriteOptions = {}): Uint8Array {
  checkGraph(source.graph, source.tensors);
  checkValues([source.graph], source.tensors);
  return writeSafetensors(layOutModel(source, options));
}

/**
 * The file of a detector; decodeDetector gives the detector again.
 *
 * @throws ModelFileError for a source that decodeDetector would refuse.
 */
export function encodeDetector(source: DetectorSource, options: WriteOptions = {}): Uint8Array {
  checkDetector(source);
  return writeSafetensors(layOutDetector(source, options));
}

/** How many bytes encodeDetector would write. */
export function detectorFileSize(source: DetectorSource, options: WriteOptions = {}): FileSize {
  return layOutDetector(source, options).size;
}

/**
 * The file of a text model; decodeText gives it again.
 *
 * @throws ModelFileError for a source that decodeText would refuse.
 */
export function encodeText(source: TextSource, options: WriteOptions = {}): Uint8Array {
  checkText(source);
  return writeSafetensors(layOutText(source, options));
}

/** How many bytes encodeText would write. */
export function textFileSize(source: TextSource, options: WriteOptions = {}): FileSize {
  return layOutText(source, options).size;
}

/** How many bytes encodeModel would write, without writing them. */
export function fileSize(source: ModelSource, options: WriteOptions = {}): FileSize {
  return layOutModel(source, options).size;
}

function layOutModel(
  { graph, tensors, metadata }: ModelSource,
  options: WriteOptions,
): Layout<StoredTensor> {
  return layOutTexts(versionOf(graph), { graph: graphJson(graph) }, tensors, metadata, options);
}

function layOutDetector(
  { plan, body, tail, tensors, metadata }: DetectorSource,
  options: WriteOptions,
): Layout<StoredTensor> {
  const own = {
    graph: graphJson(body),
    ...(tail && { tail: graphJson(tail) }),
    detector: writeJson(byKey(plan), 'the detector'),
  };
  const version = detectorVersion(tail === undefined ? [body] : [body, tail]);
  return layOutTexts(version, own, tensors, metadata, options);
}

function layOutText(
  { plan, body, tensors, metadata }: TextSource,
  options: WriteOptions,
): Layout<StoredTensor> {
  const own = { graph: graphJson(body), text: writeJson(byKey(plan), 'the text model') };
  return layOutTexts('4', own, tensors, metadata, options);
}

/** @param own the texts that are JSON to compute with. */
function layOutTexts(
  version: FormatVersion,
  own: Readonly<Record<string, string>>,
  tensors: ModelSource['tensors'],
  metadata: ModelMetadata,
  options: WriteOptions,
): Layout<StoredTensor> {
  const texts: Record<string, string> = { format: formatName, version, ...conventions, ...own };
  for (const key of informativeMetadata) {
    if (metadata[key] !== undefined) texts[key] = writeJson(metadata[key], `metadata "${key}"`);
  }
  const plain = layOut(tensors, texts);
  return options.compact === true ? compact(plain) : plain;
}

/** The graph with its keys in one order, whatever order the objects were built in. */
function graphJson({ inputs, nodes, outputs, classes }: Graph): string {
  const ordered = { inputs: inputs.map(orderInput), nodes: nodes.map(orderNode), outputs, classes };
  return writeJson(ordered, 'the graph');
}

function orderInput({ name, shape, pixels }: GraphInput): GraphInput {
  return { name, shape, pixels: pixels && { mean: pixels.mean, std: pixels.std } };
}

function orderNode({ name, op, inputs, attributes, tensors, output, layers }: GraphNode) {
  const { type, shape } = output;
  return {
    name,
    op,
    inputs,
    attributes: byKey(attributes),
    tensors: byKey(tensors),
    output: { type, shape },
    layers,
  };
}

/** Keys of objects sorted, all the way down. */
function byKey(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, byKey(item)]));
}
