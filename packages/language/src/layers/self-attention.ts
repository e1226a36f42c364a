/** What attention does between its projections, float or binary; the projections are layers of their own. */
import type { serialization, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { checkCount, InputError } from '@surge-bnn/contract';
import { inputShapes, registerOnce, resolveInputBinarizer, type LayerShape } from '@surge-bnn/core';
import { attentionSoftmax } from '../ops/attention-softmax.js';
import { checkAttention, joinHeads, maskBias, products, splitHeads } from '../ops/attention.js';
import type { Heads } from '../ops/attention.js';
import { biAttention } from '../ops/bi-attention.js';
import { dropout as dropOut, type Draw } from '../ops/dropout.js';
import { elasticAttention, elasticSide, type ElasticScales } from '../ops/elastic-attention.js';
import type { ElasticBits } from '../ops/elastic-attention.js';
import { canonicalAttention, type AttentionNumbers } from './canonical-attention.js';
import { RandomLayer, type RandomLayerOptions } from './random-layer.js';

/** softmax: in float; bibert: scores and values as bits; bit: all four operands as elastic bits; two-bit: the same of 2 bits each. */
export type AttentionKind = 'softmax' | 'bibert' | 'bit' | 'two-bit';

export interface SelfAttentionOptions extends RandomLayerOptions {
  /** Parts of the width that attend each by itself. */
  heads: number;
  /** Default 'softmax'. */
  kind?: AttentionKind;
}

const kinds: readonly AttentionKind[] = ['softmax', 'bibert', 'bit', 'two-bit'];
/** A scale below this counts as this, as in BiT's binarizer. */
const LEAST_SCALE = 1e-5;
const operands = ['query', 'key', 'value', 'probability'] as const;

/** @see {@link selfAttention} */
export class SelfAttention extends RandomLayer {
  static readonly className = 'SelfAttention';
  readonly heads: number;
  readonly kind: AttentionKind;
  private width: number | undefined;
  private scales: Record<keyof ElasticScales, tfl.LayerVariable> | undefined;
  private readonly starting = new Set<keyof ElasticScales>();

  constructor(options: SelfAttentionOptions) {
    super(options, 'selfAttention', ['heads', 'kind']);
    this.heads = options.heads;
    this.kind = options.kind ?? 'softmax';
    checkCount(`layer "${this.name}"`, 'heads', this.heads);
    if (!kinds.includes(this.kind)) {
      throw new InputError(
        `layer "${this.name}": kind must be ${kinds.join(', ')}, got ${JSON.stringify(options.kind)}`,
      );
    }
  }

  override build(inputShape: LayerShape): void {
    const width = inputShapes(inputShape)[0].at(-1);
    if (typeof width !== 'number' || width % this.heads !== 0) {
      throw new InputError(
        `layer "${this.name}": the width ${JSON.stringify(width)} must be a multiple of the ${this.heads} heads`,
      );
    }
    this.width = width;
    if (this.elasticBits !== undefined) {
      const one = (name: string) =>
        this.addWeight(`${name}Scale`, [1], 'float32', tfl.initializers.ones());
      this.scales = {
        query: one('query'),
        key: one('key'),
        value: one('value'),
        probability: one('probability'),
      };
    }
    this.built = true;
  }

  /** Of each operand, where the operands are BiT's elastic sets. */
  private get elasticBits(): ElasticBits | undefined {
    if (this.kind === 'bit') return 1;
    return this.kind === 'two-bit' ? 2 : undefined;
  }

  /** The scales of BiT's sets start from a first batch, as those of its linear layers: `startInputs`. */
  get startsFromInput(): boolean {
    return this.elasticBits !== undefined;
  }

  startFromNextInput(): void {
    if (this.startsFromInput) for (const operand of operands) this.starting.add(operand);
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const given = Array.isArray(inputs) ? inputs : [inputs];
    if (given.length !== 4) {
      throw new InputError(
        `layer "${this.name}" takes query, key, value and mask, got ${given.length} tensors`,
      );
    }
    checkAttention(given, this.heads, this.name);
    return tf.tidy(() => {
      const [query, key, value] = given.slice(0, 3).map((t) => splitHeads(t, this.heads));
      const dropout = this.draw(kwargs.training === true);
      return joinHeads(this.context({ query, key, value }, maskBias(given[3]), dropout));
    });
  }

  private context(heads: Heads, bias: Tensor, dropout: Draw | undefined): Tensor4D {
    if (this.kind === 'bibert') return biAttention(heads, bias, dropout, this.name);
    const bits = this.elasticBits;
    if (bits !== undefined) {
      const scaleOf = (operand: keyof ElasticScales, values: Tensor) =>
        this.scaleOf(operand, values, bits);
      return elasticAttention(heads, bias, scaleOf, dropout, bits, this.name);
    }
    const softmax = attentionSoftmax(products(heads), bias, 1 / Math.sqrt(heads.query.shape[3]));
    const kept = dropout === undefined ? softmax : dropOut(softmax, dropout);
    return tf.matMul<Tensor4D>(kept, heads.value);
  }

  /** What it computes with in evaluation, in canonical arithmetic and in a model file. */
  inferenceNumbers(): AttentionNumbers {
    const f = Math.fround;
    if (this.kind === 'bibert') return { kind: 'bibert' };
    if (this.width === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const scale = f(1 / Math.sqrt(this.width / this.heads));
    if (this.kind === 'softmax') return { kind: 'softmax', scale };
    if (this.kind === 'two-bit') {
      throw new InputError(
        `layer "${this.name}": attention on operands of 2 bits is a step of training; it has no canonical evaluation and cannot be packed`,
      );
    }
    const { scales } = this;
    if (scales === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const [query, key, value, probability] = operands.map((operand) =>
      Math.max(scales[operand].read().dataSync()[0], f(LEAST_SCALE)),
    );
    return {
      kind: 'bit',
      factor: f(f(query * key) * scale),
      least: f(probability / 2),
      context: f(probability * value),
    };
  }

  /** @throws InputError for a mask of each query: texts are evaluated on their pieces alone, which are those of a mask [batch, length]. */
  canonicalCall(inputs: readonly Tensor[]): Tensor {
    checkAttention(inputs, this.heads, this.name);
    if (inputs[3].rank !== 2) {
      throw new InputError(
        `layer "${this.name}": attention with a mask for each query has no canonical evaluation; give it a mask [batch, length]`,
      );
    }
    return canonicalAttention(inputs, this.heads, this.inferenceNumbers(), this.name);
  }

  private scaleOf(operand: keyof ElasticScales, values: Tensor, bits: ElasticBits): Tensor {
    if (this.scales === undefined) throw new Error(`layer "${this.name}" is not built yet`);
    const scale = this.scales[operand];
    if (this.starting.delete(operand)) {
      const binarizer = resolveInputBinarizer(elasticSide(operand, bits));
      if (binarizer !== 'none') {
        const [start] = binarizer.transform.start?.(values, [scale.read()]) ?? [];
        if (start !== undefined) scale.write(start);
      }
    }
    return scale.read();
  }

  override computeOutputShape(inputShape: LayerShape) {
    return inputShapes(inputShape)[0];
  }

  /** Both products, of scores and of values; those of bits are binary, and of 2 bits by 2 bits there are four of them. */
  multiplyAdds(input: readonly (number | null)[]): { binary: number; float: number } {
    const [, length, width] = input.map((size) => size ?? NaN);
    const both = 2 * length * length * width;
    if (this.kind === 'softmax') return { binary: 0, float: both };
    return { binary: (this.elasticBits ?? 1) ** 2 * both, float: 0 };
  }

  override getConfig(): serialization.ConfigDict {
    const { rate, seed, heads, kind } = this;
    return { ...super.getConfig(), rate, seed, heads, kind };
  }
}

/**
 * Attention of [query, key, value, mask]: float32 [batch, length, width] three times and the mask [batch, length], 1 for a piece and 0 for padding, or
 * [batch, length, length], 1 for the keys that a query sees, which has no canonical evaluation; gives [batch, length, width]. `rate` is the dropout of what the values are weighted with.
 */
export function selfAttention(options: SelfAttentionOptions): SelfAttention {
  registerOnce(SelfAttention);
  return new SelfAttention(options);
}
