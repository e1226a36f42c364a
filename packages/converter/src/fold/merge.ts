/**
 * Merges constant multiply-adds (batch norms, scales, biases) into their neighbours: into a multiply-add in front, into kernel and
 * bias of a float layer in front or behind.
 *
 *     affine(affine(x))         (a2 a1) x + (a2 b1 + b2)
 *     affine(W x + c)           (a W) x + (a c + b)
 *     W affine(x) + c           (W a) x + (W b + c)
 *
 * A mean is linear, and the largest of numbers goes through a rising function, so both merge past pools, too:
 *
 *     a mean(x) + b = mean(a x + b)        a max(x) + b = max(a x + b) for a >= 0
 *
 * Fewer operations round less, so that the last bits of the results differ from the trained network's. What is the same to the
 * last bit is merged always ('exact'); the rest only where the user asked for it, and the report then tells what that changed.
 */
import type { GraphNode, NodeOf, StoredTensor } from '@surge-bnn/runtime';
import { freeName } from '../free-name.js';
import type { Draft } from '../graph-builder.js';
import { floatsOf, storedFloats } from '../stored.js';
import { affineOf, joined, joinIsExact } from './affine.js';
import type { Affine } from './affine.js';
import { isSum, productsOf } from './products.js';
import { readerCounts, withoutUnused } from './rewrite.js';

type AffineNode = NodeOf<'affine'>;
type FloatSums = NodeOf<'conv2d'> | NodeOf<'dense'>;

export function mergeMultiplyAdds(draft: Draft, which: 'exact' | 'all'): Draft {
  /** Those that have no neighbour to go into, by name. */
  const stay = new Set<string>();
  let merged = draft;
  for (;;) {
    const affine = merged.nodes.find(({ op, name }) => op === 'affine' && !stay.has(name));
    if (affine?.op !== 'affine') return withoutUnused(merged);
    const next = new Neighbours(merged, affine).merge(which);
    if (next === undefined) stay.add(affine.name);
    else merged = next;
  }
}

/** An affine node, and what stands before and behind it. */
class Neighbours {
  private readonly byName: ReadonlyMap<string, GraphNode>;
  private readonly readers: ReadonlyMap<string, number>;
  private readonly affine: Affine;

  constructor(
    private readonly draft: Draft,
    private readonly node: AffineNode,
  ) {
    this.byName = new Map(draft.nodes.map((one) => [one.name, one]));
    this.readers = readerCounts(draft);
    this.affine = affineOf(node, draft.tensors);
  }

  /** @returns the graph without the node, or undefined when it goes into no neighbour. */
  merge(which: 'exact' | 'all'): Draft | undefined {
    const before = this.byName.get(this.node.inputs[0]);
    const alone = before !== undefined && this.readers.get(before.name) === 1;
    if (alone && before.op === 'affine') return this.intoAffine(before, which);
    if (which === 'exact') return undefined;
    const sums = this.beforePools(before);
    if (this.isFloatSums(sums)) return this.intoSumsBefore(sums);
    return this.intoSumsBehind();
  }

  /** What stands in front of pools that the affine function goes through, if nobody else reads any of them. */
  private beforePools(before: GraphNode | undefined): GraphNode | undefined {
    if (before === undefined || this.readers.get(before.name) !== 1) return undefined;
    const passes =
      before.op === 'averagePool2d' ||
      (before.op === 'maxPool2d' && (this.affine.a?.every((a) => a >= 0) ?? true));
    return passes ? this.beforePools(this.byName.get(before.inputs[0])) : before;
  }

  private intoAffine(before: AffineNode, which: 'exact' | 'all'): Draft | undefined {
    const first = affineOf(before, this.draft.tensors);
    if (which === 'exact' && !joinIsExact(first, this.affine, this.largestInput(before))) {
      return undefined;
    }
    const { a, b } = joined(first, this.affine);
    return this.replaced(before, { ...(a && { a }), ...(b && { b }) });
  }

  /** Largest |x| of integers that come straight from a binary layer or attention. */
  private largestInput({ inputs }: AffineNode): number | undefined {
    const sums = this.byName.get(inputs[0]);
    if (!isSum(sums)) return undefined;
    return productsOf(sums, this.byName);
  }

  private intoSumsBefore(before: FloatSums): Draft | undefined {
    const { kernel, bias } = this.numbersOf(before);
    const filters = before.output.shape.at(-1) ?? 1;
    const { a, b } = this.affine;
    const shifted = Float32Array.from(
      { length: filters },
      (_, f) => (a?.[f] ?? 1) * (bias?.[f] ?? 0) + (b?.[f] ?? 0),
    );
    return this.replaced(before, {
      kernel: a === undefined ? kernel : kernel.map((w, i) => w * a[i % filters]),
      ...((bias ?? b) && { bias: shifted }),
    });
  }

  /** Also through a reshape, where entry e of the last axis is of channel e mod C. */
  private intoSumsBehind(): Draft | undefined {
    const next = this.onlyReader(this.node.name);
    const sums = next?.op === 'reshape' ? this.onlyReader(next.name) : next;
    if (next === undefined || !this.isFloatSums(sums)) return undefined;
    const channels = this.node.output.shape.at(-1) ?? 1;
    const { a, b } = this.affine;
    if (next !== sums && (sums.op !== 'dense' || (next.output.shape.at(-1) ?? 1) % channels > 0)) {
      return undefined;
    }
    // Outside the picture stands 0 and not b.
    if (sums.op === 'conv2d' && b !== undefined && sums.attributes.window.pads.some((p) => p > 0)) {
      return undefined;
    }
    const { kernel, bias } = this.numbersOf(sums);
    const filters = sums.output.shape.at(-1) ?? 1;
    const channelAt = channelOfWeight(sums, kernel.length, filters, channels);
    const shifted = Float64Array.from({ length: filters }, (_, f) => bias?.[f] ?? 0);
    kernel.forEach((w, i) => {
      shifted[i % filters] += w * (b?.[channelAt(i)] ?? 0);
    });
    return this.replaced(sums, {
      kernel: a === undefined ? kernel : kernel.map((w, i) => w * a[channelAt(i)]),
      ...((bias ?? b) && { bias: Float32Array.from(shifted) }),
    });
  }

  private onlyReader(name: string): GraphNode | undefined {
    if (this.readers.get(name) !== 1) return undefined;
    return this.draft.nodes.find(({ inputs }) => inputs.includes(name));
  }

  /** Float32 weights of its own: a kernel that other nodes read, too, would become two. */
  private isFloatSums(node: GraphNode | undefined): node is FloatSums {
    if (node?.op !== 'conv2d' && node?.op !== 'dense') return false;
    const { kernel } = node.tensors;
    return node.attributes.weights === 'f32' && this.readersOfTensor(kernel) === 1;
  }

  private readersOfTensor(key: string): number {
    return this.draft.nodes.filter(({ tensors }) => Object.values(tensors).includes(key)).length;
  }

  private numbersOf({ tensors }: FloatSums): { kernel: Float32Array; bias?: Float32Array } {
    const numbers = (key: string): Float32Array => {
      const tensor = this.draft.tensors.get(key);
      if (tensor === undefined) throw new Error(`the tensor "${key}" is not there`);
      return floatsOf(tensor);
    };
    const { kernel, bias } = tensors;
    return { kernel: numbers(kernel), ...(bias && { bias: numbers(bias) }) };
  }

  /**
   * The graph without the affine node, its neighbour with these numbers.
   * @returns undefined when one of them is beyond float32.
   */
  private replaced(
    neighbour: AffineNode | FloatSums,
    numbers: Readonly<Record<string, Float32Array>>,
  ): Draft | undefined {
    if (!Object.values(numbers).every((values) => values.every(Number.isFinite))) return undefined;
    const tensors = new Map(this.draft.tensors);
    const taken = new Set(tensors.keys());
    const roles = Object.entries(numbers).map(([role, values]) => {
      const own = neighbour.tensors[role];
      const isOwn = own !== undefined && this.readersOfTensor(own) === 1;
      const key = isOwn ? own : freeName(taken, `${neighbour.name}/${role}`);
      const shape = role === 'kernel' ? this.shapeOf(own) : [values.length];
      tensors.set(
        key,
        storedFloats({ values, shape }, `the merged ${role} of "${neighbour.name}"`),
      );
      return [role, key] as const;
    });
    const {
      name,
      inputs: [read],
      layers,
    } = this.node;
    const merged = {
      layers: [...new Set([...neighbour.layers, ...layers])],
      tensors: Object.fromEntries(roles) as Readonly<Record<string, string>>,
    };
    const instead = read === neighbour.name ? neighbour.name : read;
    const nodes = this.draft.nodes.flatMap((one): readonly GraphNode[] => {
      if (one.name === name) return [];
      const inputs = one.inputs.map((input) => (input === name ? instead : input));
      const moved =
        one.name === neighbour.name ? { ...one, ...merged, inputs } : { ...one, inputs };
      // A reshape has the type of what it reads.
      if (moved.op !== 'reshape' || !one.inputs.includes(name)) return [moved];
      const type = this.byName.get(instead)?.output.type ?? 'f32';
      return [{ ...moved, output: { ...moved.output, type } }];
    });
    const outputs = this.draft.outputs.map((output) => (output === name ? instead : output));
    return { ...this.draft, nodes, tensors, outputs };
  }

  private shapeOf(key: string): readonly number[] {
    const tensor: StoredTensor | undefined = this.draft.tensors.get(key);
    if (tensor === undefined) throw new Error(`the kernel "${key}" is not there`);
    return tensor.shape;
  }
}

/** Which input channel weight i of a kernel [.., C / groups, filters] is multiplied with, of `channels` in front of a flatten. */
function channelOfWeight(
  sums: FloatSums,
  weights: number,
  filters: number,
  channels: number,
): (i: number) => number {
  const groups = sums.op === 'conv2d' ? sums.attributes.groups : 1;
  const rows =
    sums.op === 'dense'
      ? weights / filters
      : weights / filters / (sums.attributes.window.size[0] * sums.attributes.window.size[1]);
  return (i) => {
    const group = Math.floor((i % filters) / (filters / groups));
    return ((Math.floor(i / filters) % rows) + group * rows) % channels;
  };
}
