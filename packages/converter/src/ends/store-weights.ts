/**
 * Gives every float layer of a graph the form in which its kernel is stored: float16, int8 with float inputs, or int8 with
 * inputs of int8, which a quantize in front of the layer makes.
 *
 * In integers: with inputs x of at most L, q = factor * x rounded, factor = fround(127 / L), and kernel integers k with the
 * scale s of each filter, w is about s k and x about q / factor, so that the sum of w x is about (s / factor) * sum of k q.
 */
import { InputError } from '@surge-bnn/contract';
import { mostInt8Products } from '@surge-bnn/runtime';
import type { GraphNode, NodeOf, StoredTensor } from '@surge-bnn/runtime';
import { freeName } from '../free-name.js';
import type { Draft } from '../graph-builder.js';
import { elementsOf } from '../shape.js';
import { floatsOf, storedFloats, storedHalves, storedInt8s } from '../stored.js';
import type { InputLimits } from './calibrate.js';
import { floatNodes } from './float-nodes.js';
import type { FloatNode } from './float-nodes.js';
import type { Forms } from './forms.js';
import { int8Kernel } from './int8-kernel.js';

/**
 * @param limits of the layers of the form 'i8'.
 * @throws InputError naming the layer whose numbers do not fit the form, or which has no limit.
 */
export function storeWeights(draft: Draft, forms: Forms, limits: InputLimits): Draft {
  const found = new Map(floatNodes(draft, forms).map((one) => [one.node.name, one]));
  const store = new WeightStore(draft, limits);
  const nodes = draft.nodes.flatMap((node): readonly GraphNode[] => {
    const float = found.get(node.name);
    return float === undefined || float.form === 'f32' ? [node] : store.converted(float);
  });
  return { ...draft, nodes, tensors: store.tensors };
}

class WeightStore {
  /** The graph's, with those that took the place of float32 kernels. */
  readonly tensors: Map<string, StoredTensor>;
  private readonly names: Set<string>;
  private readonly keys: Set<string>;
  /** Where the integers of an edge are, by factor and edge. */
  private readonly quantized = new Map<string, string>();

  constructor(
    private readonly draft: Draft,
    private readonly limits: InputLimits,
  ) {
    this.tensors = new Map(draft.tensors);
    this.names = new Set([draft.input.name, ...draft.nodes.map(({ name }) => name)]);
    this.keys = new Set(draft.tensors.keys());
  }

  /** The nodes in the place of one. */
  converted({ node, layer, form }: FloatNode): readonly GraphNode[] {
    const { kernel: key } = node.tensors;
    const kernel = this.draft.tensors.get(key);
    if (kernel === undefined) throw new Error(`the kernel "${key}" is not there`);
    const values = { values: floatsOf(kernel), shape: kernel.shape };
    if (form === 'f16') {
      this.tensors.set(key, storedHalves(values, `the kernel of layer "${layer}"`));
      return [withWeights(node, 'f16')];
    }
    const filters = kernel.shape.at(-1) ?? 1;
    const { integers, scale } = int8Kernel(values.values, filters);
    this.tensors.set(key, storedInt8s(integers, kernel.shape));
    if (form === 'i8-weights') return [withWeights(node, 'i8', this.keepScale(key, layer, scale))];
    const products = elementsOf(kernel.shape) / filters;
    if (products > mostInt8Products) {
      throw new InputError(
        `layer "${layer}" cannot be int8: its sums have ${products} products, and only those of up to ${mostInt8Products} fit into 32 bits; store it as i8-weights, f16 or f32`,
      );
    }
    const limit = this.limits.get(layer);
    if (limit === undefined) {
      throw new InputError(
        `layer "${layer}" cannot be int8 without a calibration: nothing tells how large its inputs get`,
      );
    }
    const factor = Math.fround(127 / limit);
    const steps = scale.map((step) => step / factor);
    const { edge, made } = this.quantize(node, layer, factor);
    const summed = withWeights(node, 'i8', this.keepScale(key, layer, steps));
    return [...made, { ...summed, inputs: [edge] }];
  }

  /** @returns the tensor's key; calls of one layer share it as they share the kernel. */
  private keepScale(kernel: string, layer: string, scale: Float32Array): string {
    const wanted = kernel.replace(/kernel$/, 'scale');
    const tensor = storedFloats(
      { values: scale, shape: [scale.length] },
      `the scale of the int8 kernel of layer "${layer}"`,
    );
    const same = this.tensors.get(wanted);
    const key = same !== undefined && equal(same, tensor) ? wanted : freeName(this.keys, wanted);
    this.tensors.set(key, tensor);
    return key;
  }

  /** The edge of the layer's inputs as integers; layers that read one edge with one factor share it. */
  private quantize(
    { inputs: [read], name }: FloatNode['node'],
    layer: string,
    factor: number,
  ): { edge: string; made: readonly GraphNode[] } {
    const known = this.quantized.get(`${factor} ${read}`);
    if (known !== undefined) return { edge: known, made: [] };
    const edge = freeName(this.names, `${name}/int8`);
    this.quantized.set(`${factor} ${read}`, edge);
    const { input, nodes } = this.draft;
    const shape = nodes.find((one) => one.name === read)?.output.shape ?? input.shape;
    const node: NodeOf<'quantize'> = {
      name: edge,
      op: 'quantize',
      inputs: [read],
      attributes: { factor },
      tensors: {},
      output: { type: 'i8', shape },
      layers: [layer],
    };
    return { edge, made: [node] };
  }
}

function withWeights(
  node: FloatNode['node'],
  weights: 'f16' | 'i8',
  scale?: string,
): FloatNode['node'] {
  const tensors = { ...node.tensors, ...(scale === undefined ? {} : { scale }) };
  return node.op === 'conv2d'
    ? { ...node, attributes: { ...node.attributes, weights }, tensors }
    : { ...node, attributes: { ...node.attributes, weights }, tensors };
}

function equal(a: StoredTensor, b: StoredTensor): boolean {
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, i) => byte === b.bytes[i]);
}
