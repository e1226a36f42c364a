/**
 * The line between the backend (TF.js bookkeeping) and arithmetic. A provider owns one heap, in which every
 * tensor of the backend lives, and computes on typed-array views of it. It knows nothing of TF.js.
 *
 * Every array that a kernel receives is a view of the provider's heap; for WebAssembly its `byteOffset` is
 * the address. Outputs come uninitialised (recycled memory) unless said otherwise. A kernel that reserves
 * scratch memory may grow the heap, and growing unshared WebAssembly memory detaches all views: such a
 * kernel reads every byteOffset before it reserves.
 */
import type {
  AdamStepAttrs,
  AddClipAttrs,
  BatchNormAddClipAttrs,
  BatchNormAttrs,
  BopStepAttrs,
  BranchMeasure,
  BranchWeights,
  ConvGeometry,
  DropoutAttrs,
  LayerNormAttrs,
  PadValue,
  RoiAlignAttrs,
  SgdStepAttrs,
  SurrogateSpec,
  TwoValuesGradientAttrs,
} from '@surge-bnn/contract';

/** One growing piece of memory. Addresses are byte offsets, aligned to 16; nothing here recycles. */
export interface Heap {
  /** The buffer as it stands now; growing replaces it (views of the old one may be detached). */
  readonly buffer: ArrayBufferLike;
  /** Reserves `bytes` at the end of the heap, for good. Throws when the heap cannot grow that far. */
  extend(bytes: number): number;
}

/** c[b] = op(a[b]) op(b[b]) for each of `batch` matrices; a is m x k after op, b is k x n after op. */
export interface MatMulShape {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Elements between consecutive matrices of a (0: one matrix for the whole batch), and of b. */
  readonly strideA: number;
  readonly strideB: number;
}

/** Geometry of a pooling: a depthwise window, so channels, groups and filters do not mix. */
export type PoolGeometry = Omit<ConvGeometry, 'groups' | 'outChannels'>;

/** Feature maps of several pictures, NHWC. */
export interface FeatureShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export type UnaryOp =
  'relu' | 'step' | 'neg' | 'abs' | 'square' | 'sqrt' | 'rsqrt' | 'exp' | 'log' | 'sign';
export type BinaryOp = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min' | 'squaredDifference';

/**
 * How b lines up with a's flat array of `a.length` entries. `inner` entries of a share one entry of b, and b
 * repeats after b.length * inner entries: scalar: b.length = 1; same shape: b.length = a.length, inner 1; last
 * axis (bias): b.length = C, inner 1; all but the last axis: b.length = rows, inner = C.
 */
export interface BinaryLayout {
  readonly inner: number;
  /** b op a instead of a op b. */
  readonly swapped: boolean;
}

/** Runs of `length` entries at even distances: run r begins at xStart + r xStep in x and at yStart + r yStep in y. */
export interface RunLayout {
  readonly rows: number;
  readonly length: number;
  readonly xStart: number;
  readonly xStep: number;
  readonly yStart: number;
  readonly yStep: number;
}

export interface SignConvGradientArguments {
  readonly dy: Float32Array;
  readonly x: Float32Array;
  readonly kernel: Float32Array;
  readonly auxiliary?: Float32Array;
  readonly dx: Float32Array;
  readonly dkernel: Float32Array;
  readonly dauxiliary?: Float32Array;
  readonly geometry: ConvGeometry;
  readonly padValue: PadValue;
  readonly inputSurrogate: SurrogateSpec;
  readonly weightSurrogate: SurrogateSpec;
  readonly combine?: (measure: BranchMeasure) => BranchWeights;
}

/** What a provider computes. The contract of each kernel is in @surge-bnn/contract or in its reference. */
export interface Kernels {
  conv2d(x: Float32Array, filter: Float32Array, y: Float32Array, g: ConvGeometry): void;
  conv2dInputGradient(
    dy: Float32Array,
    filter: Float32Array,
    dx: Float32Array,
    g: ConvGeometry,
  ): void;
  conv2dFilterGradient(
    x: Float32Array,
    dy: Float32Array,
    dfilter: Float32Array,
    g: ConvGeometry,
  ): void;
  /**
   * y = conv(x, kernel) + bias in canonical arithmetic: f64 sums in the order that CANONICAL_CONV_2D names, rounded once.
   * Every provider gives the same bits.
   */
  canonicalConv2d(
    x: Float32Array,
    kernel: Float32Array,
    bias: Float32Array | undefined,
    y: Float32Array,
    g: ConvGeometry,
    padValue: PadValue,
  ): void;
  matMul(a: Float32Array, b: Float32Array, c: Float32Array, shape: MatMulShape): void;

  /** y = conv(sign(x), sign(kernel)). Returns 0, or 1 / 2 when x / the kernel holds a NaN (y is then undefined). */
  signConv2d(
    x: Float32Array,
    kernel: Float32Array,
    y: Float32Array,
    g: ConvGeometry,
    padValue: PadValue,
  ): 0 | 1 | 2;
  signConv2dGradient(args: SignConvGradientArguments): void;

  /** With a shortcut or bounds, clipped behind the sum as by addClip. */
  batchNorm(
    x: Float32Array,
    gamma: Float32Array,
    beta: Float32Array,
    shortcut: Float32Array | undefined,
    y: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    attrs: BatchNormAttrs & Partial<AddClipAttrs>,
  ): void;
  batchNormGradient(
    dy: Float32Array,
    x: Float32Array,
    gamma: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    dx: Float32Array,
    dgamma: Float32Array,
    dbeta: Float32Array,
    attrs: BatchNormAttrs,
  ): void;
  /** dsum = addClipGradient of dy and y, the rest batchNormGradient of dsum. */
  batchNormAddClipGradient(
    dy: Float32Array,
    y: Float32Array,
    x: Float32Array,
    gamma: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    dx: Float32Array,
    dgamma: Float32Array,
    dbeta: Float32Array,
    dsum: Float32Array,
    attrs: BatchNormAddClipAttrs,
  ): void;

  /** Rows of gamma.length entries; mean and inverseStd have one entry for each row. */
  layerNorm(
    x: Float32Array,
    gamma: Float32Array,
    beta: Float32Array,
    y: Float32Array,
    mean: Float32Array,
    inverseStd: Float32Array,
    attrs: LayerNormAttrs,
  ): void;
  layerNormGradient(
    dy: Float32Array,
    x: Float32Array,
    gamma: Float32Array,
    mean: Float32Array,
    inverseStd: Float32Array,
    dx: Float32Array,
    dgamma: Float32Array,
    dbeta: Float32Array,
  ): void;

  /** GELU of the contract. */
  gelu(x: Float32Array, y: Float32Array): void;
  geluGradient(dy: Float32Array, x: Float32Array, dx: Float32Array): void;
  /** Rows of `keys` scores; the rows of a text share one row of bias, and bias has one row for each text. */
  attentionSoftmax(
    x: Float32Array,
    bias: Float32Array,
    y: Float32Array,
    keys: number,
    scale: number,
  ): void;
  attentionSoftmaxGradient(
    dy: Float32Array,
    y: Float32Array,
    dx: Float32Array,
    keys: number,
    scale: number,
  ): void;

  /** DROPOUT of the contract; the same bits everywhere. */
  dropout(x: Float32Array, y: Float32Array, attrs: DropoutAttrs): void;

  maxPool(x: Float32Array, y: Float32Array, g: PoolGeometry): void;
  /** The gradient goes to the first maximum of each window, in row-major order. Padding never wins. */
  maxPoolGradient(dy: Float32Array, x: Float32Array, dx: Float32Array, g: PoolGeometry): void;
  /** Mean over the entries of the window that lie inside the picture, as TF.js has it. */
  avgPool(x: Float32Array, y: Float32Array, g: PoolGeometry): void;
  avgPoolGradient(dy: Float32Array, dx: Float32Array, g: PoolGeometry): void;

  /** ROI_ALIGN of the contract: y is [boxes, height, width, channels]; every picture is one of the map's. The same bits everywhere. */
  roiAlign(
    x: Float32Array,
    boxes: Float32Array,
    pictures: Int32Array,
    y: Float32Array,
    map: FeatureShape,
    attrs: RoiAlignAttrs,
  ): void;
  /** ROI_ALIGN_GRADIENT: dx is of the map's shape. The same bits everywhere. */
  roiAlignGradient(
    dy: Float32Array,
    boxes: Float32Array,
    pictures: Int32Array,
    dx: Float32Array,
    map: FeatureShape,
    attrs: RoiAlignAttrs,
  ): void;

  /** labels, logits and gradient are [rows, classes], loss [rows]. */
  softmaxCrossEntropy(
    logits: Float32Array,
    labels: Float32Array,
    loss: Float32Array,
    gradient: Float32Array,
  ): void;

  /** CLASS_CROSS_ENTROPY of the contract; every class is a column. */
  classCrossEntropy(
    logits: Float32Array,
    classes: Int32Array,
    loss: Float32Array,
    logPartition: Float32Array,
  ): void;
  classCrossEntropyGradient(
    dy: Float32Array,
    logits: Float32Array,
    classes: Int32Array,
    logPartition: Float32Array,
    dlogits: Float32Array,
  ): void;

  /** TWO_VALUES of the contract, shift of one entry or one for each of the last axis. Returns 1 where x or shift holds a NaN (y is then undefined). */
  twoValues(
    x: Float32Array,
    shift: Float32Array | undefined,
    y: Float32Array,
    low: number,
    high: number,
  ): 0 | 1;
  /** TWO_VALUES_GRADIENT; sums has three entries, dshift those of shift. */
  twoValuesGradient(
    dy: Float32Array,
    x: Float32Array,
    shift: Float32Array | undefined,
    dx: Float32Array,
    sums: Float32Array,
    dshift: Float32Array | undefined,
    attrs: TwoValuesGradientAttrs,
  ): void;

  sgdStep(
    parameter: Float32Array,
    gradient: Float32Array,
    velocity: Float32Array,
    newParameter: Float32Array,
    newVelocity: Float32Array,
    attrs: SgdStepAttrs,
  ): void;
  adamStep(
    parameter: Float32Array,
    gradient: Float32Array,
    first: Float32Array,
    second: Float32Array,
    newParameter: Float32Array,
    newFirst: Float32Array,
    newSecond: Float32Array,
    attrs: AdamStepAttrs,
  ): void;
  bopStep(
    parameter: Float32Array,
    gradient: Float32Array,
    momentum: Float32Array,
    newParameter: Float32Array,
    newMomentum: Float32Array,
    attrs: BopStepAttrs,
  ): void;

  unary(op: UnaryOp, x: Float32Array, y: Float32Array): void;
  /** y = min(max(x, low), high). */
  clip(x: Float32Array, y: Float32Array, low: number, high: number): void;
  /** y = min(max(a + b, low), high), without b of a alone; a NaN stays NaN. The bounds are rounded to float32. */
  addClip(
    a: Float32Array,
    b: Float32Array | undefined,
    y: Float32Array,
    low: number,
    high: number,
  ): void;
  /** dx = dy where low < y < high, else 0. */
  addClipGradient(
    dy: Float32Array,
    y: Float32Array,
    dx: Float32Array,
    low: number,
    high: number,
  ): void;
  binary(
    op: BinaryOp,
    a: Float32Array,
    b: Float32Array,
    y: Float32Array,
    layout: BinaryLayout,
  ): void;
  /** alpha per last axis (alpha.length = C) or scalar; y = x < 0 ? alpha x : x. */
  prelu(x: Float32Array, alpha: Float32Array, y: Float32Array): void;
  /** dx = x > 0 ? dy : alpha dy; dalpha = sum of dy x where not x > 0, for each entry of alpha, in float64. */
  preluGradient(
    dy: Float32Array,
    x: Float32Array,
    alpha: Float32Array,
    dx: Float32Array,
    dalpha: Float32Array,
  ): void;
  /** Sums of an [outer, reduced, inner] array over its middle axis, accumulated in float64. */
  sum(x: Float32Array, y: Float32Array, outer: number, reduced: number, inner: number): void;
  fill(y: Float32Array, value: number): void;

  /** Row i of y, `inner` entries, is row ids[i] of x. Every id is a row of x. */
  gather(x: Float32Array, ids: Int32Array, y: Float32Array, inner: number): void;
  /**
   * Row s of y, `inner` entries, is the sum of the rows i of x with ids[i] = s, added up in float32 in the order of i
   * from +0 (so every provider gives the same bits). Ids that are no row of y count nowhere.
   */
  segmentSum(x: Float32Array, ids: Int32Array, y: Float32Array, inner: number): void;
  /** y, dense of `sizes`, has at index [i, j, ..] the entry i steps[0] + j steps[1] + .. of x. At least one axis. */
  transpose(
    x: Float32Array,
    y: Float32Array,
    sizes: readonly number[],
    steps: readonly number[],
  ): void;
  /** Copies runs of x into y, where they do not overlap. Nothing else of y changes. */
  copyRuns(x: Float32Array, y: Float32Array, layout: RunLayout): void;
}

export type KernelName = keyof Kernels;

/** Operand types of the two backward products of a binary layer's branch. bfloat16 rounds what is no sign to 8 bits. */
export type Precision = 'float32' | 'bfloat16';

/** What may change while a provider lives, where it can be chosen at all. */
export interface ProviderSettings {
  readonly threads: number;
  readonly binaryGradients: Precision;
  readonly auxiliaryGradients: Precision;
  /** Whether products and sums are rounded once, where there is a choice. */
  readonly fusedMultiplyAdd: boolean;
}

export interface Provider {
  readonly name: 'reference' | 'wasm' | 'native';
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** The kernels that are this provider's own; the others run the reference on its heap, and reports say so. */
  readonly own: ReadonlySet<KernelName>;
  /** The instruction set whose kernels run, where there is a choice. */
  readonly isa?: string;
  /** Takes other settings from the next kernel on; absent: one thread and float32 are all there is. */
  configure?(settings: ProviderSettings): void | Promise<void>;
  /** Ends what runs beside the program: threads. The provider is not used afterwards. */
  close?(): void;
  /** Bytes that the provider holds beside its heap. */
  ownBytes?(): number;
}
