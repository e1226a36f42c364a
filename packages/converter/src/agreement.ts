/** The proof: the packed model beside the trained one, on real inputs. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { canonicalForward } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import type { PackedModel } from '@surge-bnn/runtime';
import { RoundedKernels } from './rounded-kernels.js';
import type { Agreement, ConvertOptions } from './types.js';

/** The packed model computes something else than the trained one; nothing was written. */
export class DisagreementError extends Error {
  override readonly name = 'DisagreementError';
}

type ProofOptions = Pick<
  ConvertOptions,
  'inputs' | 'inputsAre' | 'floatWeights' | 'onProgress' | 'signal'
>;

/**
 * Runs both on all inputs. With float16 kernels the trained model's kernels are rounded meanwhile, so that equality is
 * still bit for bit, and what the rounding changed is listed.
 *
 * @throws DisagreementError when the outputs of any input are not the same bits.
 * @throws InputError when there is no input, or one has the wrong shape.
 */
export async function proveAgreement(
  model: Model,
  packed: PackedModel,
  options: ProofOptions,
): Promise<Agreement> {
  const outputSize = packed.outputShape.reduce((a, b) => a * b, 1);
  const classes = packed.outputShape.at(-1) ?? 1;
  const rounding = options.floatWeights === 'f16' ? new RoundingEffect(classes) : undefined;
  const differences = new Differences(outputSize);
  let inputs = 0;
  for await (const batch of options.inputs) {
    try {
      options.signal?.throwIfAborted();
      const data = checkedBatch(batch, packed.inputShape);
      if (data.length === 0) continue;
      const original = outputOf(model, batch);
      const trained = rounding === undefined ? original : roundedOutputOf(model, batch);
      const result = packed.run(data);
      differences.add(result, trained, inputs);
      rounding?.add(original, result, inputs, outputSize);
      inputs += batch.shape[0];
    } finally {
      batch.dispose();
    }
    options.onProgress?.(inputs);
    await nextTurn();
  }
  if (inputs === 0) {
    throw new InputError(
      'a conversion needs real inputs to prove that the packed model computes the same; got none',
    );
  }
  differences.refuse(model.name, inputs);
  const { inputsAre } = options;
  return {
    inputs,
    inputsAre: typeof inputsAre === 'string' ? inputsAre : inputsAre(inputs),
    equalOutputs: inputs,
    equalPredictions: inputs,
    largestDifference: 0,
    ...(rounding === undefined ? {} : { rounding: rounding.result() }),
  };
}

function checkedBatch(batch: Tensor, shape: readonly number[]): Float32Array {
  const fits =
    batch.rank === shape.length + 1 &&
    batch.dtype === 'float32' &&
    shape.every((size, i) => size === batch.shape[i + 1]);
  if (fits) return Float32Array.from(batch.dataSync());
  throw new InputError(
    `the inputs of the proof must be float32 [n, ${shape.join(', ')}], got ${batch.dtype} [${batch.shape}]`,
  );
}

function outputOf(model: Model, batch: Tensor): Float32Array {
  const output = canonicalForward(model, batch);
  try {
    return Float32Array.from(output.dataSync());
  } finally {
    output.dispose();
  }
}

function roundedOutputOf(model: Model, batch: Tensor): Float32Array {
  const kernels = new RoundedKernels(model);
  try {
    return outputOf(model, batch);
  } finally {
    kernels.restore();
  }
}

/** Inputs whose outputs differ in any bit; 0 and -0 do. */
class Differences {
  private count = 0;
  private example: string | undefined;

  constructor(private readonly outputSize: number) {}

  add(packed: Float32Array, trained: Float32Array, first: number): void {
    if (packed.length !== trained.length) {
      throw new Error(`the trained network has ${trained.length} outputs, not ${packed.length}`);
    }
    for (let from = 0; from < packed.length; from += this.outputSize) {
      const row = packed.subarray(from, from + this.outputSize);
      const wrong = row.findIndex((value, i) => !Object.is(value, trained[from + i]));
      if (wrong < 0) continue;
      this.count += 1;
      this.example ??= `output ${wrong} of input ${first + from / this.outputSize} is ${textOf(row[wrong])} instead of ${textOf(trained[from + wrong])}`;
    }
  }

  refuse(model: string, inputs: number): void {
    if (this.example === undefined) return;
    throw new DisagreementError(
      `the packed model disagrees with the trained network "${model}" on ${this.count} of ${inputs} inputs (${this.example}); no file was made. This is a defect of surge-bnn: please report it with the network`,
    );
  }
}

/** What rounding float kernels to float16 did to the outputs. */
class RoundingEffect {
  private readonly different: { input: number; margin: number }[] = [];
  private largest = 0;

  constructor(private readonly classes: number) {}

  add(original: Float32Array, rounded: Float32Array, first: number, outputSize: number): void {
    original.forEach((value, i) => {
      this.largest = Math.max(this.largest, difference(value, rounded[i]));
    });
    for (let from = 0; from < original.length; from += this.classes) {
      const row = original.subarray(from, from + this.classes);
      const before = indexOfLargest(row);
      const other = rounded.subarray(from, from + this.classes);
      const after = indexOfLargest(other);
      if (before === after) continue;
      const input = first + Math.floor(from / outputSize);
      this.different.push({ input, margin: difference(row[before], row[after]) });
    }
  }

  result(): NonNullable<Agreement['rounding']> {
    return { differentPredictions: this.different, largestDifference: this.largest };
  }
}

/** With the sign of a zero, which would else look equal. */
function textOf(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** |a - b|; the largest number there is where that is none, because a file's JSON has no word for infinity. */
function difference(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const size = Math.abs(a - b);
  return Number.isFinite(size) ? size : Number.MAX_VALUE;
}

/** The first of the largest; a NaN is none. */
function indexOfLargest(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best] || Number.isNaN(row[best])) best = i;
  return best;
}

/** Lets timers, signals and progress bars run between two batches, in a hidden tab, too. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
