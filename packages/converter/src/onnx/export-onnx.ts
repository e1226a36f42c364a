/** A packed model as a standard ONNX file, for everything else that runs networks. */
import { checkGraph } from '@surge-bnn/runtime';
import type { Edge, Graph, GraphInput, ModelSource, NodeOf, OpName } from '@surge-bnn/runtime';
import { mostTensorBytes, OnnxBuilder } from './builder.js';
import { binaryConv2d, binaryDense, conv2d, dense } from './convolutions.js';
import {
  affine,
  clip,
  l2Norm,
  prelu,
  quantize,
  relu,
  sigmoid,
  softmax,
  tanh,
} from './element-wise.js';
import { add, concat, double2d, reshape } from './joining.js';
import { averagePool2d, maxPool2d } from './pools.js';
import { Emitter, isPicture, toChannelsFirst, toChannelsLast } from './rule.js';
import type { OnnxRule } from './rule.js';
import { encodeOnnx } from './schema.js';
import type { OnnxModel } from './schema.js';
import { sign, threshold } from './signs.js';
import { ofTexts } from './texts.js';

const rules: { readonly [Op in OpName]: OnnxRule<Op> } = {
  sign,
  threshold,
  quantize,
  binaryConv2d,
  binaryDense,
  conv2d,
  dense,
  affine,
  relu,
  clip,
  prelu,
  sigmoid,
  tanh,
  softmax,
  l2Norm,
  layerNorm: ofTexts,
  gelu: ofTexts,
  softmaxAttention: ofTexts,
  bitAttention: ofTexts,
  elasticAttention: ofTexts,
  firstRow: ofTexts,
  maxPool2d,
  averagePool2d,
  add,
  concat,
  double2d,
  reshape,
};

/**
 * The model as ONNX with plain ops of opset 17, float32 throughout: signs are the floats +1 and -1 and their products those of an
 * ordinary convolution, so any runtime runs it, at a float network's speed. Input and output have the file's names and shapes
 * (pictures NHWC) behind a free batch axis "N". The input is numbers: what bytes of pictures become by the file's `pixels` stays
 * outside; the file's description and metadata say it.
 *
 * Sums of bits, thresholds and the signs of equal numbers are equal to the runtime's, and sums of int8 up to 2^24; sums of floats are not to the last bit, since
 * every runtime has an order of its own: a sign of a float within a rounding error of 0 may differ. A NaN at a sign, an error in the
 * runtime, is -1 here.
 *
 * @throws ModelFileError when the graph makes no sense. @throws InputError when the file would exceed ONNX's 2 GiB.
 */
export function exportOnnx(source: ModelSource): Uint8Array {
  return encodeOnnx(onnxModel(source));
}

/** The same before it is bytes. @param mostBytes that the initializers may take. */
export function onnxModel(source: ModelSource, mostBytes: number = mostTensorBytes): OnnxModel {
  const { graph, tensors } = source;
  checkGraph(graph, tensors);
  const [input] = graph.inputs;
  const output = outputOf(graph);
  const builder = new OnnxBuilder([input.name, ...graph.nodes.map(({ name }) => name)], mostBytes);
  const edges = new Map<string, Edge>([[input.name, { type: 'f32', shape: input.shape }]]);
  const values = new Map([[input.name, firstValue(builder, input)]]);
  for (const node of graph.nodes) {
    // The model's output has the node's name; a picture comes in another order before.
    const isLast = node.name === output.name;
    const result = isLast && isPicture(output) ? builder.freeName(`${node.name}/nchw`) : node.name;
    emitNode(node, edges, values, new Emitter(builder, node, result, tensors));
    edges.set(node.name, node.output);
    values.set(node.name, result);
  }
  if (isPicture(output)) {
    builder.add(output.name, 'Transpose', [found(values, output.name)], toChannelsLast);
  }
  return {
    name: 'packed model',
    ...descriptionOf(source),
    inputs: [{ name: input.name, type: 'float32', shape: ['N', ...input.shape] }],
    output: { name: output.name, type: 'float32', shape: ['N', ...output.shape] },
    nodes: builder.nodes,
    tensors: builder.tensors,
  };
}

function outputOf({ nodes, outputs: [name] }: Graph): Edge & { readonly name: string } {
  const node = nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`the graph has no node "${name}"`);
  return { name, ...node.output };
}

/** The input as the nodes read it. */
function firstValue(builder: OnnxBuilder, { name, shape }: GraphInput): string {
  if (!isPicture({ shape })) return name;
  return builder.add(builder.freeName(`${name}/nchw`), 'Transpose', [name], toChannelsFirst);
}

function emitNode<Op extends OpName>(
  node: NodeOf<Op>,
  edges: ReadonlyMap<string, Edge>,
  values: ReadonlyMap<string, string>,
  emit: Emitter,
): void {
  const inputs = node.inputs.map((name) => found(edges, name));
  rules[node.op]({
    node,
    inputs,
    values: node.inputs.map((name) => found(values, name)),
    emit,
  });
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`the graph has no edge "${name}"`);
  return value;
}

/** For people, and for who must know how pictures become inputs. */
function descriptionOf({
  graph,
  metadata,
}: ModelSource): Pick<OnnxModel, 'description' | 'metadata'> {
  const [{ name, shape, pixels }] = graph.inputs;
  const reads = `${name}: float32 [N, ${shape.join(', ')}], numbers as the network was trained on`;
  const from =
    pixels === undefined
      ? ''
      : `; a byte of a picture becomes (byte / 255 - mean) / std of its channel, with the mean and std in "pixels"`;
  const texts = Object.entries({ pixels, classes: graph.classes, ...metadata }).flatMap(
    ([key, value]) => (value === undefined ? [] : [[key, JSON.stringify(value)] as const]),
  );
  return {
    description:
      'A binary network packed by surge-bnn. Signs are the floats +1 and -1; sums of their products are integers.',
    metadata: { input: `${reads}${from}`, ...Object.fromEntries(texts) },
  };
}
