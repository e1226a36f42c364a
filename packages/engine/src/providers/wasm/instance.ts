/**
 * The compiled kernels (assembly/) on a heap: what they export, and how the module is brought to life.
 * All parameters are numbers; `p` stands for an address. The meaning of each is in assembly/.
 */
import { kernelModule } from './module.js';
import { Scratch, WasmHeap } from './memory.js';

type p = number;
type Flag = 0 | 1;

export interface KernelExports {
  gemm(a: p, b: p, c: p, m: number, n: number, k: number, tA: Flag, tB: Flag, scratch: p): void;
  gemmScratch(m: number, n: number, k: number): number;

  packByRows(
    from: p,
    stride: number,
    k: number,
    width: number,
    panel: 4 | 8,
    to: p,
    panelStride: number,
  ): void;
  packByColumns(
    from: p,
    stride: number,
    k: number,
    width: number,
    panel: 4 | 8,
    to: p,
    panelStride: number,
  ): void;
  convolve(job: p, panels: p, target: p, second: p, secondTarget: p): void;
  packCanonical(from: p, stride: number, k: number, width: number, to: p): void;
  convolveCanonical(job: p, panels: p, bias: p, target: p): void;
  filterGradient(
    job: p,
    dy: p,
    dfilter: p,
    second: p,
    signs: Flag,
    outside: number,
    table: p,
    packedDy: p,
  ): void;

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
  ): void;
  signConvolve(
    job: p,
    panels: p,
    sums: p,
    y: p,
    outsideBits: number,
    subtractOutside: Flag,
    missing: p,
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

  batchNorm(
    x: p,
    gamma: p,
    beta: p,
    y: p,
    mean: p,
    variance: p,
    rows: number,
    channels: number,
    epsilon: number,
    work: p,
  ): void;
  batchNormGradient(
    dy: p,
    x: p,
    gamma: p,
    mean: p,
    variance: p,
    dx: p,
    dgamma: p,
    dbeta: p,
    rows: number,
    channels: number,
    epsilon: number,
    work: p,
  ): void;
  layerNorm(
    x: p,
    gamma: p,
    beta: p,
    y: p,
    mean: p,
    inverseStd: p,
    rows: number,
    channels: number,
    epsilon: number,
  ): void;
  layerNormGradient(
    dy: p,
    x: p,
    gamma: p,
    mean: p,
    inverseStd: p,
    dx: p,
    dgamma: p,
    dbeta: p,
    rows: number,
    channels: number,
    work: p,
  ): void;
  pool(what: number, geometry: p, x: p, y: p, dx: p, offsets: p): void;
  softmaxCrossEntropy(
    logits: p,
    labels: p,
    loss: p,
    gradient: p,
    rows: number,
    classes: number,
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
  preluGradient(
    dy: p,
    x: p,
    alpha: p,
    dx: p,
    dalpha: p,
    count: number,
    slopes: number,
    sums: p,
  ): void;
  sum(x: p, y: p, outer: number, reduced: number, inner: number, sums: p): void;
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

  gather(x: p, ids: p, y: p, count: number, inner: number): void;
  segmentSum(x: p, ids: p, y: p, count: number, segments: number, inner: number): void;
  transpose(x: p, y: p, rank: number, table: p): void;
  copyRuns(x: p, y: p, rows: number, length: number, xStep: number, yStep: number): void;

  /** 192 multiplies and adds per iteration on 13 vectors at `memory`; for benchmarks only. */
  peak(iterations: number, memory: p): void;
}

/** What every kernel of this provider works with. */
export interface Engine {
  readonly heap: WasmHeap;
  readonly scratch: Scratch;
  readonly wasm: KernelExports;
}

/** Decodes base64 in Node and browsers alike. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Compiles the kernels and gives them a fresh heap. */
export async function createEngine(): Promise<Engine> {
  const heap = new WasmHeap();
  const imports = { env: { memory: heap.memory } };
  const { instance } = await WebAssembly.instantiate(decode(kernelModule), imports);
  return {
    heap,
    scratch: new Scratch(heap),
    wasm: instance.exports as unknown as KernelExports,
  };
}
