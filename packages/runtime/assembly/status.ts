/**
 * What a thread tells when it is done: three words, the node whose sign met a NaN (or -1), and the index of the NaN in the edge
 * (low word, high word). The first node in the order of computation counts, and its first NaN.
 */
import { word } from './record';

/** Bytes between two threads' status. */
export const STATUS_BYTES: usize = 64;

let status: usize = 0;

export function setStatus(at: usize): void {
  status = at;
}

export function clearStatus(thread: i32): void {
  store<i32>(status + <usize>thread * STATUS_BYTES, -1);
}

/** @param before how many numbers of the edge stand before `x`. */
export function reportNaN(record: usize, x: usize, count: i32, before: usize, thread: i32): void {
  const node = word(record, 2);
  const at = status + <usize>thread * STATUS_BYTES;
  const known = load<i32>(at);
  // Strips come in order, so what a thread saw first of a node is the first.
  if (known >= 0 && known <= node) return;
  for (let i = 0; i < count; i++) {
    const v = load<f32>(x + ((<usize>i) << 2));
    if (v == v) continue;
    store<i32>(at, node);
    store<i64>(at + 8, <i64>before + i);
    return;
  }
}
