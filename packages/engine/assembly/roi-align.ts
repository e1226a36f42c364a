/**
 * RoIAlign and its gradient, in the order of sums that packages/runtime/src/boxes/roi-align.ts names, so with its bits.
 */
import { high } from './column-sums';
import { loadLanes, storeLanes } from './lanes';

/** Sizes as providers/wasm/roi-align.ts writes them; `room` holds the places of both directions, then a row of f64 sums. */
@unmanaged
class RoiShape {
  height: i32;
  width: i32;
  channels: i32;
  rows: i32;
  columns: i32;
  samplingRatio: i32;
  aligned: i32;
  room: usize;
}

/** Both neighbours of a sample's coordinate and their weights; low < 0: the sample lies outside and counts as zeros. */
@unmanaged
class Place {
  low: i32;
  high: i32;
  lowWeight: f64;
  highWeight: f64;
}
const PLACE: usize = 24;

function samplesOf(bin: f64, ratio: i32): i32 {
  if (ratio > 0) return ratio;
  return bin > 0 ? <i32>Math.ceil(bin) : 0;
}

function length(from: f64, to: f64, aligned: i32): f64 {
  return aligned || to - from > 1 ? to - from : 1;
}

/** The places of `bins` bins of `samples` samples each. */
function writePlaces(start: f64, bin: f64, bins: i32, samples: i32, size: i32, to: usize): void {
  for (let b = 0; b < bins; b++) {
    const first = start + <f64>b * bin;
    for (let i = 0; i < samples; i++) {
      const place = changetype<Place>(to);
      to += PLACE;
      const at = first + ((<f64>i + 0.5) * bin) / <f64>samples;
      place.low = -1;
      if (!(at >= -1 && at <= <f64>size)) continue;
      const inside = at > 0 ? at : 0;
      const low = min(<i32>inside, size - 1);
      const highWeight = low < size - 1 ? inside - <f64>low : 0;
      place.low = low;
      place.high = min(low + 1, size - 1);
      place.lowWeight = 1 - highWeight;
      place.highWeight = highWeight;
    }
  }
}

export function roiAlign(
  x: usize,
  boxes: usize,
  pictures: usize,
  y: usize,
  count: i32,
  shape: RoiShape,
  scale: f64,
): void {
  walk(x, boxes, pictures, y, count, shape, scale, false);
}

/** dx must be zeros. */
export function roiAlignGradient(
  dy: usize,
  boxes: usize,
  pictures: usize,
  dx: usize,
  count: i32,
  shape: RoiShape,
  scale: f64,
): void {
  walk(dx, boxes, pictures, dy, count, shape, scale, true);
}

/** Every bin of every box: `bins` is read from the map `x`, or in the gradient added to it. */
function walk(
  x: usize,
  boxes: usize,
  pictures: usize,
  bins: usize,
  count: i32,
  s: RoiShape,
  scale: f64,
  gradient: bool,
): void {
  const offset: f64 = s.aligned ? 0.5 : 0;
  const row = (<usize>s.channels) << 2;
  const line = row * <usize>s.width;
  for (let r = 0; r < count; r++) {
    const x1 = <f64>load<f32>(boxes) * scale - offset;
    const y1 = <f64>load<f32>(boxes, 4) * scale - offset;
    const x2 = <f64>load<f32>(boxes, 8) * scale - offset;
    const y2 = <f64>load<f32>(boxes, 12) * scale - offset;
    const binHeight = length(y1, y2, s.aligned) / <f64>s.rows;
    const binWidth = length(x1, x2, s.aligned) / <f64>s.columns;
    const down = samplesOf(binHeight, s.samplingRatio);
    const across = samplesOf(binWidth, s.samplingRatio);
    const ys = s.room;
    const xs = ys + PLACE * <usize>(s.rows * down);
    const sums = xs + PLACE * <usize>(s.columns * across);
    writePlaces(y1, binHeight, s.rows, down, s.height, ys);
    writePlaces(x1, binWidth, s.columns, across, s.width, xs);
    const number = <f64>max(down * across, 1);
    const picture = x + <usize>load<i32>(pictures) * <usize>s.height * line;
    for (let p = 0; p < s.rows; p++) {
      for (let q = 0; q < s.columns; q++) {
        if (!gradient) memory.fill(sums, 0, row << 1);
        for (let i = 0; i < down; i++) {
          const py = changetype<Place>(ys + PLACE * <usize>(p * down + i));
          if (py.low < 0) continue;
          const above = picture + <usize>py.low * line;
          const below = picture + <usize>py.high * line;
          for (let j = 0; j < across; j++) {
            const px = changetype<Place>(xs + PLACE * <usize>(q * across + j));
            if (px.low < 0) continue;
            const left = <usize>px.low * row;
            const right = <usize>px.high * row;
            const w0 = py.lowWeight * px.lowWeight;
            const w1 = py.lowWeight * px.highWeight;
            const w2 = py.highWeight * px.lowWeight;
            const w3 = py.highWeight * px.highWeight;
            if (gradient) {
              addShare(above + left, bins, s.channels, w0 / number);
              addShare(above + right, bins, s.channels, w1 / number);
              addShare(below + left, bins, s.channels, w2 / number);
              addShare(below + right, bins, s.channels, w3 / number);
            } else {
              addMix(
                sums,
                above + left,
                above + right,
                below + left,
                below + right,
                w0,
                w1,
                w2,
                w3,
                s.channels,
              );
            }
          }
        }
        if (!gradient) writeMeans(sums, bins, s.channels, number);
        bins += row;
      }
    }
    boxes += 16;
    pictures += 4;
  }
}

/** sums += w0 a + w1 b + w2 c + w3 d, in f64. */
function addMix(
  sums: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  w0: f64,
  w1: f64,
  w2: f64,
  w3: f64,
  channels: i32,
): void {
  const whole = (<usize>(channels & ~3)) << 2;
  const end = (<usize>channels) << 2;
  const v0 = f64x2.splat(w0);
  const v1 = f64x2.splat(w1);
  const v2 = f64x2.splat(w2);
  const v3 = f64x2.splat(w3);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const pa = v128.load(a + at);
    const pb = v128.load(b + at);
    const pc = v128.load(c + at);
    const pd = v128.load(d + at);
    let low = f64x2.mul(v0, f64x2.promote_low_f32x4(pa));
    let top = f64x2.mul(v0, high(pa));
    low = f64x2.add(low, f64x2.mul(v1, f64x2.promote_low_f32x4(pb)));
    top = f64x2.add(top, f64x2.mul(v1, high(pb)));
    low = f64x2.add(low, f64x2.mul(v2, f64x2.promote_low_f32x4(pc)));
    top = f64x2.add(top, f64x2.mul(v2, high(pc)));
    low = f64x2.add(low, f64x2.mul(v3, f64x2.promote_low_f32x4(pd)));
    top = f64x2.add(top, f64x2.mul(v3, high(pd)));
    const to = sums + (at << 1);
    v128.store(to, f64x2.add(v128.load(to), low));
    v128.store(to, f64x2.add(v128.load(to, 16), top), 16);
  }
  for (; at < end; at += 4) {
    let mix = w0 * <f64>load<f32>(a + at);
    mix += w1 * <f64>load<f32>(b + at);
    mix += w2 * <f64>load<f32>(c + at);
    mix += w3 * <f64>load<f32>(d + at);
    const to = sums + (at << 1);
    store<f64>(to, load<f64>(to) + mix);
  }
}

function writeMeans(sums: usize, y: usize, channels: i32, number: f64): void {
  for (let c = 0; c < channels; c++) {
    store<f32>(y, <f32>(load<f64>(sums) / number));
    sums += 8;
    y += 4;
  }
}

/** dx += share dy, the sum rounded to f32. */
function addShare(dx: usize, dy: usize, channels: i32, share: f64): void {
  const w = f64x2.splat(share);
  for (let c = 0; c < channels; c += 4) {
    const lanes = channels - c;
    const at = (<usize>c) << 2;
    const g = loadLanes(dy + at, lanes);
    const d = loadLanes(dx + at, lanes);
    const low = f64x2.add(f64x2.promote_low_f32x4(d), f64x2.mul(w, f64x2.promote_low_f32x4(g)));
    const top = f64x2.add(high(d), f64x2.mul(w, high(g)));
    const sum = v128.shuffle<f32>(
      f32x4.demote_f64x2_zero(low),
      f32x4.demote_f64x2_zero(top),
      0,
      1,
      4,
      5,
    );
    storeLanes(dx + at, sum, lanes);
  }
}
