/**
 * A tensor written out over the shape that it is broadcast to, for the layouts that the binary kernels cannot read
 * in place (one side broadcast along separated axes, or both sides). One pass of plain copies; no arithmetic.
 */

/**
 * out[i, j, ...] = small[i or 0, j or 0, ...]: axes of `small` (aligned to the right) of size 1 are repeated.
 * @param out of `shape`, every entry is written.
 */
export function spread(
  small: Float32Array,
  smallShape: readonly number[],
  out: Float32Array,
  shape: readonly number[],
): void {
  const rank = shape.length;
  const strides = broadcastStrides(smallShape, shape);
  const row = rank === 0 ? 1 : shape[rank - 1];
  const repeated = rank === 0 || strides[rank - 1] === 0;
  const position = new Array<number>(rank).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to += row) {
    if (repeated) out.fill(small[from], to, to + row);
    else out.set(small.subarray(from, from + row), to);
    // To the next row: like an odometer, the last axis but one turns fastest.
    for (let axis = rank - 2; axis >= 0; axis--) {
      from += strides[axis];
      if (++position[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      position[axis] = 0;
    }
  }
}

/** Steps in `small` for a step along each axis of `shape`; 0 along a broadcast axis. */
function broadcastStrides(smallShape: readonly number[], shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let axis = 1; axis <= smallShape.length; axis++) {
    const size = smallShape[smallShape.length - axis];
    if (size !== 1) strides[shape.length - axis] = stride;
    stride *= size;
  }
  return strides;
}
