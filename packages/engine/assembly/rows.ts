/**
 * Kernels that move numbers: rows of a table, sums of rows by segment, transposition, runs.
 */
import { loadLanes, storeLanes } from './lanes';

/** y[i] = x[ids[i]], rows of `inner` floats. */
export function gather(x: usize, ids: usize, y: usize, count: i32, inner: i32): void {
  const bytes = (<usize>inner) << 2;
  for (let i = 0; i < count; i++) {
    memory.copy(y, x + <usize>load<i32>(ids) * bytes, bytes);
    y += bytes;
    ids += 4;
  }
}

/** y[s] = sum of the x[i] with ids[i] = s, in the order of i; `segments` rows of `inner` floats, of which `columns` are summed. */
export function segmentSum(
  x: usize,
  ids: usize,
  y: usize,
  count: i32,
  segments: i32,
  inner: i32,
  columns: i32,
): void {
  const bytes = (<usize>inner) << 2;
  for (let s = 0; s < segments; s++) memory.fill(y + <usize>s * bytes, 0, (<usize>columns) << 2);
  for (let i = 0; i < count; i++) {
    const id = load<i32>(ids);
    if (id >= 0 && id < segments) {
      const to = y + <usize>id * bytes;
      for (let c = 0; c < columns; c += 4) {
        const lanes = columns - c;
        const at = (<usize>c) << 2;
        storeLanes(to + at, f32x4.add(loadLanes(to + at, lanes), loadLanes(x + at, lanes)), lanes);
      }
    }
    x += bytes;
    ids += 4;
  }
}

/**
 * `table` holds, as i32: the sizes of y's axes, the steps in x for each, and a place for each. Rank >= 2. Of the first axis, whose size in
 * the table does not matter, `count` entries are written.
 */
export function transpose(x: usize, y: usize, rank: i32, table: usize, count: i32): void {
  store<i32>(table, count);
  const outer = rank - 2;
  const steps = table + ((<usize>rank) << 2);
  const position = steps + ((<usize>rank) << 2);
  let planes = 1;
  for (let axis = 0; axis < outer; axis++) {
    planes *= load<i32>(table + ((<usize>axis) << 2));
    store<i32>(position + ((<usize>axis) << 2), 0);
  }
  const last = (<usize>outer) << 2;
  const rows = load<i32>(table + last);
  const columns = load<i32>(table + last, 4);
  const rowStep = (<usize>load<i32>(steps + last)) << 2;
  const columnStep = (<usize>load<i32>(steps + last, 4)) << 2;
  for (let p = 0; p < planes; p++) {
    if (columnStep == 4) copyRows(x, y, rows, columns, rowStep);
    else if (rowStep == 4) turn(x, y, rows, columns, columnStep);
    else pick(x, y, 0, rows, 0, columns, columns, rowStep, columnStep);
    y += (<usize>rows * columns) << 2;
    // To the next plane: like an odometer, the last outer axis turns fastest.
    for (let axis = outer - 1; axis >= 0; axis--) {
      const at = (<usize>axis) << 2;
      const size = load<i32>(table + at);
      const step = (<usize>load<i32>(steps + at)) << 2;
      const next = load<i32>(position + at) + 1;
      x += step;
      if (next < size) {
        store<i32>(position + at, next);
        break;
      }
      store<i32>(position + at, 0);
      x -= step * <usize>size;
    }
  }
}

function copyRows(x: usize, y: usize, rows: i32, columns: i32, rowStep: usize): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++) {
    memory.copy(y, x, bytes);
    x += rowStep;
    y += bytes;
  }
}

/** y[r, c] = x[r + c columnStep], in tiles of 4 x 4. */
function turn(x: usize, y: usize, rows: i32, columns: i32, columnStep: usize): void {
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  const line = (<usize>columns) << 2;
  for (let r = 0; r < wholeRows; r += 4) {
    let from = x + ((<usize>r) << 2);
    let to = y + <usize>r * line;
    for (let c = 0; c < wholeColumns; c += 4) {
      const v0 = v128.load(from);
      const v1 = v128.load(from + columnStep);
      const v2 = v128.load(from + 2 * columnStep);
      const v3 = v128.load(from + 3 * columnStep);
      const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5);
      const low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
      const high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(to + line, v128.shuffle<f64>(low01, low23, 1, 3));
      v128.store(to + 2 * line, v128.shuffle<f64>(high01, high23, 0, 2));
      v128.store(to + 3 * line, v128.shuffle<f64>(high01, high23, 1, 3));
      from += 4 * columnStep;
      to += 16;
    }
  }
  pick(x, y, 0, wholeRows, wholeColumns, columns, columns, 4, columnStep);
  pick(x, y, wholeRows, rows, 0, columns, columns, 4, columnStep);
}

/** One by one, for a part of the rows and columns. */
function pick(
  x: usize,
  y: usize,
  firstRow: i32,
  lastRow: i32,
  firstColumn: i32,
  lastColumn: i32,
  columns: i32,
  rowStep: usize,
  columnStep: usize,
): void {
  for (let r = firstRow; r < lastRow; r++) {
    let from = x + <usize>r * rowStep + <usize>firstColumn * columnStep;
    let to = y + ((<usize>r * columns + firstColumn) << 2);
    for (let c = firstColumn; c < lastColumn; c++) {
      store<f32>(to, load<f32>(from));
      from += columnStep;
      to += 4;
    }
  }
}

/** From so many floats on a run is worth the engine's own copy, which costs about as much as 16 vectors to begin. */
const LONG = 64;

/** `rows` runs of `length` floats: one every xStep floats of x, to one every yStep floats of y. */
export function copyRuns(x: usize, y: usize, rows: i32, length: i32, xStep: i32, yStep: i32): void {
  const whole = (<usize>(length & ~3)) << 2;
  const rest = length & 3;
  for (let r = 0; r < rows; r++) {
    if (length >= LONG) {
      memory.copy(y, x, (<usize>length) << 2);
    } else {
      for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, v128.load(x + at));
      if (rest) storeLanes(y + whole, loadLanes(x + whole, rest), rest);
    }
    x += (<usize>xStep) << 2;
    y += (<usize>yStep) << 2;
  }
}
