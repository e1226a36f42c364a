/** Ops that bring edges together or give one another shape. */
import { FIRST, IN, OUT, floats, number, operand, word, address } from './record';
import { copyBits } from './bits';

/** The sum of two edges. Parameters: numbers a row, the first is i32, the second is i32, the second's operand. */
export function add(record: usize, y: i32, rows: i32, thread: i32): void {
  const out = operand(record, OUT, y, thread);
  const a = operand(record, IN, y, thread);
  const b = operand(record, FIRST + 3, y, thread);
  const bytes = (<usize>rows * address(record, FIRST)) << 2;
  const firstIntegers = word(record, FIRST + 1) != 0;
  const secondIntegers = word(record, FIRST + 2) != 0;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    v128.store(out + at, f32x4.add(floats(a + at, firstIntegers), floats(b + at, secondIntegers)));
  }
  for (; at < bytes; at += 4) {
    store<f32>(out + at, number(a + at, firstIntegers) + number(b + at, secondIntegers));
  }
}

/**
 * One edge's channels into their place among all. Parameters: positions a row, channels, input is i32, channels of the whole, the first
 * of them that is this edge's.
 */
export function place(record: usize, y: i32, rows: i32, thread: i32): void {
  let x = operand(record, IN, y, thread);
  const positions = rows * word(record, FIRST);
  const bytes = address(record, FIRST + 1) << 2;
  const integers = word(record, FIRST + 2) != 0;
  const whole = address(record, FIRST + 3) << 2;
  let out = operand(record, OUT, y, thread) + (address(record, FIRST + 4) << 2);
  for (let p = 0; p < positions; p++) {
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(out + at, number(x + at, integers));
    x += bytes;
    out += whole;
  }
}

/** The same words in another shape. Parameters: bytes a row. */
export function copy(record: usize, y: i32, rows: i32, thread: i32): void {
  memory.copy(
    operand(record, OUT, y, thread),
    operand(record, IN, y, thread),
    <usize>rows * address(record, FIRST),
  );
}

/** Bits in rows of another length: regroupBits of src/kernels/bits.ts. Parameters: rows of the input, their length, the new length. */
export function regroup(record: usize, y: i32, _rows: i32, thread: i32): void {
  const x = operand(record, IN, y, thread);
  let to = operand(record, OUT, y, thread);
  const rows = word(record, FIRST);
  const length = word(record, FIRST + 1);
  const newLength = word(record, FIRST + 2);
  const rowBytes = (<usize>((length + 31) >>> 5)) << 2;
  const newBytes = (<usize>((newLength + 31) >>> 5)) << 2;
  const count = <i32>((<i64>rows * length) / newLength);
  memory.fill(to, 0, <usize>count * newBytes);
  let toBit = 0;
  for (let row = 0; row < rows; row++) {
    for (let done = 0; done < length;) {
      const taken = min(length - done, newLength - toBit);
      copyBits(x + <usize>row * rowBytes, done, to, toBit, taken);
      done += taken;
      toBit += taken;
      if (toBit == newLength) {
        toBit = 0;
        to += newBytes;
      }
    }
  }
}
