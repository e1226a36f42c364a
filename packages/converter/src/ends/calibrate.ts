/** How large the inputs of float layers get on real inputs of the network, so that integers can stand for them. */
import { InputError } from '@surge-bnn/contract';
import { PackedModel } from '@surge-bnn/runtime';
import type { GraphNode, ModelSource } from '@surge-bnn/runtime';
import { freeName } from '../free-name.js';
import { withoutUnused } from '../fold/rewrite.js';
import type { Draft } from '../graph-builder.js';
import { elementsOf } from '../shape.js';
import { floatNodes } from './float-nodes.js';
import type { Forms } from './forms.js';
import { ValueRange } from './value-range.js';

/** Largest |input| of each layer of int8, by the layer's name. */
export type InputLimits = ReadonlyMap<string, number>;

/** The part of a layer's input in one output of all of them together. */
interface Tap {
  readonly layer: string;
  readonly from: number;
  readonly to: number;
}

/** Runs a packed network up to the inputs of its layers of int8. */
export class Calibrator {
  private readonly ranges = new Map<string, ValueRange>();
  private readonly taps: readonly Tap[];
  private readonly size: number;
  private readonly model: PackedModel | undefined;

  /** @param draft whose layers are float still; those of the form 'i8' are looked at. */
  constructor(draft: Draft, forms: Forms) {
    const reads = floatNodes(draft, forms).filter(({ form }) => form === 'i8');
    const shapes = new Map(draft.nodes.map(({ name, output }) => [name, output.shape]));
    shapes.set(draft.input.name, draft.input.shape);
    let size = 0;
    this.taps = reads.map(({ layer, node }) => {
      const from = size;
      size += elementsOf(shapes.get(node.inputs[0]) ?? []);
      return { layer, from, to: size };
    });
    this.size = size;
    for (const { layer } of reads) this.ranges.set(layer, new ValueRange());
    const edges = reads.map(({ node }) => node.inputs[0]);
    this.model = edges.length === 0 ? undefined : PackedModel.from(joined(draft, edges, shapes));
  }

  /** @param data inputs of the network. @throws InputError naming the layer that reads what is not finite. */
  add(data: Float32Array): void {
    if (this.model === undefined) return;
    const values = this.model.run(data);
    for (let start = 0; start < values.length; start += this.size) {
      for (const { layer, from, to } of this.taps) {
        const broken = this.ranges.get(layer)?.add(values.subarray(start + from, start + to));
        if (broken === undefined) continue;
        throw new InputError(
          `layer "${layer}" cannot be int8: it reads ${broken} on the inputs of the calibration`,
        );
      }
    }
  }

  /** @throws InputError naming the layer that read nothing but zeros. */
  limits(percentile: number): InputLimits {
    return new Map(
      [...this.ranges].map(([layer, range]) => {
        const limit = range.limit(percentile);
        if (Number.isFinite(Math.fround(127 / limit))) return [layer, limit];
        const share = percentile >= 100 ? 'nothing' : `at ${percentile} % nothing`;
        throw new InputError(
          `layer "${layer}" cannot be int8: it reads ${share} but zeros on the inputs of the calibration; give other inputs, or store it as i8-weights`,
        );
      }),
    );
  }
}

/** All these edges as one vector. */
function joined(
  { input, nodes, tensors }: Draft,
  edges: readonly string[],
  shapes: ReadonlyMap<string, readonly number[]>,
): ModelSource {
  const taken = new Set([input.name, ...nodes.map(({ name }) => name)]);
  const parts = edges.map((edge): GraphNode => {
    const shape = [elementsOf(shapes.get(edge) ?? [])];
    const type = nodes.find(({ name }) => name === edge)?.output.type ?? 'f32';
    return {
      name: freeName(taken, 'calibrated'),
      op: 'reshape',
      inputs: [edge],
      attributes: { shape },
      tensors: {},
      output: { type, shape },
      layers: [],
    };
  });
  const inputs = parts.map(({ name }) => name);
  const size = parts.reduce((sum, { output }) => sum + output.shape[0], 0);
  const join: GraphNode = {
    name: freeName(taken, 'calibrated'),
    op: 'concat',
    inputs,
    attributes: {},
    tensors: {},
    output: { type: 'f32', shape: [size] },
    layers: [],
  };
  const added = parts.length === 1 ? parts : [...parts, join];
  const outputs = [added[added.length - 1].name];
  const part = withoutUnused({ input, nodes: [...nodes, ...added], tensors, outputs });
  return {
    graph: { inputs: [part.input], nodes: part.nodes, outputs },
    tensors: part.tensors,
    metadata: {},
  };
}
