/**
 * exp in f64 from additions and multiplications only. Math.exp may differ in the last bit between JavaScript engines;
 * this is the same everywhere, so a packed model's softmax is, too.
 *
 * With x = k ln 2 + r, |r| <= ln 2 / 2: exp(x) = 2^k exp(r). ln 2 is split into a head of few bits, whose product
 * with k is exact, and a tail (Cody and Waite). exp(r) by its Taylor series to r^13 / 13!: the next term is below
 * 2^-57 of the result.
 */
const ln2Head = 6.9314718036912381649e-1;
const ln2Tail = 1.90821492927058770002e-10;

/** e^x; 0 below -745.2 and Infinity above 709.8, NaN for NaN. Relative error below 1e-15 (of a result that is no subnormal number). */
export function exp(x: number): number {
  if (!(x > -746)) return x <= -746 ? 0 : NaN;
  if (x > 710) return Infinity;
  const k = Math.round(x * Math.LOG2E);
  const r = x - k * ln2Head - k * ln2Tail;
  let sum = 1;
  for (let n = 13; n > 0; n--) sum = 1 + (r / n) * sum;
  // In two steps, because 2^k itself may not be a number where the product is.
  const half = Math.trunc(k / 2);
  return sum * powerOfTwo(half) * powerOfTwo(k - half);
}

const bits = new DataView(new ArrayBuffer(8));

/** 2^k for -1022 <= k <= 1023, from its bits: Math.pow need not be exact. */
function powerOfTwo(k: number): number {
  bits.setUint32(0, (k + 1023) << 20);
  return bits.getFloat64(0);
}
