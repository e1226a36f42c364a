/**
 * Attention on bits of src/kernels/bit-attention.ts. The values are turned first, so that the keys are the bits of a word and four channels
 * the lanes of a vector; heads that do not begin with a word get rows of their own.
 */
import { copyBits } from './bits';
import { FIRST, IN, OUT, address, float, operand, word } from './record';

/** Parameters: positions a row, keys, width, heads, keys' and values' address, scratch, its bytes a thread, table or 0, least. */
export function bitAttention(record: usize, y: i32, rows: i32, thread: i32): void {
  const queries = rows * word(record, FIRST);
  const keys = word(record, FIRST + 1);
  const width = word(record, FIRST + 2);
  const heads = word(record, FIRST + 3);
  const each = width / heads;
  const groups = (each + 3) >>> 2;
  const keyWords = (keys + 31) >>> 5;
  const rowWords = (each + 31) >>> 5;
  const pixel = (<usize>((width + 31) >>> 5)) << 2;
  const scratch = address(record, FIRST + 6) + <usize>thread * address(record, FIRST + 7);
  const turned = scratch;
  const headBytes = (<usize>(groups * keyWords)) << 4;
  const chosen = turned + <usize>heads * headBytes;
  const query = chosen + ((<usize>keyWords) << 2);
  const differing = query + ((<usize>rowWords) << 2);
  const rowsOfKeys = differing + ((<usize>keys) << 2);
  const k = address(record, FIRST + 4);
  const aligned = (each & 31) == 0;
  turn(
    address(record, FIRST + 5),
    pixel,
    keys,
    each,
    heads,
    keyWords,
    headBytes,
    turned,
    differing,
  );
  const rowBytes = (<usize>rowWords) << 2;
  if (!aligned) separate(k, pixel, keys, each, heads, rowBytes, rowsOfKeys);

  let q = operand(record, IN, y, thread);
  let out = operand(record, OUT, y, thread);
  for (let i = 0; i < queries; i++) {
    for (let h = 0; h < heads; h++) {
      if (aligned) {
        const first = <usize>h * rowBytes;
        countAll(q + first, k + first, pixel, keys, rowWords, differing);
      } else {
        memory.fill(query, 0, rowBytes);
        copyBits(q, h * each, query, 0, each);
        const own = rowsOfKeys + <usize>h * <usize>keys * rowBytes;
        countAll(query, own, rowBytes, keys, rowWords, differing);
      }
      const count = choose(record, differing, keys, each, chosen);
      weigh(chosen, turned + <usize>h * headBytes, keyWords, each, count, out);
      out += (<usize>each) << 2;
    }
    q += pixel;
  }
}

/** differing[j] = popcount(q ^ k_j), the rows of k being `step` bytes apart. */
function countAll(q: usize, k: usize, step: usize, keys: i32, words: i32, differing: usize): void {
  if (words == 2) {
    const own = load<u64>(q);
    for (let j = 0; j < keys; j++, k += step, differing += 4) {
      store<i32>(differing, <i32>popcnt(own ^ load<u64>(k)));
    }
    return;
  }
  const bytes = (<usize>words) << 2;
  for (let j = 0; j < keys; j++, k += step, differing += 4) {
    let n: i32 = 0;
    let at: usize = 0;
    for (; at + 8 <= bytes; at += 8) n += <i32>popcnt(load<u64>(q + at) ^ load<u64>(k + at));
    if (at < bytes) n += popcnt(load<u32>(q + at) ^ load<u32>(k + at));
    store<i32>(differing, n);
  }
}

/** Writes the bits of the keys that take part. @returns how many they are. */
function choose(record: usize, differing: usize, keys: i32, each: i32, chosen: usize): i32 {
  const table = address(record, FIRST + 8);
  return table == 0
    ? notNegative(differing, keys, each >>> 1, chosen)
    : likely(differing, keys, table, float(record, FIRST + 9), chosen);
}

function notNegative(differing: usize, keys: i32, most: i32, chosen: usize): i32 {
  let count = 0;
  for (let from = 0; from < keys; from += 32, chosen += 4) {
    let bits: u32 = 0;
    for (let i = 0, end = min(32, keys - from); i < end; i++, differing += 4) {
      bits |= (<u32>(load<i32>(differing) <= most)) << i;
    }
    store<u32>(chosen, bits);
    count += popcnt(bits);
  }
  return count;
}

function likely(differing: usize, keys: i32, table: usize, least: f32, chosen: usize): i32 {
  let fewest = i32.MAX_VALUE;
  const end = differing + ((<usize>keys) << 2);
  for (let at = differing; at < end; at += 4) fewest = min(fewest, load<i32>(at));
  const first = table - ((<usize>fewest) << 3);
  let sum: f64 = 0;
  for (let at = differing; at < end; at += 4) {
    sum += load<f64>(first + ((<usize>load<i32>(at)) << 3));
  }
  // Far from the bound no quotient is needed: rounding moves it by less than a part in 2^23 (where it is no subnormal number).
  const bound = <f64>least * sum;
  const sure = least > 1e-30;
  const low = sure ? 0.9 * bound : -Infinity;
  const high = sure ? 1.1 * bound : Infinity;
  let count = 0;
  for (let from = 0; from < keys; from += 32, chosen += 4) {
    let bits: u32 = 0;
    for (let i = 0, some = min(32, keys - from); i < some; i++, differing += 4) {
      const e = load<f64>(first + ((<usize>load<i32>(differing)) << 3));
      if (e < low) continue;
      if (e > high || <f32>(e / sum) >= least) bits |= (<u32>1) << i;
    }
    store<u32>(chosen, bits);
    count += popcnt(bits);
  }
  return count;
}

/** out[c] = count - 2 popcount(chosen & values of c), four channels at a time. */
function weigh(
  chosen: usize,
  turned: usize,
  keyWords: i32,
  each: i32,
  count: i32,
  out: usize,
): void {
  const counts = i32x4.splat(count);
  const end = chosen + ((<usize>keyWords) << 2);
  for (let c = 0; c < each; c += 4) {
    let n = i32x4.splat(0);
    for (let at = chosen; at < end; at += 4, turned += 16) {
      const common = i8x16.popcnt(v128.and(v128.load32_splat(at), v128.load(turned)));
      const halves = i16x8.extadd_pairwise_i8x16_u(common);
      n = i32x4.add(n, i32x4.extadd_pairwise_i16x8_u(halves));
    }
    const sums = i32x4.sub(counts, i32x4.shl(n, 1));
    if (c + 4 <= each) {
      v128.store(out, sums);
    } else {
      store<i32>(out, i32x4.extract_lane(sums, 0));
      if (c + 1 < each) store<i32>(out + 4, i32x4.extract_lane(sums, 1));
      if (c + 2 < each) store<i32>(out + 8, i32x4.extract_lane(sums, 2));
    }
    out += 16;
  }
}

/**
 * The values as [heads, channels / 4, words of keys, 4 channels] of bits. Sixteen keys at a time have a byte of eight channels each in a
 * vector, whose highest bits are a channel's sixteen keys.
 *
 * @param bytes scratch for sixteen bytes.
 */
function turn(
  v: usize,
  pixel: usize,
  keys: i32,
  each: i32,
  heads: i32,
  keyWords: i32,
  headBytes: usize,
  turned: usize,
  bytes: usize,
): void {
  memory.fill(turned, 0, <usize>heads * headBytes);
  const width = each * heads;
  for (let from = 0; from < keys; from += 16) {
    const some = min(16, keys - from);
    const place = ((<usize>(from >>> 5)) << 4) + (from & 16 ? 2 : 0);
    for (let first = 0; first < width; first += 8) {
      v128.store(bytes, i64x2.splat(0));
      let at = v + <usize>from * pixel + <usize>(first >>> 3);
      for (let j = 0; j < some; j++, at += pixel) store<u8>(bytes + <usize>j, load<u8>(at));
      let eight = v128.load(bytes);
      // The highest channel stands highest.
      for (let c = min(first + 8, width) - 1, skip = first + 7 - c; c >= first; c--) {
        if (skip > 0) {
          eight = i8x16.shl(eight, skip);
          skip = 0;
        }
        const h = c / each;
        const own = c - h * each;
        const group = (<usize>((own >>> 2) * keyWords)) << 4;
        const to = turned + <usize>h * headBytes + group + place + ((<usize>(own & 3)) << 2);
        store<u16>(to, <u16>i8x16.bitmask(eight));
        eight = i8x16.shl(eight, 1);
      }
    }
  }
}

/** The keys as rows of each head, [heads, keys] rows of `rowBytes`. */
function separate(
  k: usize,
  pixel: usize,
  keys: i32,
  each: i32,
  heads: i32,
  rowBytes: usize,
  to: usize,
): void {
  memory.fill(to, 0, <usize>(heads * keys) * rowBytes);
  for (let h = 0; h < heads; h++) {
    let at = k;
    for (let j = 0; j < keys; j++, at += pixel, to += rowBytes) copyBits(at, h * each, to, 0, each);
  }
}
