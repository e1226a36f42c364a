/** Reference of dropout. The formula stands in @surge-bnn/contract. */
import { leastKept, type DropoutAttrs } from '@surge-bnn/contract';

export function dropout(x: Float32Array, y: Float32Array, attrs: DropoutAttrs): void {
  const { start, rate } = attrs;
  const least = leastKept(rate);
  const kept = Math.fround(attrs.kept);
  for (let i = 0; i < x.length; i++) {
    let h = (start + Math.imul(i, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    y[i] = x[i] * ((h ^ (h >>> 16)) >>> 0 < least ? 0 : kept);
  }
}
