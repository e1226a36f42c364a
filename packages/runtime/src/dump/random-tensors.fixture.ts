/** Numbers and tensors by chance, as models have them: few digits and many, zeros of both signs, thresholds near sums. */
import fc from 'fast-check';
import type { GeneratorValue } from 'fast-check';
import {
  flagTensor,
  floatTensor,
  halfTensor,
  int8Tensor,
  signTensor,
} from '../execute/graph.fixture.js';
import type { StoredTensor } from '../format/tensors.js';
import type { WeightType } from '../graph.js';

export class Draws {
  constructor(private readonly draw: GeneratorValue) {}

  /** @param shape of a filter. */
  protected kernel(weights: WeightType, shape: readonly number[], filters: number): StoredTensor {
    const count = shape.reduce((product, axis) => product * axis, 1);
    if (weights === 'bits') return this.signs(filters, count);
    const all = [...shape, filters];
    if (weights === 'f32') {
      const floats = this.list(count * filters, () => this.float());
      return floatTensor(all, floats);
    }
    if (weights === 'i8') {
      const integers = this.list(count * filters, () => this.integer(-127, 127));
      return int8Tensor(all, integers);
    }
    // Halves below 4 in size, with subnormal numbers and both zeros.
    const half = () => this.integer(0, 0x43ff) + 0x8000 * this.integer(0, 1);
    return halfTensor(all, this.list(count * filters, half));
  }

  /** What a float convolution or dense layer has. @param shape of a filter. */
  protected linear(
    weights: WeightType,
    shape: readonly number[],
    filters: number,
  ): Record<string, StoredTensor> {
    return {
      kernel: this.kernel(weights, shape, filters),
      ...(weights === 'i8' && { scale: this.floats(filters) }),
      ...this.maybeFloats('bias', filters),
    };
  }

  protected signs(rows: number, count: number): StoredTensor {
    return signTensor(this.list(rows, () => this.list(count, () => 2 * this.integer(0, 1) - 1)));
  }

  protected flags(count: number): StoredTensor {
    return flagTensor(this.list(count, () => this.integer(0, 1) === 1));
  }

  protected floats(count: number): StoredTensor {
    return floatTensor(
      [count],
      this.list(count, () => this.float()),
    );
  }

  protected maybe(role: string, make: () => StoredTensor): Record<string, StoredTensor> {
    return this.integer(0, 1) === 1 ? { [role]: make() } : {};
  }

  protected maybeFloats(role: string, count: number): Record<string, StoredTensor> {
    return this.maybe(role, () => this.floats(count));
  }

  /** Near the sums that occur, and now and then beyond them all. */
  protected threshold(): number {
    return this.integer(0, 9) === 0 ? this.one([-(2 ** 31), 2 ** 31 - 1]) : this.integer(-6, 6);
  }

  /** Some with few digits, so that sums meet zeros and ties; negative zeros; some with all digits. */
  protected float(): number {
    const kind = this.integer(0, 4);
    if (kind === 0) return this.one([0, -0, 1, -1, 0.5]);
    return kind < 3 ? this.integer(-16, 16) / 8 : Math.fround(this.integer(-2e9, 2e9) / 1e9);
  }

  protected integer(min: number, max: number): number {
    return this.draw(fc.integer, { min, max });
  }

  protected one<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }

  protected list<T>(length: number, make: () => T): T[] {
    return Array.from({ length }, make);
  }
}
