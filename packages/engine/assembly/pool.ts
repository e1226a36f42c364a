/**
 * Max and average pooling and their gradients, NHWC, four channels at a time. Windows are walked in
 * row-major order; taps outside the picture are skipped. Gradients are added to a dx that starts at 0.
 */
import { loadLanes, storeLanes } from './lanes';

/** PoolGeometry as src/providers/wasm/layers.ts writes it. */
@unmanaged
class Pool {
  batch: i32;
  inHeight: i32;
  inWidth: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filterHeight: i32;
  filterWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padTop: i32;
  padLeft: i32;
}

/** Byte offsets (from the tensor's start) of the window's pixels inside the picture; returns how many. */
function list(pool: Pool, n: i32, oy: i32, ox: i32, offsets: usize): i32 {
  let count = 0;
  for (let ky = 0; ky < pool.filterHeight; ky++) {
    const y = oy * pool.strideHeight + ky * pool.dilationHeight - pool.padTop;
    if (<u32>y >= <u32>pool.inHeight) continue;
    for (let kx = 0; kx < pool.filterWidth; kx++) {
      const x = ox * pool.strideWidth + kx * pool.dilationWidth - pool.padLeft;
      if (<u32>x >= <u32>pool.inWidth) continue;
      const pixel = <usize>((n * pool.inHeight + y) * pool.inWidth + x);
      store<usize>(offsets + ((<usize>count) << 2), (pixel * pool.channels) << 2);
      count++;
    }
  }
  return count;
}

/** A NaN never wins: pmax(m, v) is v only where m < v. */
function maxWindow(x: usize, y: usize, channels: i32, offsets: usize, end: usize): void {
  for (let c = 0; c < channels; c += 4) {
    const lanes = channels - c;
    const at = (<usize>c) << 2;
    let m = f32x4.splat(-Infinity);
    for (let o = offsets; o < end; o += 4) {
      m = f32x4.pmax(m, loadLanes(x + load<usize>(o) + at, lanes));
    }
    storeLanes(y + at, m, lanes);
  }
}

/** The first maximum in each lane gets dy: its tap's number is found in one walk and used in a second. */
function maxWindowGradient(
  x: usize,
  dy: usize,
  dx: usize,
  channels: i32,
  offsets: usize,
  end: usize,
): void {
  for (let c = 0; c < channels; c += 4) {
    const lanes = channels - c;
    const at = (<usize>c) << 2;
    const none = i32x4.splat(0);
    let best = f32x4.splat(-Infinity);
    let winner = none;
    for (let o = offsets; o < end; o += 4) {
      const v = loadLanes(x + load<usize>(o) + at, lanes);
      // The first comparable entry wins against nothing, even when it is -Infinity.
      const first = v128.and(i32x4.eq(winner, none), f32x4.eq(v, v));
      const wins = v128.or(f32x4.gt(v, best), first);
      best = v128.bitselect(v, best, wins);
      winner = v128.bitselect(i32x4.splat(<i32>o), winner, wins);
    }
    const g = loadLanes(dy + at, lanes);
    for (let o = offsets; o < end; o += 4) {
      const to = dx + load<usize>(o) + at;
      const share = v128.and(g, i32x4.eq(winner, i32x4.splat(<i32>o)));
      storeLanes(to, f32x4.add(loadLanes(to, lanes), share), lanes);
    }
  }
}

function meanWindow(x: usize, y: usize, channels: i32, offsets: usize, end: usize): void {
  const size = f32x4.splat(<f32>((end - offsets) >> 2));
  for (let c = 0; c < channels; c += 4) {
    const lanes = channels - c;
    const at = (<usize>c) << 2;
    let s = f32x4.splat(0);
    for (let o = offsets; o < end; o += 4) {
      s = f32x4.add(s, loadLanes(x + load<usize>(o) + at, lanes));
    }
    storeLanes(y + at, f32x4.div(s, size), lanes);
  }
}

function meanWindowGradient(dy: usize, dx: usize, channels: i32, offsets: usize, end: usize): void {
  const size = f32x4.splat(<f32>((end - offsets) >> 2));
  for (let c = 0; c < channels; c += 4) {
    const lanes = channels - c;
    const at = (<usize>c) << 2;
    const share = f32x4.div(loadLanes(dy + at, lanes), size);
    for (let o = offsets; o < end; o += 4) {
      const to = dx + load<usize>(o) + at;
      storeLanes(to, f32x4.add(loadLanes(to, lanes), share), lanes);
    }
  }
}

const MAX: i32 = 0;
const MAX_GRADIENT: i32 = 1;
const MEAN: i32 = 2;

/**
 * Runs over all windows of `count` pictures from `first` on. `what`: 0 max (x -> y), 1 its gradient (x and dy = y -> dx), 2 mean (x -> y), 3 its gradient
 * (dy = y -> dx). `offsets` is scratch for one window's taps (i32 each).
 */
export function pool(
  what: i32,
  p: Pool,
  x: usize,
  y: usize,
  dx: usize,
  offsets: usize,
  first: i32,
  count: i32,
): void {
  const channels = p.channels;
  if (what == MAX_GRADIENT || what > MEAN) {
    const picture = (<usize>(p.inHeight * p.inWidth) * channels) << 2;
    memory.fill(dx + <usize>first * picture, 0, <usize>count * picture);
  }
  y += (<usize>first * p.outHeight * p.outWidth * channels) << 2;
  for (let n = first; n < first + count; n++) {
    for (let oy = 0; oy < p.outHeight; oy++) {
      for (let ox = 0; ox < p.outWidth; ox++) {
        const end = offsets + ((<usize>list(p, n, oy, ox, offsets)) << 2);
        if (what == MAX) maxWindow(x, y, channels, offsets, end);
        else if (what == MAX_GRADIENT) maxWindowGradient(x, y, dx, channels, offsets, end);
        else if (what == MEAN) meanWindow(x, y, channels, offsets, end);
        else meanWindowGradient(y, dx, channels, offsets, end);
        y += (<usize>channels) << 2;
      }
    }
  }
}
