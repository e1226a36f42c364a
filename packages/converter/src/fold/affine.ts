/** Constant multiply-adds one behind the other as one: a2 (a1 x + b1) + b2 = (a2 a1) x + (a2 b1 + b2). */
import { elementwise } from '@surge-bnn/runtime';
import type { NodeOf, StoredTensor } from '@surge-bnn/runtime';
import { floatsOf } from '../stored.js';

/** What an affine node computes of each channel; an absent part leaves its operation out. */
export interface Affine {
  readonly a?: Float32Array;
  readonly b?: Float32Array;
}

export function affineOf(
  { tensors: { a, b } }: Pick<NodeOf<'affine'>, 'tensors'>,
  tensors: ReadonlyMap<string, StoredTensor>,
): Affine {
  const numbers = (key: string | undefined): Float32Array | undefined => {
    const tensor = key === undefined ? undefined : tensors.get(key);
    return tensor === undefined ? undefined : floatsOf(tensor);
  };
  const [scale, shift] = [numbers(a), numbers(b)];
  return { ...(scale && { a: scale }), ...(shift && { b: shift }) };
}

/** Both as one, each coefficient computed in f64 and rounded once. */
export function joined(first: Affine, second: Affine): Affine {
  const a =
    second.a === undefined
      ? first.a
      : second.a.map((by, c) => (first.a === undefined ? by : by * first.a[c]));
  const shifted = first.b?.map((b, c) => (second.a?.[c] ?? 1) * b + (second.b?.[c] ?? 0));
  const b = shifted ?? second.b;
  return { ...(a && { a }), ...(b && { b }) };
}

/**
 * Whether one has the bits of both for everything that they can read. A multiplication and then an addition are what one affine op
 * does. Else float32 rounds in between, and whether that changes anything is found out by trying every integer from -largest
 * to largest: known for sums of signs only.
 *
 * @param largest |x|, where the first reads integers.
 */
export function joinIsExact(first: Affine, second: Affine, largest: number | undefined): boolean {
  if (first.b === undefined && second.a === undefined) return true;
  if (largest === undefined) return false;
  const one = joined(first, second);
  const channels = (first.a ?? first.b)?.length ?? 0;
  for (let c = 0; c < channels; c++) {
    for (let x = -largest; x <= largest; x++) {
      const between = elementwise.affine(x, first.a?.[c], first.b?.[c]);
      const both = elementwise.affine(between, second.a?.[c], second.b?.[c]);
      if (!Object.is(both, elementwise.affine(x, one.a?.[c], one.b?.[c]))) return false;
    }
  }
  return true;
}
