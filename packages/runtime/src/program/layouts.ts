/**
 * Kernels as fast kernels read them: some filters side by side in blocks, so that they are the lanes of a vector. A block
 * is [units of K, lanes, bytes of a unit]; the last block of each group is filled up with zeros.
 */

export interface FilterGroups {
  /** Of one group. */
  readonly filters: number;
  readonly groups: number;
}

export function blocksOf({ filters, groups }: FilterGroups, lanes: number): number {
  return groups * Math.ceil(filters / lanes);
}

/**
 * Rows of bits, one for each filter, in blocks.
 *
 * @param rows the file's: filters after each other, each padded to a byte.
 * @param rowBytes bytes of a row here, a multiple of `unit`; what is behind the file's is 0.
 */
export function bitBlocks(
  rows: Uint8Array,
  sizes: FilterGroups,
  { lanes, unit }: { readonly lanes: number; readonly unit: number },
  rowBytes: number,
  out: Uint8Array,
): void {
  const width = rows.length / (sizes.filters * sizes.groups);
  const perGroup = Math.ceil(sizes.filters / lanes);
  const step = lanes * unit;
  for (let group = 0, filter = 0; group < sizes.groups; group++) {
    for (let f = 0; f < sizes.filters; f++, filter++) {
      const block = (group * perGroup + Math.floor(f / lanes)) * lanes * rowBytes;
      let to = block + (f % lanes) * unit;
      const end = (filter + 1) * width;
      for (let from = filter * width; from < end; to += step) {
        for (let i = 0; i < unit && from < end; i++, from++) out[to + i] = rows[from];
      }
    }
  }
}

/**
 * Floats [K, all filters] in blocks.
 *
 * @param count K.
 */
export function floatBlocks(
  kernel: Float32Array,
  { filters, groups }: FilterGroups,
  lanes: number,
  count: number,
  out: Float32Array,
): void {
  const all = filters * groups;
  const perGroup = Math.ceil(filters / lanes);
  for (let group = 0, filter = 0; group < groups; group++) {
    for (let f = 0; f < filters; f++, filter++) {
      const block = (group * perGroup + Math.floor(f / lanes)) * lanes * count + (f % lanes);
      for (let i = 0; i < count; i++) out[block + i * lanes] = kernel[i * all + filter];
    }
  }
}

/**
 * Integers of 8 bits [K, all filters] in blocks of pairs: [pairs of K, lanes, 2]. Of an odd K the last pair has a zero.
 *
 * @param count K.
 */
export function pairBlocks(
  kernel: Uint8Array,
  { filters, groups }: FilterGroups,
  lanes: number,
  count: number,
  out: Uint8Array,
): void {
  const all = filters * groups;
  const perGroup = Math.ceil(filters / lanes);
  const blockBytes = lanes * 2 * Math.ceil(count / 2);
  for (let group = 0, filter = 0; group < groups; group++) {
    for (let f = 0; f < filters; f++, filter++) {
      const block = (group * perGroup + Math.floor(f / lanes)) * blockBytes;
      const lane = block + 2 * (f % lanes);
      for (let i = 0; i < count; i++) {
        out[lane + (i >> 1) * lanes * 2 + (i & 1)] = kernel[i * all + filter];
      }
    }
  }
}

/**
 * Rows of bits, one for each filter, turned: what eight filters have for one number is a byte, and a block is [K] bytes.
 *
 * @param rows the file's: filters after each other, each padded to a byte. @param count K. @param out all 0.
 */
export function bitsAcross(
  rows: Uint8Array,
  { filters, groups }: FilterGroups,
  count: number,
  out: Uint8Array,
): void {
  const width = rows.length / (filters * groups);
  const perGroup = Math.ceil(filters / 8);
  for (let group = 0, filter = 0; group < groups; group++) {
    for (let f = 0; f < filters; f++, filter++) {
      const block = (group * perGroup + (f >> 3)) * count;
      for (let i = 0; i < count; i++) {
        const bit = (rows[filter * width + (i >> 3)] >> (i & 7)) & 1;
        out[block + i] |= bit << (f & 7);
      }
    }
  }
}
