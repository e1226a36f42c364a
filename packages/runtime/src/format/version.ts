/** Which version of the format a graph needs; what is added to the format is a later one. */
import type { Graph, GraphNode, OpName } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import type { FormatVersion } from './convention.js';
import { quote } from './json.js';

/** The earliest that has all of the graph's ops and types. */
export function versionOf({ nodes }: Graph): FormatVersion {
  if (nodes.some(isOfVersion4)) return '4';
  if (nodes.some(isOfVersion3)) return '3';
  return nodes.some(isOfVersion2) ? '2' : '1';
}

/** The earliest that has detectors, which is version 3, and all of these graphs' ops and types. */
export function detectorVersion(graphs: readonly Graph[]): FormatVersion {
  return graphs.some((graph) => versionOf(graph) === '4') ? '4' : '3';
}

/** @throws ModelFileError for a graph that says less than it needs. */
export function checkVersion(version: string | undefined, { nodes }: Graph): void {
  if (version === undefined || version === '4') return;
  const later = nodes.find(
    (node) =>
      isOfVersion4(node) ||
      (version !== '3' && isOfVersion3(node)) ||
      (version === '1' && isOfVersion2(node)),
  );
  if (later === undefined) return;
  const isOp = later.op === 'quantize' || isOfVersion3(later) || isOfVersion4(later);
  const what = isOp ? `the op ${later.op}` : 'weights of i8';
  throw new ModelFileError(
    `node ${quote(later.name)} has ${what}, which version ${version} has not; the file says that it is of version ${version}`,
  );
}

const opsOfVersion4: readonly OpName[] = [
  'layerNorm',
  'gelu',
  'softmaxAttention',
  'bitAttention',
  'elasticAttention',
  'firstRow',
];

function isOfVersion4({ op }: GraphNode): boolean {
  return opsOfVersion4.includes(op);
}

function isOfVersion3({ op }: GraphNode): boolean {
  return op === 'double2d' || op === 'l2Norm';
}

/** Edges of i8 are made by quantize, tensors of I8 are read as weights of i8. */
function isOfVersion2({ op, attributes }: GraphNode): boolean {
  return op === 'quantize' || ('weights' in attributes && attributes.weights === 'i8');
}
