/**
 * Constant multiply-adds of float layers, merged into their weights: what a float runtime is given when it is to be fast.
 *
 * With k the kernel's column of a filter and c its bias, a (k x + c) + b = (a k) x + (a c + b). An affine op behind another one
 * merges in the same way. Means are linear, and the largest of numbers goes through a rising function, so both also merge past a
 * mean pool, and past a max pool where no a is negative:
 *
 *     a mean(x) + b = mean(a x + b)        a max(x) + b = max(a x + b) for a >= 0
 *
 * Each merged number is rounded once; the outputs are those of the network up to rounding, no longer its bits. So nothing here
 * touches binary layers, whose sums stay integers, and no model file is made like this.
 */
import type { GraphNode, ModelSource, StoredTensor } from '@surge-bnn/runtime';
import { floatsOf, storedFloats } from '../stored.js';

/** a x + b for each channel; an absent a is 1, an absent b is 0. */
interface Multiply {
  readonly a: Float32Array | undefined;
  readonly b: Float32Array | undefined;
}

interface Kept {
  readonly key: string;
  readonly tensor: StoredTensor;
}

/** A node with its tensors themselves, by role. */
interface Loaded {
  node: GraphNode;
  tensors: Readonly<Record<string, Kept>>;
}

/** @returns a model without the affine ops that stand behind float32 layers, or behind each other, and that nobody reads past. */
export function mergeAffine(source: ModelSource): ModelSource {
  const merger = new Merger(source);
  for (const node of source.graph.nodes) merger.take(node);
  return merger.finish();
}

class Merger {
  /** By the name of the edge that they make, in order of computation. */
  private readonly made = new Map<string, Loaded>();
  private readonly readers = new Map<string, number>();

  constructor(private readonly source: ModelSource) {
    const { nodes, outputs } = source.graph;
    for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) {
      this.readers.set(name, (this.readers.get(name) ?? 0) + 1);
    }
  }

  take(node: GraphNode): void {
    const loaded = { node, tensors: this.load(node) };
    const [input] = node.inputs;
    if (node.op === 'affine' && this.absorb(input, multiplyOf(loaded))) {
      this.rename(input, node);
    } else {
      this.made.set(node.name, loaded);
    }
  }

  finish(): ModelSource {
    const tensors = new Map<string, StoredTensor>();
    const nodes = [...this.made.values()].map(({ node, tensors: own }): GraphNode => {
      const keys = Object.entries(own).map(([role, kept]) => [role, place(tensors, kept)]);
      return { ...node, tensors: Object.fromEntries(keys) as Record<string, string> };
    });
    return { ...this.source, graph: { ...this.source.graph, nodes }, tensors };
  }

  private load({ tensors }: GraphNode): Loaded['tensors'] {
    const kept = Object.entries(tensors).flatMap(([role, key]) => {
      const tensor = this.source.tensors.get(key);
      return tensor === undefined ? [] : [[role, { key, tensor }] as const];
    });
    return Object.fromEntries(kept);
  }

  /** Makes the maker of an edge compute a x + b instead of x. @returns whether it could. */
  private absorb(edge: string, by: Multiply): boolean {
    const maker = this.made.get(edge);
    if (maker === undefined || this.readers.get(edge) !== 1) return false;
    const { node } = maker;
    switch (node.op) {
      case 'conv2d':
      case 'dense':
        return node.attributes.weights === 'f32' && replace(maker, weightsTimes(maker, by));
      case 'affine':
        return replace(maker, affineThen(maker, by));
      case 'averagePool2d':
        return this.absorb(node.inputs[0], by);
      case 'maxPool2d':
        return !by.a?.some((a) => a < 0) && this.absorb(node.inputs[0], by);
      default:
        return false;
    }
  }

  /** The maker of the edge takes the name, and the layers, of the affine node that is gone. */
  private rename(edge: string, { name, layers }: GraphNode): void {
    const maker = this.made.get(edge);
    if (maker === undefined) throw new Error(`nothing makes "${edge}"`);
    this.made.delete(edge);
    const all = [...new Set([...maker.node.layers, ...layers])];
    this.made.set(name, { ...maker, node: { ...maker.node, name, layers: all } });
  }
}

/** False, and nothing changed, where a number would be none. */
function replace(maker: Loaded, tensors: Readonly<Record<string, Multiplied>>): boolean {
  const values = Object.values(tensors);
  if (!values.every(({ values }) => values.every(Number.isFinite))) return false;
  const kept = Object.entries(tensors).map(([role, { key, shape, values }]) => [
    role,
    { key, tensor: storedFloats({ values, shape }, key) },
  ]);
  maker.tensors = Object.fromEntries(kept) as Record<string, Kept>;
  return true;
}

interface Multiplied {
  readonly key: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Kernel and bias of a float layer; the filters are the innermost axis. */
function weightsTimes(
  { node, tensors: { kernel, bias } }: Loaded,
  { a, b }: Multiply,
): Record<string, Multiplied> {
  const { shape } = kernel.tensor;
  const filters = shape[shape.length - 1];
  const weights = floatsOf(kernel.tensor);
  const values = a === undefined ? weights : weights.map((w, i) => w * a[i % filters]);
  const before = bias === undefined ? undefined : floatsOf(bias.tensor);
  const scaled = { kernel: { key: kernel.key, shape, values } };
  if (before === undefined && b === undefined) return scaled;
  const key = bias === undefined ? `${node.name}/bias` : bias.key;
  return { ...scaled, bias: { key, shape: [filters], values: shifted(filters, before, { a, b }) } };
}

/** The op of both affine ops, one after the other. */
function affineThen({ node, tensors }: Loaded, { a, b }: Multiply): Record<string, Multiplied> {
  const before = multiplyOf({ node, tensors });
  const channels = node.output.shape[node.output.shape.length - 1];
  const shape = [channels];
  const merged: Record<string, Multiplied> = {};
  const both = product(before.a, a);
  if (both) merged.a = { key: tensors.a?.key ?? `${node.name}/a`, shape, values: both };
  if (before.b !== undefined || b !== undefined) {
    const key = tensors.b?.key ?? `${node.name}/b`;
    merged.b = { key, shape, values: shifted(channels, before.b, { a, b }) };
  }
  return merged;
}

function multiplyOf({ tensors }: Loaded): Multiply {
  const of = (role: string) =>
    Object.hasOwn(tensors, role) ? floatsOf(tensors[role].tensor) : undefined;
  return { a: of('a'), b: of('b') };
}

/** a x + b, in float64 and rounded once. */
function shifted(channels: number, x: Float32Array | undefined, { a, b }: Multiply): Float32Array {
  return Float32Array.from(
    { length: channels },
    (_, c) => (a?.[c] ?? 1) * (x?.[c] ?? 0) + (b?.[c] ?? 0),
  );
}

function product(
  x: Float32Array | undefined,
  y: Float32Array | undefined,
): Float32Array | undefined {
  if (x === undefined || y === undefined) return x ?? y;
  return x.map((value, c) => value * y[c]);
}

/** Two nodes that shared a tensor may have one each now; the second gets a number. */
function place(tensors: Map<string, StoredTensor>, { key, tensor }: Kept): string {
  let name = key;
  for (let n = 2; ; n++) {
    const there = tensors.get(name);
    if (there === undefined || there === tensor) break;
    name = `${key}#${n}`;
  }
  tensors.set(name, tensor);
  return name;
}
