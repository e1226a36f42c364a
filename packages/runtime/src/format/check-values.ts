/**
 * What the op table cannot say of a tensor: that its numbers are numbers, that int8 has none without a counterpart, and that
 * bits which stand for nothing are 0.
 */
import type { Edge, Graph, GraphNode } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { quote } from './json.js';
import { tensorBytes } from './tensors.js';
import type { StoredTensor } from './tensors.js';

/**
 * @param graphs in which checkParts found nothing wrong, with these tensors.
 * @throws ModelFileError naming the tensor and the place in it.
 */
export function checkValues(
  graphs: readonly Graph[],
  tensors: ReadonlyMap<string, StoredTensor>,
): void {
  for (const [name, tensor] of tensors) {
    const needed = tensorBytes(tensor);
    if (tensor.bytes.length !== needed) {
      throw new ModelFileError(
        `tensor ${quote(name)} has ${tensor.bytes.length} bytes; ${tensor.dtype} ${quote(tensor.shape)} takes ${needed}`,
      );
    }
    const at = firstNonFinite(tensor);
    if (at !== undefined) {
      throw new ModelFileError(
        `tensor ${quote(name)} (${tensor.dtype}) holds NaN or an infinity at ${at}; allowed: finite numbers`,
      );
    }
    const lonely = tensor.dtype === 'I8' ? tensor.bytes.indexOf(0x80) : -1;
    if (lonely >= 0) {
      throw new ModelFileError(
        `tensor ${quote(name)} (I8) holds -128 at ${lonely}; allowed: -127 to 127`,
      );
    }
  }
  for (const graph of graphs) checkPadding(graph, tensors);
}

function checkPadding(graph: Graph, tensors: ReadonlyMap<string, StoredTensor>): void {
  const edges = new Map<string, Edge>();
  for (const { name, shape } of graph.inputs) edges.set(name, { type: 'f32', shape });
  for (const node of graph.nodes) {
    const channels = edges.get(node.inputs[0])?.shape.at(-1) ?? 0;
    for (const [role, name] of Object.entries(node.tensors)) {
      const tensor = tensors.get(name);
      if (tensor?.dtype === 'U8') checkTails(tensor, bitsPerRow(node, role, channels), name);
    }
    edges.set(node.name, node.output);
  }
}

/** Index of the first number whose exponent is all ones: NaN and the infinities. */
function firstNonFinite({ dtype, bytes }: StoredTensor): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === 'F32') {
    for (let at = 0; at < bytes.length; at += 4) {
      if ((view.getUint32(at, true) & 0x7f800000) === 0x7f800000) return at / 4;
    }
  } else if (dtype === 'F16') {
    for (let at = 0; at < bytes.length; at += 2) {
      if ((view.getUint16(at, true) & 0x7c00) === 0x7c00) return at / 2;
    }
  }
  return undefined;
}

/** How many bits of each row (last axis) stand for something. */
function bitsPerRow(node: GraphNode, role: string, channels: number): number {
  if (role === 'flips') return channels;
  if (node.op === 'binaryConv2d' || node.op === 'conv2d') {
    const { window, groups } = node.attributes;
    return (window.size[0] * window.size[1] * channels) / groups;
  }
  return channels;
}

function checkTails({ bytes, shape }: StoredTensor, bits: number, name: string): void {
  const tail = bits % 8;
  if (tail === 0) return;
  const width = shape[shape.length - 1];
  for (let last = width - 1; last < bytes.length; last += width) {
    if (bytes[last] >> tail !== 0) {
      throw new ModelFileError(
        `tensor ${quote(name)}, row ${(last + 1) / width - 1}: bits after the first ${bits} must be 0; ` +
          `its last byte is ${bytes[last]}`,
      );
    }
  }
}
