/**
 * The Universal Sentence Encoder Lite (Cer et al. 2018, arXiv 1803.11175) from its weights: a small pre-norm transformer that was really
 * pretrained, and whose sentence vectors compare by their cosine.
 *
 *     x = 2 e + [sin(p t), cos(p t)]
 *     each layer: y = shortcut(x) + out(attention(norm(x))),  x = y + conv2(relu(conv1(norm(y))))
 *     sentence: tanh(dense(mean of the last x)), of length 1
 *
 * `shortcut` is a linear layer where the width changes, else x itself; no norm behind the last layer. Layers have the names of the file's tensors; its
 * linear weights are [in, out], query, key and value side by side in one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { layers, type Model } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { selfAttention } from '../layers/self-attention.js';
import { wordEmbedding } from '../layers/word-embedding.js';
import { on } from '../network/parts.js';
import { floatsOf, type Stored, type Weights } from '../weights/safetensors.js';
import { maskedMean, positionSignal, unitLength } from './layers.js';
import type { Unigram } from './unigram.js';

const HEADS = 4;
const EPSILON = 1e-6;
const EMBEDDING_FACTOR = 2;
/** Most pieces of a text. */
const LONGEST = 128;
/** The piece that fills up shorter texts; masked, so any would do. */
const PADDING = 0;

export interface SentenceEncoder {
  /** Inputs ids and mask, int32 [batch, length] each; output the sentences' vectors of length 1, [batch, width]. */
  readonly model: Model;
  /** Behind the positions' signal, then behind each layer: [batch, length, width]. */
  readonly hiddenStates: readonly SymbolicTensor[];
  /** Vectors of texts, float32 [texts, width]; the caller disposes them. Texts of more than 128 pieces are cut. */
  encode(texts: readonly string[]): Tensor2D;
  /** Frees all weights. Again: nothing. */
  dispose(): void;
}

/**
 * @param stored the tensors of the file, `readSafetensors`. @param where names it in messages.
 * @throws InputError for a tensor that is missing or of a wrong shape, and a vocabulary with more pieces than embeddings.
 */
export function sentenceEncoder(
  stored: ReadonlyMap<string, Stored>,
  unigram: Unigram,
  where = 'the weights',
): SentenceEncoder {
  const file = new EncoderFile(stored, where);
  const embeddings = file.tensor('embeddings.weight', 2);
  const [rows, width] = embeddings.shape;
  if (rows < unigram.size) {
    throw new InputError(
      `${where}: the embeddings have ${rows} rows, but the vocabulary has ${unigram.size} pieces: it is not the vocabulary of these weights`,
    );
  }
  const timescales = [...file.tensor('position.inv_timescale', 1).values];
  if (2 * timescales.length !== width) {
    throw new InputError(
      `${where}: "position.inv_timescale" must have ${width / 2} entries, half of the width, got ${timescales.length}`,
    );
  }
  const ids = tfl.input({ name: 'ids', shape: [null], dtype: 'int32' });
  const mask = tfl.input({ name: 'mask', shape: [null], dtype: 'int32' });
  const words = wordEmbedding({ name: 'embeddings', vocabulary: rows, width });
  const embedded = on(words, ids);
  words.setWeights([file.of(embeddings)]);
  const signal = positionSignal({ name: 'position', timescales, factor: EMBEDDING_FACTOR });
  const hiddenStates = [on(signal, embedded)];
  for (let i = 0; file.has(`layer${i}.attn.qkv.weight`); i++) {
    hiddenStates.push(encoderLayer(`layer${i}`, hiddenStates[i], mask, file));
  }
  if (hiddenStates.length === 1) throw file.missing('layer0.attn.qkv.weight');
  const last = hiddenStates[hiddenStates.length - 1];
  const mean = on(maskedMean({ name: 'pool.mean' }), [last, mask]);
  const bent = on(
    tfl.layers.activation({ name: 'pool.tanh', activation: 'tanh' }),
    file.linear('pool.dense', mean),
  );
  const model = tfl.model({
    name: 'sentence_encoder',
    inputs: [ids, mask],
    outputs: on(unitLength({ name: 'pool.unit' }), bent),
  });
  file.dispose();
  let isDisposed = false;
  return {
    model,
    hiddenStates,
    encode: (texts) => encode(model, unigram, texts),
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      for (const weight of new Set(model.weights)) weight.dispose();
    },
  };
}

function encoderLayer(
  name: string,
  x: SymbolicTensor,
  mask: SymbolicTensor,
  file: EncoderFile,
): SymbolicTensor {
  const normed = file.norm(`${name}.attn_norm`, x);
  const operands = ['query', 'key', 'value'].map((operand, i) =>
    file.linear(`${name}.attn.qkv`, normed, { name: `${name}.attn.${operand}`, third: i }),
  );
  const attention = selfAttention({ name: `${name}.attn`, heads: HEADS });
  const attended = file.linear(`${name}.attn.out`, on(attention, [...operands, mask]));
  const changes = file.has(`${name}.residual_dense.weight`);
  const shortcut = changes ? file.linear(`${name}.residual_dense`, x) : x;
  const middle = on(tfl.layers.add({ name: `${name}.attn.add` }), [shortcut, attended]);
  const inner = file.linear(`${name}.ffn.conv1`, file.norm(`${name}.ffn_norm`, middle));
  const outer = file.linear(
    `${name}.ffn.conv2`,
    on(tfl.layers.reLU({ name: `${name}.ffn.relu` }), inner),
  );
  return on(tfl.layers.add({ name: `${name}.ffn.add` }), [middle, outer]);
}

function encode(model: Model, unigram: Unigram, texts: readonly string[]): Tensor2D {
  if (texts.length === 0) throw new InputError('encode: there must be at least one text');
  const pieces = texts.map((text) => unigram.pieces(text).slice(0, LONGEST));
  const length = Math.max(1, ...pieces.map((own) => own.length));
  const ids = new Int32Array(texts.length * length).fill(PADDING);
  const mask = new Int32Array(texts.length * length);
  pieces.forEach((own, row) => {
    ids.set(own, row * length);
    mask.fill(1, row * length, row * length + own.length);
  });
  return tf.tidy(() => {
    const rectangle = (values: Int32Array) => tf.tensor2d(values, [texts.length, length], 'int32');
    return model.apply([rectangle(ids), rectangle(mask)]) as Tensor2D;
  });
}

/** The file's tensors, and layers that have them as weights. */
class EncoderFile {
  private readonly made: Tensor[] = [];

  constructor(
    private readonly stored: ReadonlyMap<string, Stored>,
    private readonly where: string,
  ) {}

  has(name: string): boolean {
    return this.stored.has(name);
  }

  missing(name: string): InputError {
    return new InputError(`${this.where}: the tensor "${name}" is missing`);
  }

  tensor(name: string, rank: number): Weights {
    const found = this.stored.get(name);
    if (found === undefined) throw this.missing(name);
    if (found.shape.length !== rank) {
      throw new InputError(`${this.where}: "${name}" must have ${rank} axes, got [${found.shape}]`);
    }
    return floatsOf(found, name, this.where);
  }

  of({ shape, values }: Weights): Tensor {
    const t = tf.tensor(values, [...shape]);
    this.made.push(t);
    return t;
  }

  norm(name: string, x: SymbolicTensor): SymbolicTensor {
    const layer = layers.layerNorm({ name, epsilon: EPSILON });
    const y = on(layer, x);
    this.fill(layer, name, [this.tensor(`${name}.weight`, 1), this.tensor(`${name}.bias`, 1)]);
    return y;
  }

  /** @param part one third of the columns, as a layer of its own. */
  linear(
    from: string,
    x: SymbolicTensor,
    part?: { readonly name: string; readonly third: number },
  ): SymbolicTensor {
    const columns = (weights: Weights) =>
      part === undefined ? weights : third(weights, part.third);
    const kernel = columns(this.tensor(`${from}.weight`, 2));
    const bias = columns(this.tensor(`${from}.bias`, 1));
    const layer = tfl.layers.dense({ name: part?.name ?? from, units: kernel.shape[1] });
    const y = on(layer, x);
    this.fill(layer, from, [kernel, bias]);
    return y;
  }

  dispose(): void {
    tf.dispose(this.made);
  }

  private fill(layer: tfl.layers.Layer, name: string, weights: readonly Weights[]): void {
    layer.weights.forEach(({ shape }, i) => {
      if (tf.util.arraysEqual(shape.map(Number), [...weights[i].shape])) return;
      throw new InputError(
        `${this.where}: the tensors of "${name}" do not fit: [${weights[i].shape}] where the network needs [${shape.map(Number)}]`,
      );
    });
    layer.setWeights(weights.map((one) => this.of(one)));
  }
}

/** The i-th third of the last axis. */
function third({ shape, values }: Weights, i: number): Weights {
  const columns = shape[shape.length - 1];
  const each = columns / 3;
  const own = Float32Array.from(
    { length: values.length / 3 },
    (_, k) => values[Math.floor(k / each) * columns + i * each + (k % each)],
  );
  return { shape: [...shape.slice(0, -1), each], values: own };
}
