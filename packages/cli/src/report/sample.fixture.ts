/** A made-up pair of runs for tests of the report; not a measurement of anything. */
import type { EpochMetrics, LayerMetrics, RunSummary } from '@surge-bnn/train';
import type { Recipe } from '@surge-bnn/train';
import type { Report, ReportRun, Shipped } from './model.js';

export function sampleReport(epochs = 3, layers = ['binary1', 'binary2']): Report {
  return {
    title: 'A <test> & its report',
    lead: 'Two runs that nobody trained.',
    runs: [
      sampleRun('STE', 'none', epochs, layers),
      sampleRun('SURGE "a"', 'surge', epochs, layers),
    ],
  };
}

export function sampleShipped(): Shipped {
  const edges = {
    x: { name: 'x', type: 'f32', shape: [9] },
    bits: { name: 'a<b>/sign', type: 'bits', shape: [9] },
    sums: { name: 'a<b>', type: 'i32', shape: [16] },
  } as const;
  const layer = 'a<b>';
  return {
    label: 'SURGE',
    file: 'surge/model.bnn',
    layers: [
      { layer: 'flatten', kind: 'Flatten', nodes: [], bytes: 0 },
      {
        layer: 'a<b>',
        kind: 'BinaryDense',
        nodes: [
          {
            name: edges.bits.name,
            op: 'sign',
            kernel: 'sign to bits',
            layers: [layer],
            inputs: [edges.x],
            output: edges.bits,
            bytes: 0,
          },
          {
            name: layer,
            op: 'binaryDense',
            kernel: 'xor-popcount dense',
            kind: '1w/1a',
            layers: [layer],
            inputs: [edges.bits],
            output: edges.sums,
            bytes: 32,
          },
        ],
        bytes: 32,
        remark: 'a "remark"',
      },
    ],
    size: { header: 1000, payload: 32, total: 1032 },
    floatBytes: 4128,
    agreement: {
      inputs: 80,
      inputsAre: '80 test images of sample',
      equalOutputs: 80,
      equalPredictions: 80,
      largestDifference: 0,
    },
    fresh: {
      images: 80,
      equalOutputs: 80,
      equalPredictions: 80,
      accuracy: 0.975,
      milliseconds: 0.251,
      trainedMilliseconds: 1.5,
      trainedOn: 'surge-wasm with 1 thread',
      node: 'v20.0.0',
    },
  };
}

export function sampleRun(
  label: string,
  compensator: 'none' | 'surge',
  epochs: number,
  layers: readonly string[],
): ReportRun {
  const lines = Array.from({ length: epochs }, (_, i) => epoch(i + 1, compensator, layers));
  return {
    label,
    folder: label.toLowerCase().replaceAll(/[^a-z]+/g, '-'),
    recipe: { name: 'sample', seed: 1, compensator } as Recipe,
    summary: summary(compensator, epochs, lines.at(-1)?.testAccuracy ?? 0),
    epochs: lines,
  };
}

function epoch(
  number: number,
  compensator: 'none' | 'surge',
  layers: readonly string[],
): EpochMetrics {
  const loss = 2 / number + (compensator === 'surge' ? 0 : 0.1);
  return {
    epoch: number,
    step: number * 100,
    learningRate: 0.01,
    trainLoss: loss,
    trainAccuracy: 1 - loss / 4,
    testLoss: loss * 1.1,
    testAccuracy: 1 - loss / 3,
    layers: layers.map((name, depth) => layer(name, depth, number, compensator)),
  };
}

function layer(
  name: string,
  depth: number,
  number: number,
  compensator: 'none' | 'surge',
): LayerMetrics {
  const on = compensator === 'surge';
  return {
    name,
    lambda: on ? 0.1 / (depth + 1) / number : 0,
    cosine: on ? 0.5 - 0.1 * depth : 0,
    normB: 0.01 * (depth + 1),
    normA: on ? 0.02 * (depth + 1) : 0,
    clipped: 0.2 + 0.05 * depth,
    flipped: 0.1 / number,
    deadFilters: depth,
    filters: 32,
    skipped: 0,
  };
}

function summary(compensator: 'none' | 'surge', epochs: number, accuracy: number): RunSummary {
  const last = { accuracy, loss: 0.3, epoch: epochs };
  return {
    status: 'finished',
    name: 'sample',
    seed: 1,
    binarizer: 'ste',
    compensator,
    epochs,
    epochsDone: epochs,
    steps: epochs * 100,
    last,
    best: last,
    evaluationImages: 2000,
    evaluatedOn: 'test',
    seconds: 61.2,
    engine: { backend: 'surge-wasm', threads: 1 },
    cpu: 'a processor',
    node: 'v20.0.0',
    hashes: { weights: 'abc', initialWeights: 'def', config: 'ghi', data: 'jkl' },
  };
}
