/** A BERT, float or binary, as a standard ONNX file: with Hugging Face's inputs and outputs, for everything else that runs networks. */
import { checkKeys } from '@surge-bnn/contract';
import { layerCalls } from '@surge-bnn/core';
import type { CallGraph } from '@surge-bnn/core';
import type { Bert } from '@surge-bnn/language';
import { mostTensorBytes, OnnxBuilder } from '../builder.js';
import { NodeWriter } from '../node-writer.js';
import { encodeOnnx } from '../schema.js';
import type { OnnxModel, OnnxValue } from '../schema.js';
import { maskBias } from './attention.js';
import { firstPiecesOnly, readsRowByRow } from './first-pieces.js';
import { textRules } from './layers.js';
import { cannotExport, LayerWriter } from './rule.js';

export interface BertOnnxOptions {
  /** What the logits stand for, kept in the file's metadata. */
  readonly classes?: readonly string[];
  /** Further entries of the metadata, as JSON each: how texts become pieces, where the weights come from. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const optionKeys: Record<keyof BertOnnxOptions, true> = { classes: true, metadata: true };

/**
 * The network in evaluation as ONNX with plain ops of opset 17, float32. Inputs are `input_ids`, `token_type_ids` and `attention_mask`, int64
 * [batch_size, sequence_length]; the output is `logits`: [batch_size, labels] of a classifier, of the head 'masked' those of all pieces,
 * [batch_size, sequence_length, vocabulary]; without a head it is `last_hidden_state`. A classifier's last layer computes the first piece alone.
 *
 * Binary layers are the real arithmetic of their signs, at the speed of floats: sums of signs are exact integers, floats are added in the
 * runtime's order, and a sign of a float within a rounding error of 0 may differ. A compensator plays no part.
 *
 * @throws InputError for weights that are not finite, and when the file would exceed ONNX's 2 GiB.
 */
export function exportBertOnnx(network: Bert, options: BertOnnxOptions = {}): Uint8Array {
  return encodeOnnx(bertOnnxModel(network, options));
}

/** The same before it is bytes. @param mostBytes that the initializers may take. */
export function bertOnnxModel(
  network: Bert,
  options: BertOnnxOptions = {},
  mostBytes: number = mostTensorBytes,
): OnnxModel {
  checkKeys(options, Object.keys(optionKeys), 'exportBertOnnx');
  const graph = layerCalls(network.model);
  const [, length] = graph.inputs[0].shape;
  const pieces = ['batch_size', length ?? 'sequence_length'] as const;
  const output = outputOf(network, pieces);
  const builder = new OnnxBuilder([...inputNames, output.name], mostBytes);
  builder.add(output.name, 'Identity', [writeCalls(graph, builder)]);
  return {
    name: 'bert',
    ...descriptionOf(network, options),
    inputs: inputNames.map((name): OnnxValue => ({ name, type: 'int64', shape: pieces })),
    output,
    nodes: builder.nodes,
    tensors: builder.tensors,
  };
}

const inputNames = ['input_ids', 'token_type_ids', 'attention_mask'] as const;

function outputOf(
  { head, options: { vocabulary, width } }: Bert,
  pieces: readonly [string, string | number],
): OnnxValue {
  const type = 'float32';
  switch (head.kind) {
    case 'classifier':
      return { name: 'logits', type, shape: [pieces[0], head.labels] };
    case 'masked':
      return { name: 'logits', type, shape: [...pieces, vocabulary] };
    case 'none':
      return { name: 'last_hidden_state', type, shape: [...pieces, width] };
  }
}

/** The nodes of all layer calls. @returns the value of the last. */
function writeCalls(graph: CallGraph, builder: OnnxBuilder): string {
  const { inputs, calls, outputs } = graph;
  const [ids, types, mask, ...places] = inputs;
  const bias = new NodeWriter(builder, inputNames[2], builder.freeName(`${inputNames[2]}/bias`));
  const values = new Map([
    [ids.id, inputNames[0]],
    [types.id, inputNames[1]],
    // What reads the mask is attention, and adds it to its scores.
    [mask.id, maskBias(bias, inputNames[2])],
    // The places of the head 'masked' are no input of the file: it predicts all pieces, and no rule reads them.
    ...places.map(({ id }): [number, string] => [id, '']),
  ]);
  const ranks = new Map(inputs.map(({ id, shape }) => [id, shape.length]));
  const first = firstPiecesOnly(graph);
  for (const call of calls) {
    const { layer, output, outputShape } = call;
    const write = new LayerWriter(builder, layer);
    const read = call.inputs.map((id, i) => {
      const value = found(values, id);
      const isWhole = first.has(output) && !first.has(id) && readsRowByRow(call, i);
      return isWhole ? firstRow(builder, value) : value;
    });
    const kind = layer.getClassName();
    const rule = Object.hasOwn(textRules, kind) ? textRules[kind] : undefined;
    if (rule === undefined) {
      throw cannotExport(layer, `the kinds that can be are ${Object.keys(textRules).join(', ')}`);
    }
    const ofInputs = call.inputs.map((id) => found(ranks, id));
    values.set(output, rule({ layer, values: read, ranks: ofInputs, write }));
    ranks.set(output, outputShape.length);
  }
  return found(values, outputs[0]);
}

/** [batch, length, width] to [batch, 1, width]. */
function firstRow(builder: OnnxBuilder, value: string): string {
  const name = `${value}/first`;
  const known = builder.nodes.find((node) => node.name === name);
  if (known !== undefined) return known.name;
  const write = new NodeWriter(builder, value, builder.freeName(name));
  const [from, to] = [write.integers([0]), write.integers([1])];
  return write.last('Slice', [value, from, to, to]);
}

function found<T>(map: ReadonlyMap<number, T>, id: number): T {
  const value = map.get(id);
  if (value === undefined) throw new Error(`value ${id} is used before it is computed`);
  return value;
}

/** For people, and for who must know what the outputs are and how texts become inputs. */
function descriptionOf(
  { options, head }: Bert,
  { classes, metadata }: BertOnnxOptions,
): Pick<OnnxModel, 'description' | 'metadata'> {
  const isBinary = options.method !== 'none';
  const texts = { classes, network: { ...options, head }, ...metadata };
  return {
    description: isBinary
      ? 'A BERT with binary layers, made by surge-bnn. Signs are the floats +1 and -1; sums of their products are integers.'
      : 'A BERT, made by surge-bnn.',
    metadata: {
      input:
        'input_ids: pieces; token_type_ids: 0 for the first text, 1 for the second; attention_mask: 1 for a piece, 0 for padding',
      ...Object.fromEntries(
        Object.entries(texts).flatMap(([key, value]) =>
          value === undefined ? [] : [[key, JSON.stringify(value)] as const],
        ),
      ),
    },
  };
}
