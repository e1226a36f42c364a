/**
 * What the compiled kernels (assembly/) export. All parameters are numbers; `p` stands for an address. The meaning of each is in assembly/.
 */
import type { TextExports } from './text-exports.js';

type p = number;
type Flag = 0 | 1;

export interface KernelExports extends TextExports {
  announce(tasks: number): number;
  claim(generation: number): number;
  finish(generation: number): void;
  finished(tasks: number): number;
  rest(seen: number): number;

  tileBytes(): number;
  packLeft(a: p, stride: number, turned: Flag, k: number, rows: number, to: p): void;
  packRight(b: p, stride: number, turned: Flag, k: number, columns: number, to: p): void;
  multiplyRows(
    a: p,
    stride: number,
    turned: Flag,
    packedB: p,
    c: p,
    ldc: number,
    rows: number,
    columns: number,
    k: number,
    accumulate: Flag,
    scratch: p,
  ): void;
  multiplyMany(
    a: p,
    stepA: number,
    strideA: number,
    turnedA: Flag,
    b: p,
    stepB: number,
    strideB: number,
    turnedB: Flag,
    c: p,
    stepC: number,
    count: number,
    rows: number,
    columns: number,
    k: number,
    bytesA: number,
    scratch: p,
  ): void;
  multiplyColumns(
    packedA: p,
    b: p,
    stride: number,
    turned: Flag,
    c: p,
    ldc: number,
    rows: number,
    columns: number,
    k: number,
    accumulate: Flag,
    scratch: p,
  ): void;

  packByRows(
    from: p,
    stride: number,
    k: number,
    width: number,
    panel: number,
    to: p,
    panelStride: number,
  ): void;
  packByColumns(
    from: p,
    stride: number,
    k: number,
    width: number,
    panel: number,
    to: p,
    panelStride: number,
  ): void;
  convolve(
    job: p,
    panels: p,
    target: p,
    second: p,
    secondTarget: p,
    firstStrip: number,
    strips: number,
  ): void;
  packCanonical(from: p, stride: number, k: number, width: number, to: p): void;
  convolveCanonical(
    job: p,
    panels: p,
    bias: p,
    target: p,
    firstStrip: number,
    strips: number,
  ): void;
  filterGradient(
    job: p,
    dy: p,
    dfilter: p,
    table: p,
    packedDy: p,
    firstPixel: number,
    pixels: number,
    firstColumn: number,
    columns: number,
  ): void;
  addGradients(from: p, parts: number, stride: number, to: p, count: number): void;

  hasNaN(from: p, count: number): Flag;
  packSigns(from: p, rows: number, channels: number, words: p): void;
  packFilters(
    kernel: p,
    stride: number,
    taps: number,
    channels: number,
    n: number,
    panels: p,
    sums: p,
    panelCount: number,
  ): void;
  signConvolve(
    job: p,
    panels: p,
    sums: p,
    y: p,
    outsideBits: number,
    subtractOutside: Flag,
    missing: p,
    offsets: p,
    firstStrip: number,
    strips: number,
  ): void;

  numberSigns(kernel: p, channels: number, n: number, numbers: p, stride: number): void;
  /** `panels` 0: no auxiliary branch. */
  signInputGradient(
    job: p,
    numbers: p,
    stride: number,
    target: p,
    panels: p,
    second: p,
    table: p,
    sums: p,
    firstStrip: number,
    strips: number,
  ): void;
  signBytes(x: p, rows: number, channels: number, to: p, stride: number): void;
  signFilterGradient(
    job: p,
    dy: p,
    dfilter: p,
    correct: Flag,
    numbers: p,
    missing: p,
    table: p,
    sums: p,
    firstPixel: number,
    pixels: number,
    firstColumn: number,
    columns: number,
  ): void;

  applySlope(g: p, v: p, count: number, kind: number, parameter: number): void;
  measureBranches(
    gb: p,
    ga: p,
    x: p,
    count: number,
    kind: number,
    parameter: number,
    result: p,
  ): void;
  combineBranches(y: p, a: p, count: number, u: number, w: number): void;
  scale(x: p, y: p, count: number, w: number): void;
  signs(x: p, y: p, count: number): void;

  columnSums(x: p, rows: number, columns: number, sums: p): void;
  columnSquares(x: p, rows: number, columns: number, mean: p, sums: p): void;
  columnProducts(dy: p, x: p, rows: number, columns: number, mean: p, sums: p, products: p): void;
  rowSum(x: p, count: number): number;
  addParts(from: p, parts: number, stride: number, columns: number, sums: p): void;
  narrow(from: p, to: p, count: number): void;
  batchMeans(sums: p, mean: p, rows: number, channels: number): void;
  batchFactors(
    squares: p,
    gamma: p,
    variance: p,
    factors: p,
    rows: number,
    channels: number,
    epsilon: number,
  ): void;
  /** `shortcut` 0: none. */
  batchNormRows(
    x: p,
    mean: p,
    factors: p,
    beta: p,
    shortcut: p,
    y: p,
    rows: number,
    channels: number,
    low: number,
    high: number,
  ): void;
  batchNormSlopes(
    sums: p,
    products: p,
    gamma: p,
    variance: p,
    dgamma: p,
    dbeta: p,
    k: p,
    padded: number,
    rows: number,
    channels: number,
    epsilon: number,
  ): void;
  batchNormGradientRows(
    dy: p,
    x: p,
    mean: p,
    k: p,
    padded: number,
    dx: p,
    rows: number,
    channels: number,
  ): void;
  pool(
    what: number,
    geometry: p,
    x: p,
    y: p,
    dx: p,
    offsets: p,
    first: number,
    count: number,
  ): void;
  softmaxCrossEntropy(
    logits: p,
    labels: p,
    loss: p,
    gradient: p,
    rows: number,
    classes: number,
  ): void;

  /** `shift` 0: none. */
  twoValues(x: p, shift: p, y: p, rows: number, width: number, low: number, high: number): Flag;
  twoValuesGradient(
    dy: p,
    x: p,
    shift: p,
    dx: p,
    rows: number,
    width: number,
    scale: number,
    k: number,
    box: number,
    factor: number,
    sums: p,
  ): void;

  sgdStep(
    parameter: p,
    gradient: p,
    velocity: p,
    newParameter: p,
    newVelocity: p,
    count: number,
    learningRate: number,
    momentum: number,
    nesterov: Flag,
    weightDecay: number,
    low: number,
    high: number,
  ): void;
  adamStep(
    parameter: p,
    gradient: p,
    first: p,
    second: p,
    newParameter: p,
    newFirst: p,
    newSecond: p,
    count: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    rest1: number,
    rest2: number,
    correction1: number,
    correction2: number,
    epsilon: number,
    decay: number,
    keep: number,
    low: number,
    high: number,
  ): void;
  bopStep(
    parameter: p,
    gradient: p,
    momentum: p,
    newParameter: p,
    newMomentum: p,
    count: number,
    gamma: number,
    threshold: number,
  ): void;

  unary(op: number, x: p, y: p, count: number): void;
  clip(x: p, y: p, count: number, low: number, high: number): void;
  /** `b` 0: of a alone. */
  addClip(a: p, b: p, y: p, count: number, low: number, high: number): void;
  addClipGradient(dy: p, y: p, dx: p, count: number, low: number, high: number): void;
  binary(op: number, a: p, b: p, y: p, count: number, length: number, inner: number): void;
  preluGradient(dy: p, x: p, alpha: p, dx: p, count: number, slopes: number, sums: p): void;
  sumOuter(x: p, y: p, outer: number, reduced: number, inner: number, sums: p): void;
  fill(y: p, count: number, value: number): void;

  roiAlign(x: p, boxes: p, pictures: p, y: p, count: number, shape: p, scale: number): void;
  roiAlignGradient(
    dy: p,
    boxes: p,
    pictures: p,
    dx: p,
    count: number,
    shape: p,
    scale: number,
  ): void;

  transpose(x: p, y: p, rank: number, table: p, count: number): void;
  copyRuns(x: p, y: p, rows: number, length: number, xStep: number, yStep: number): void;

  /** So many operations in each iteration of `peak`, on 13 vectors at `memory`; for benchmarks only. */
  peakOperations(): number;
  peak(iterations: number, memory: p): void;
}
