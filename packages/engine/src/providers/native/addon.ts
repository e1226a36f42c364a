/**
 * The addon that build-native.mjs makes: its types, and loading it with a sentence for each way in which that can fail. Node only;
 * nothing here runs on import.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '@surge-bnn/contract';

type Floats = Float32Array;

/** native/src/native_provider.h. Geometries come from `packGeometry`; `parameter` belongs to the surrogate's `kind`. */
export interface NativeMethods {
  setThreads(threads: number): void;
  setPrecision(binary: number, auxiliary: number): void;
  isa(): string;
  /** Bytes that it holds beside the heap. */
  bytes(): number;
  conv2d(x: Floats, filter: Floats, y: Floats, g: Int32Array): void;
  conv2dInputGradient(dy: Floats, filter: Floats, dx: Floats, g: Int32Array): void;
  conv2dFilterGradient(x: Floats, dy: Floats, dfilter: Floats, g: Int32Array): void;
  canonicalConv2d(
    x: Floats,
    kernel: Floats,
    bias: Floats | undefined,
    y: Floats,
    g: Int32Array,
    padValue: number,
  ): void;
  matMul(
    a: Floats,
    b: Floats,
    c: Floats,
    batch: number,
    m: number,
    k: number,
    n: number,
    transposeA: boolean,
    transposeB: boolean,
    strideA: number,
    strideB: number,
  ): void;
  signConv2d(x: Floats, kernel: Floats, y: Floats, g: Int32Array, padValue: number): 0 | 1 | 2;
  /**
   * g_b into `gb`, g_a into a buffer of the addon's, and the plain sums of both filter gradients. `report` takes nine numbers:
   * |g_b|^2, |g_a|^2, <g_b, g_a>, the slopes that are 0, then the seconds of the parts.
   */
  branches(
    dy: Floats,
    x: Floats,
    kernel: Floats,
    auxiliary: Floats | undefined,
    gb: Floats,
    dkernel: Floats,
    dauxiliary: Floats | undefined,
    g: Int32Array,
    kind: number,
    parameter: number,
    report: Float64Array,
  ): void;
  combineBranches(gb: Floats, binary: number, auxiliary: number): void;
  finishBinaryFilter(
    dy: Floats,
    kernel: Floats,
    dkernel: Floats,
    g: Int32Array,
    padValue: number,
    kind: number,
    parameter: number,
  ): void;
  finishAuxiliaryFilter(dauxiliary: Floats, factor: number): void;
  batchNorm(
    x: Floats,
    gamma: Floats,
    beta: Floats,
    shortcut: Floats | undefined,
    y: Floats,
    mean: Floats,
    variance: Floats,
    epsilon: number,
    low: number,
    high: number,
  ): void;
  batchNormGradient(
    dy: Floats,
    x: Floats,
    gamma: Floats,
    mean: Floats,
    variance: Floats,
    dx: Floats,
    dgamma: Floats,
    dbeta: Floats,
    epsilon: number,
  ): void;
  batchNormAddClipGradient(
    dy: Floats,
    y: Floats,
    x: Floats,
    gamma: Floats,
    mean: Floats,
    variance: Floats,
    dx: Floats,
    dgamma: Floats,
    dbeta: Floats,
    dsum: Floats,
    epsilon: number,
    low: number,
    high: number,
  ): void;
  layerNorm(
    x: Floats,
    gamma: Floats,
    beta: Floats,
    y: Floats,
    mean: Floats,
    inverseStd: Floats,
    epsilon: number,
  ): void;
  layerNormGradient(
    dy: Floats,
    x: Floats,
    gamma: Floats,
    mean: Floats,
    inverseStd: Floats,
    dx: Floats,
    dgamma: Floats,
    dbeta: Floats,
  ): void;
  gelu(x: Floats, y: Floats): void;
  geluGradient(dy: Floats, x: Floats, dx: Floats): void;
  attentionSoftmax(x: Floats, bias: Floats, y: Floats, keys: number, scale: number): void;
  attentionSoftmaxGradient(dy: Floats, y: Floats, dx: Floats, keys: number, scale: number): void;
  dropout(x: Floats, y: Floats, start: number, least: number, kept: number): void;
  classCrossEntropy(logits: Floats, classes: Int32Array, loss: Floats, logPartition: Floats): void;
  classCrossEntropyGradient(
    dy: Floats,
    logits: Floats,
    classes: Int32Array,
    logPartition: Floats,
    dlogits: Floats,
  ): void;
  twoValues(x: Floats, shift: Floats | undefined, y: Floats, low: number, high: number): 0 | 1;
  twoValuesGradient(
    dy: Floats,
    x: Floats,
    shift: Floats | undefined,
    dx: Floats,
    sums: Floats,
    dshift: Floats | undefined,
    scale: number,
    k: number,
    width: number,
    factor: number,
  ): void;
  maxPool(x: Floats, y: Floats, g: Int32Array): void;
  maxPoolGradient(dy: Floats, x: Floats, dx: Floats, g: Int32Array): void;
  avgPool(x: Floats, y: Floats, g: Int32Array): void;
  avgPoolGradient(dy: Floats, dx: Floats, g: Int32Array): void;
  /** `shape`: rows, columns and channels of the map, rows and columns of bins, samples (0: by size), aligned. */
  roiAlign(
    x: Floats,
    boxes: Floats,
    pictures: Int32Array,
    y: Floats,
    shape: Int32Array,
    scale: number,
  ): void;
  roiAlignGradient(
    dy: Floats,
    boxes: Floats,
    pictures: Int32Array,
    dx: Floats,
    shape: Int32Array,
    scale: number,
  ): void;
  softmaxCrossEntropy(logits: Floats, labels: Floats, loss: Floats, gradient: Floats): void;
  sgdStep(
    parameter: Floats,
    gradient: Floats,
    velocity: Floats,
    newParameter: Floats,
    newVelocity: Floats,
    learningRate: number,
    momentum: number,
    nesterov: boolean,
    weightDecay: number,
    clipMin: number,
    clipMax: number,
  ): void;
  adamStep(
    parameter: Floats,
    gradient: Floats,
    first: Floats,
    second: Floats,
    newParameter: Floats,
    newFirst: Floats,
    newSecond: Floats,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    step: number,
    weightDecay: number,
    decoupled: boolean,
    clipMin: number,
    clipMax: number,
  ): void;
  bopStep(
    parameter: Floats,
    gradient: Floats,
    momentum: Floats,
    newParameter: Floats,
    newMomentum: Floats,
    gamma: number,
    threshold: number,
  ): void;
  unary(op: number, x: Floats, y: Floats): void;
  clip(x: Floats, y: Floats, low: number, high: number): void;
  binary(op: number, a: Floats, b: Floats, y: Floats, inner: number, swapped: boolean): void;
  prelu(x: Floats, alpha: Floats, y: Floats): void;
  preluGradient(dy: Floats, x: Floats, alpha: Floats, dx: Floats, dalpha: Floats): void;
  addClip(a: Floats, b: Floats | undefined, y: Floats, low: number, high: number): void;
  addClipGradient(dy: Floats, y: Floats, dx: Floats, low: number, high: number): void;
  sum(x: Floats, y: Floats, outer: number, reduced: number, inner: number): void;
  gather(x: Floats, ids: Int32Array, y: Floats, inner: number): void;
  segmentSum(x: Floats, ids: Int32Array, y: Floats, inner: number): void;
  transpose(x: Floats, y: Floats, sizes: Int32Array, steps: Int32Array): void;
  copyRuns(
    x: Floats,
    y: Floats,
    rows: number,
    length: number,
    xStart: number,
    xStep: number,
    yStart: number,
    yStep: number,
  ): void;
  fill(y: Floats, value: number): void;
}

/** native/src/packed_kernels.cc: what runs packed models. */
export interface PackedMethods {
  isa(): string;
  /** Filters of a binary kernel that stand side by side, bytes of a filter that stand together, filters of a float kernel side by side. */
  bitLanes(): number;
  bitUnit(): number;
  floatLanes(): number;
  /** Computes the stages [from, to) of the program at an address of the buffer. Throws a TypeError when there is none. */
  run(buffer: ArrayBuffer, program: number, from: number, to: number, threads: number): void;
}

export interface Addon {
  readonly interface: number;
  /** Instruction sets that were compiled in, and those that this CPU runs; best first. */
  readonly compiled: readonly string[];
  readonly runnable: readonly string[];
  /** Version of the oneDNN that is loaded. */
  readonly oneDnn: string;
  /** Asks the system for large pages under the heap. */
  useLargePages(buffer: ArrayBuffer): void;
  /** `isa` "": the best that there is. Throws a TypeError for one that cannot run here. */
  readonly NativeProvider: new (threads: number, isa: string) => NativeMethods;
  /** As NativeProvider. */
  readonly PackedKernels: new (isa: string) => PackedMethods;
}

/** The interface that this file describes: kInterface of native/src/addon.cc. */
const INTERFACE = 13;

/** Where build-native.mjs puts the addon, seen from src/ and from dist/ alike. */
export const addonPath = fileURLToPath(
  new URL('../../../native/build/Release/surge_native.node', import.meta.url),
);

const leftOutPath = path.join(path.dirname(addonPath), '../left-out.json');

export function isAddonBuilt(): boolean {
  return existsSync(addonPath);
}

/** Why the set-up did not build it, from build-native.mjs's note beside the place where it would be; undefined: no note. */
export function whyLeftOut(): string | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(leftOutPath, 'utf8'));
    return typeof note === 'object' && note !== null && 'reason' in note
      ? String(note.reason)
      : undefined;
  } catch {
    return undefined;
  }
}

/** @throws InputError saying why it does not load and what to do. */
export function loadAddon(file: string = addonPath): Addon {
  if (!existsSync(file)) {
    throw new InputError('the native engine is not built; npm run build:native builds it');
  }
  waitBriefly();
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    throw new InputError(`the native engine does not load: ${whyNot(error)}`, { cause: error });
  }
  checkInterface(addon);
  return addon;
}

/**
 * How often a thread looks for work or for its partners before it sleeps. GCC's OpenMP spins for milliseconds if nobody says otherwise:
 * where something else runs on the machine, it then spins on the core that the thread it waits for would need, and a training step takes
 * ten times as long. OpenMP reads this when the addon is loaded, from the process's environment, which a
 * worker thread cannot change: one that loads the addon first waits as OpenMP likes.
 */
function waitBriefly(): void {
  const { env } = process;
  if (env['OMP_WAIT_POLICY'] === undefined) env['GOMP_SPINCOUNT'] ??= SPINS;
}

/** About 50 microseconds: longer than the gap between two kernels of a training step. */
const SPINS = '3000';

/**
 * @throws InputError for an addon whose methods take other arguments than this file says: it would read them wrongly. Exported for its
 * test.
 */
export function checkInterface({ interface: found }: { readonly interface?: unknown }): void {
  if (found === INTERFACE) return;
  throw new InputError(
    `the native engine was built from other sources (interface ${String(found)}, needed is ${INTERFACE}); npm run build:native builds it anew`,
  );
}

/** What the dynamic loader's message means. Exported for its test. */
export function whyNot(error: unknown): string {
  const said = error instanceof Error ? error.message.split('\n')[0] : String(error);
  if (/libdnnl|dnnl_/.test(said)) {
    return `oneDNN (libdnnl) is missing or of another version (${said}); on Debian: apt-get install libdnnl-dev, then npm run build:native`;
  }
  if (/invalid ELF|wrong ELF|mach-o|not a valid|file too short/i.test(said)) {
    return `it is damaged or was built for another system or CPU (${said}); npm run build:native builds it here`;
  }
  if (/NODE_MODULE_VERSION|napi|undefined symbol|self-register/i.test(said)) {
    return `it was built for another Node than ${process.version} (${said}); npm run build:native builds it for this one`;
  }
  return `${said}; npm run build:native builds it anew`;
}
