/** The numbers of one node of a model file: thresholds, signs, kernels, scales. */
import { unknownName } from '@surge-bnn/contract';
import { halfValue } from '@surge-bnn/runtime';
import type { GraphNode, NodeDescription, StoredTensor } from '@surge-bnn/runtime';
import { figures } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';
import type { OpenedFile } from './open.js';
import { formatNodes } from './tables.js';

export interface NodeTensor {
  readonly role: string;
  /** In the file. */
  readonly name: string;
  readonly dtype: StoredTensor['dtype'];
  readonly shape: readonly number[];
  /** Row-major; of a kernel of bits one text of + and - for each filter, channels innermost; flips are 0 and 1. */
  readonly values: readonly number[] | readonly string[];
}

export interface NodeSummary extends NodeDescription {
  readonly attributes: GraphNode['attributes'];
  readonly tensors: readonly NodeTensor[];
}

/** @throws InputError for a name that no node has. */
export function summarizeNode(opened: OpenedFile, name: string): NodeSummary {
  const { tensors: stored } = opened.source;
  const { nodes, graphs } = nodesOf(opened);
  const description = nodes.find((one) => one.name === name);
  const node = graphs.find((one) => one.name === name);
  if (node === undefined || description === undefined) {
    throw unknownName(
      'node',
      name,
      nodes.map((one) => one.name),
    );
  }
  const channels = description.inputs[0].shape.at(-1) ?? 1;
  const tensors = Object.entries(node.tensors).flatMap(([role, key]) => {
    const tensor = stored.get(key);
    if (tensor === undefined) return [];
    const { dtype, shape } = tensor;
    return [{ role, name: key, dtype, shape, values: valuesOf(node, role, tensor, channels) }];
  });
  return { ...description, attributes: node.attributes, tensors };
}

/** As described, and as they stand in the file; of a detector those of its body first. */
function nodesOf(opened: OpenedFile): {
  readonly nodes: readonly NodeDescription[];
  readonly graphs: readonly GraphNode[];
} {
  if ('model' in opened) {
    return { nodes: opened.model.describe().nodes, graphs: opened.source.graph.nodes };
  }
  if ('text' in opened) {
    return { nodes: opened.text.describe().body, graphs: opened.source.body.nodes };
  }
  const { body, tail } = opened.detector.describe();
  const { source } = opened;
  return {
    nodes: [...body, ...tail],
    graphs: [...source.body.nodes, ...(source.tail?.nodes ?? [])],
  };
}

/** docs/format.md, sections 1 and 3. @param channels of what the node reads. */
function valuesOf(
  node: GraphNode,
  role: string,
  { dtype, bytes, shape }: StoredTensor,
  channels: number,
): readonly number[] | readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const each = (size: number, read: (at: number) => number) =>
    Array.from({ length: bytes.length / size }, (_, i) => read(i * size));
  switch (dtype) {
    case 'F32':
      return each(4, (at) => view.getFloat32(at, true));
    case 'I32':
      return each(4, (at) => view.getInt32(at, true));
    case 'F16':
      return each(2, (at) => halfValue(view.getUint16(at, true)));
    case 'I8':
      return each(1, (at) => view.getInt8(at));
    case 'U8': {
      if (role === 'flips') return bitsOf(bytes, channels);
      const [filters, row] = shape;
      return Array.from({ length: filters }, (_, filter) =>
        bitsOf(bytes.subarray(filter * row, (filter + 1) * row), bitsPerFilter(node, channels))
          .map((bit) => (bit === 0 ? '+' : '-'))
          .join(''),
      );
    }
  }
}

function bitsPerFilter({ op, attributes }: GraphNode, channels: number): number {
  if (op !== 'binaryConv2d' && op !== 'conv2d') return channels;
  const { window, groups } = attributes;
  return window.size[0] * window.size[1] * (channels / groups);
}

/** Least significant bit first. */
function bitsOf(bytes: Uint8Array, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

/** The node's line, its attributes, and its tensors in full. */
export function formatNode(summary: NodeSummary): string {
  const { op, attributes, tensors } = summary;
  const parts = [formatNodes([summary]), `attributes  ${JSON.stringify(attributes)}`];
  parts.push(...(op === 'threshold' ? [formatThresholds(tensors)] : tensors.map(formatTensor)));
  return parts.join('\n\n');
}

/** A batch norm and a sign have become a comparison of the integer sum d. */
function formatThresholds(tensors: readonly NodeTensor[]): string {
  const of = (wanted: string) => tensors.find(({ role }) => role === wanted)?.values;
  const thresholds = of('thresholds') ?? [];
  const flips = of('flips');
  return formatTable<number>(
    [
      { title: 'channel', value: String },
      { title: '+1 where', value: (c) => rule(thresholds[c], flips?.[c]) },
    ],
    [...thresholds.keys()],
  );
}

function rule(threshold: string | number, flip: string | number | undefined): string {
  return flip === 1 ? `d < ${threshold}` : `d >= ${threshold}`;
}

function formatTensor({ role, name, dtype, shape, values }: NodeTensor): string {
  const heading = `${role} "${name}", ${dtype} [${shape.join(', ')}]`;
  const texts = values.map((value) => (typeof value === 'number' ? number(value) : value));
  if (typeof values[0] === 'string') {
    const lines = texts.map((signs, filter) => `${String(filter).padStart(4)}  ${signs}`);
    return [`${heading}; one line for each filter`, ...lines].join('\n');
  }
  const width = Math.max(...texts.map((one) => one.length));
  const lines: string[] = [];
  for (let i = 0; i < texts.length; i += 8) {
    const row = texts.slice(i, i + 8).map((one) => one.padStart(width));
    lines.push(`${String(i).padStart(6)}  ${row.join(' ')}`);
  }
  return [heading, ...lines].join('\n');
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : figures(value, 6);
}
