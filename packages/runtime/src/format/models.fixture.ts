/** Small models for the tests of the format: an op per line, tensors filled by rule. */
import type {
  Edge,
  GraphInput,
  GraphNode,
  NodeOf,
  OpAttributes,
  OpName,
  Window,
} from '../graph.js';
import { inferOutput, opTable } from '../ops/table.js';
import type { ModelMetadata, ModelSource } from './model-source.js';
import { tensorBytes } from './tensors.js';
import type { StoredTensor, TensorSpec } from './tensors.js';

/** A node before its output and tensors are known; it reads the one before it unless it says otherwise. */
type Draft = {
  [Op in OpName]: {
    readonly name: string;
    readonly op: Op;
    readonly attributes: OpAttributes[Op];
    readonly inputs?: readonly string[];
    /** Optional tensors that it has, by role. */
    readonly optional?: readonly string[];
  };
}[OpName];

interface Rest {
  readonly classes?: readonly string[];
  readonly metadata?: ModelMetadata;
}

export function modelOf(input: GraphInput, drafts: readonly Draft[], rest: Rest = {}): ModelSource {
  const edges = new Map<string, Edge>([[input.name, { type: 'f32', shape: input.shape }]]);
  const tensors = new Map<string, StoredTensor>();
  const nodes: GraphNode[] = [];
  let previous = input.name;
  for (const draft of drafts) {
    const { name, op, attributes, inputs = [previous], optional = [] } = draft;
    const read = inputs.map((edge) => edges.get(edge) ?? { type: 'f32' as const, shape: [1] });
    const bare: Omit<NodeOf<OpName>, 'output'> = {
      name,
      op,
      inputs,
      attributes,
      tensors: {},
      layers: [`${name}_layer`],
    };
    const roles: Record<string, string> = {};
    for (const [role, spec] of Object.entries(specsOf(bare, read))) {
      if (spec.optional === true && !optional.includes(role)) continue;
      roles[role] = `${name}.${role}`;
      tensors.set(roles[role], filled(spec));
    }
    const node = { ...bare, tensors: roles };
    const output = inferOutput(node, read);
    nodes.push({ ...node, output } as GraphNode);
    edges.set(name, output);
    previous = name;
  }
  const { classes, metadata = {} } = rest;
  const graph = { inputs: [input], nodes, outputs: [previous], ...(classes && { classes }) };
  return { graph, tensors, metadata };
}

function specsOf<Op extends OpName>(node: Omit<NodeOf<Op>, 'output'>, inputs: readonly Edge[]) {
  return opTable[node.op].tensors(node, inputs);
}

/** A tensor with finite numbers; of bits, the last byte of each row has only its first one set. */
export function filled({ dtype, shape }: TensorSpec): StoredTensor {
  const bytes = new Uint8Array(tensorBytes({ dtype, shape }));
  const view = new DataView(bytes.buffer);
  const width = shape[shape.length - 1];
  const count = tensorBytes({ dtype: 'U8', shape });
  for (let i = 0; i < count; i++) {
    if (dtype === 'F32') view.setFloat32(4 * i, ((i % 7) - 2.5) / 4, true);
    if (dtype === 'I32') view.setInt32(4 * i, (i % 5) - 2, true);
    // Halves between 0.5 and 2, of both signs.
    if (dtype === 'F16')
      view.setUint16(2 * i, 0x3800 + ((i * 37) % 0x800) + (i % 2) * 0x8000, true);
    if (dtype === 'I8') view.setInt8(i, ((i * 89) % 255) - 127);
    if (dtype === 'U8') bytes[i] = (i + 1) % width === 0 ? 1 : 0xa5 ^ (i % 256);
  }
  return { dtype, shape, bytes };
}

function window(size: number, stride = 1, pad = 0, dilation = 1): Window {
  return {
    size: [size, size],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    pads: [pad, pad, pad, pad],
  };
}

/** The smallest that is of use: signs of five numbers, three units. */
export const tiny = () =>
  modelOf({ name: 'x', shape: [5] }, [
    { name: 'sign', op: 'sign', attributes: { values: 'bits' } },
    { name: 'dense', op: 'binaryDense', attributes: { units: 3 } },
    { name: 'scale', op: 'affine', attributes: {}, optional: ['a', 'b'] },
  ]);

/** A picture to classes, as the converter makes it. */
export const picture = () =>
  modelOf(
    { name: 'image', shape: [8, 7, 3], pixels: { mean: [0.5, 0.25, 0], std: [1, 0.5, 0.125] } },
    [
      {
        name: 'stem',
        op: 'conv2d',
        attributes: { window: window(3, 1, 1), filters: 4, groups: 1, padValue: 0, weights: 'f16' },
        optional: ['bias'],
      },
      { name: 'stem_norm', op: 'affine', attributes: {}, optional: ['a', 'b'] },
      { name: 'stem_sign', op: 'sign', attributes: { values: 'bits' } },
      {
        name: 'conv',
        op: 'binaryConv2d',
        attributes: { window: window(3, 1, 1), filters: 10, groups: 2, padValue: 0 },
      },
      { name: 'threshold', op: 'threshold', attributes: { values: 'bits' }, optional: ['flips'] },
      {
        name: 'pool',
        op: 'maxPool2d',
        attributes: { window: window(2, 2) },
        optional: ['flips'],
      },
      { name: 'flat', op: 'reshape', attributes: { shape: [120] } },
      { name: 'units', op: 'binaryDense', attributes: { units: 3 } },
      { name: 'logits', op: 'affine', attributes: {}, optional: ['b'] },
      { name: 'probabilities', op: 'softmax', attributes: {} },
    ],
    {
      classes: ['cat', 'dog', 'gnu'],
      metadata: {
        training: { recipe: 'demo', seed: 7, rates: [0.1, -0], nested: { on: true, off: null } },
        provenance: { converter: '0.1.0' },
        agreement: { examples: 100, differing: 0 },
      },
    },
  );

/** The ops that `picture` has not, and branches. */
export const branches = () =>
  modelOf({ name: 'x', shape: [6, 6, 5] }, [
    { name: 'unsigned', op: 'sign', attributes: { values: 'unsigned' } },
    {
      name: 'conv',
      op: 'binaryConv2d',
      attributes: { window: window(3, 1, 2, 2), filters: 5, groups: 1, padValue: 0 },
    },
    { name: 'activation', op: 'prelu', attributes: {} },
    { name: 'sum', op: 'add', attributes: {}, inputs: ['activation', 'x', 'conv'] },
    { name: 'signs', op: 'sign', attributes: { values: 'f32' } },
    {
      name: 'weights',
      op: 'conv2d',
      attributes: { window: window(1), filters: 3, groups: 1, padValue: 0, weights: 'bits' },
      inputs: ['signs'],
    },
    { name: 'wide', op: 'concat', attributes: {}, inputs: ['weights', 'sum'] },
    { name: 'relu', op: 'relu', attributes: {} },
    { name: 'clip', op: 'clip', attributes: { min: -0, max: 6 } },
    { name: 'average', op: 'averagePool2d', attributes: { window: window(3, 2, 1) } },
    { name: 'tanh', op: 'tanh', attributes: {} },
    { name: 'sigmoid', op: 'sigmoid', attributes: {} },
    { name: 'dense', op: 'dense', attributes: { units: 4, weights: 'f32' }, optional: ['bias'] },
  ]);

/** What version 2 has: layers of int8, and int8 weights on floats; with bias and without. */
export const int8 = () =>
  modelOf({ name: 'x', shape: [6, 5, 4] }, [
    { name: 'input', op: 'quantize', attributes: { factor: 12.5 } },
    {
      name: 'stem',
      op: 'conv2d',
      attributes: { window: window(3, 2, 1), filters: 6, groups: 2, padValue: 0, weights: 'i8' },
      optional: ['bias'],
    },
    {
      name: 'weights',
      op: 'conv2d',
      attributes: { window: window(2, 1, 1), filters: 3, groups: 1, padValue: 1, weights: 'i8' },
    },
    { name: 'features', op: 'quantize', attributes: { factor: 0.75 } },
    { name: 'flat', op: 'reshape', attributes: { shape: [48] } },
    { name: 'dense', op: 'dense', attributes: { units: 4, weights: 'i8' }, optional: ['bias'] },
    { name: 'logits', op: 'dense', attributes: { units: 3, weights: 'i8' } },
  ]);

/** What version 3 has: a picture twice as large, of floats and of integers, and the L2 norm of both. */
export const doubled = () =>
  modelOf({ name: 'x', shape: [3, 2, 4] }, [
    { name: 'large', op: 'double2d', attributes: {} },
    { name: 'sign', op: 'sign', attributes: { values: 'bits' } },
    {
      name: 'conv',
      op: 'binaryConv2d',
      attributes: { window: window(3, 2, 1), filters: 4, groups: 1, padValue: -1 },
    },
    { name: 'sums', op: 'double2d', attributes: {} },
    { name: 'norm', op: 'l2Norm', attributes: {} },
    { name: 'both', op: 'add', attributes: {}, inputs: ['norm', 'large'] },
    { name: 'normed', op: 'l2Norm', attributes: {} },
  ]);

/** A text of six pieces: every op of texts. */
export const text = () =>
  modelOf({ name: 'x', shape: [6, 35] }, [
    { name: 'norm', op: 'layerNorm', attributes: { epsilon: 1e-5 } },
    { name: 'bent', op: 'gelu', attributes: {} },
    {
      name: 'attended',
      op: 'softmaxAttention',
      attributes: { heads: 5, scale: 0.375 },
      inputs: ['norm', 'bent', 'x'],
    },
    { name: 'signs', op: 'sign', attributes: { values: 'bits' } },
    {
      name: 'context',
      op: 'bitAttention',
      attributes: { heads: 7 },
      inputs: ['signs', 'signs', 'signs'],
    },
    {
      name: 'elastic',
      op: 'elasticAttention',
      attributes: { heads: 1, factor: 0.125, least: 0.1 },
      inputs: ['signs', 'signs', 'signs'],
    },
    { name: 'sum', op: 'add', attributes: {}, inputs: ['context', 'elastic'] },
    { name: 'first', op: 'firstRow', attributes: {} },
  ]);

/** The example of docs/format.md. */
export function documented(): ModelSource {
  const source = modelOf({ name: 'x', shape: [2, 2, 3] }, [
    { name: 'sign', op: 'sign', attributes: { values: 'bits' } },
    {
      name: 'conv',
      op: 'binaryConv2d',
      attributes: { window: window(2), filters: 2, groups: 1, padValue: 0 },
    },
    { name: 'scale', op: 'affine', attributes: {}, optional: ['a', 'b'] },
  ]);
  const tensors = new Map<string, StoredTensor>([
    ['conv.kernel', { dtype: 'U8', shape: [2, 2], bytes: new Uint8Array([0x1a, 0x0a, 0x80, 1]) }],
    ['scale.a', floats([0.5, -1])],
    ['scale.b', floats([1, 0])],
  ]);
  return { ...source, tensors };
}

function floats(values: readonly number[]): StoredTensor {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
  return { dtype: 'F32', shape: [values.length], bytes };
}

/** Each with its name, for tables of cases. */
export const models: readonly (readonly [string, () => ModelSource])[] = [
  ['tiny', tiny],
  ['picture', picture],
  ['branches', branches],
  ['int8', int8],
  ['doubled', doubled],
  ['text', text],
];
