/**
 * Which type an argument is of. Not by instanceof, which does not know the arrays of another realm: of a frame, a vm context, a
 * test runner.
 */

/** A type for error messages and comparisons: "Float32Array", "Array", "Number", "Null". */
export function typeText(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

export function isFloats(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && typeText(value) === 'Float32Array';
}

/** Also Node's Buffer. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && typeText(value) === 'Uint8Array';
}

export function isPixels(value: unknown): value is Uint8Array | Uint8ClampedArray {
  return isBytes(value) || (ArrayBuffer.isView(value) && typeText(value) === 'Uint8ClampedArray');
}

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return typeText(value) === 'ArrayBuffer';
}
