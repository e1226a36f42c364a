/**
 * What the compiled kernels for texts export: rows of an embedding, layer norm, GELU, dropout, the softmax of attention, the loss over a vocabulary. Written as
 * kernel-exports.ts is.
 */
type p = number;

export interface TextExports {
  gather(x: p, ids: p, y: p, count: number, inner: number): void;
  segmentSum(
    x: p,
    ids: p,
    y: p,
    count: number,
    segments: number,
    inner: number,
    columns: number,
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
    rows: number,
    channels: number,
    work: p,
  ): void;
  gelu(x: p, y: p, count: number): void;
  geluGradient(dy: p, x: p, dx: p, count: number): void;
  dropout(
    x: p,
    y: p,
    first: number,
    count: number,
    start: number,
    least: number,
    kept: number,
  ): void;
  attentionSoftmax(
    x: p,
    bias: p,
    y: p,
    first: number,
    rowsPerText: number,
    rows: number,
    keys: number,
    scale: number,
  ): void;
  attentionSoftmaxGradient(dy: p, y: p, dx: p, rows: number, keys: number, scale: number): void;
  classCrossEntropy(
    logits: p,
    classes: p,
    loss: p,
    logPartition: p,
    rows: number,
    columns: number,
  ): void;
  classCrossEntropyGradient(
    dy: p,
    logits: p,
    classes: p,
    logPartition: p,
    dlogits: p,
    rows: number,
    columns: number,
  ): void;
}
