/** What the demo prints when its runs are done: curves, results, and what each binary layer measured. */
import type { LayerMetrics } from '@surge-bnn/train';
import { formatFates, sizeLines } from '../model-file/tables.js';
import { isCompensated, lastLayers } from '../report/model.js';
import type { FreshRun, Report, ReportRun, Shipped } from '../report/model.js';
import { count, figures, isNumber, missing, percent } from '../terminal/format.js';
import { formatTable, sparkline } from '../terminal/table.js';

export function formatReport(report: Report): string {
  const parts = [curves(report), results(report), layers(report), checks(report)];
  if (report.shipped !== undefined) parts.push(shipping(report.shipped));
  return parts.join('\n\n');
}

/** One line per epoch with every run's accuracy and loss, and each curve as a picture of text. */
function curves({ runs }: Report): string {
  const last = Math.max(0, ...runs.flatMap((run) => run.epochs.map((e) => e.epoch)));
  const epochs = Array.from({ length: last }, (_, i) => i + 1);
  const at = (run: ReportRun, epoch: number) => run.epochs.find((e) => e.epoch === epoch);
  const table = formatTable<number>(
    [
      { title: 'epoch', value: String },
      ...runs.flatMap((run) => [
        { title: run.label, value: (e: number) => percent(at(run, e)?.testAccuracy) },
        { title: 'loss', value: (e: number) => figures(at(run, e)?.trainLoss) },
      ]),
    ],
    epochs,
  );
  const accuracies = runs.map((run) => epochs.map((e) => at(run, e)?.testAccuracy));
  const known = accuracies.flat().filter(isNumber);
  const range = [Math.min(...known), Math.max(...known)] as const;
  const width = Math.max(...runs.map((run) => run.label.length));
  const pictures = runs.map(
    (run, i) => `${run.label.padEnd(width)}  ${sparkline(accuracies[i], 60, range)}`,
  );
  const scale = `from ${percent(range[0])} (▁) to ${percent(range[1])} (█)`;
  return [
    'Test accuracy and training loss, epoch by epoch',
    '',
    table,
    '',
    ...pictures,
    scale,
  ].join('\n');
}

function results({ runs }: Report): string {
  const table = formatTable<ReportRun>(
    [
      { title: 'run', value: (run) => run.label, align: 'left' },
      { title: 'last', value: (run) => percent(run.summary.last?.accuracy) },
      { title: 'best', value: (run) => percent(run.summary.best?.accuracy) },
      { title: 'in epoch', value: (run) => String(run.summary.best?.epoch ?? missing) },
      { title: 'seconds', value: (run) => run.summary.seconds.toFixed(1) },
      { title: 'seed', value: (run) => String(run.summary.seed) },
    ],
    runs,
  );
  return `Results\n\n${table}`;
}

interface LayerRow {
  readonly run: ReportRun;
  readonly layer: LayerMetrics;
}

/** Averages over the last epoch; λ and cosine only where there was a second path. */
function layers({ runs }: Report): string {
  const rows = runs.flatMap((run) => lastLayers(run).map((layer): LayerRow => ({ run, layer })));
  const compensated = (row: LayerRow, text: string): string =>
    isCompensated(row.run) ? text : missing;
  const table = formatTable<LayerRow>(
    [
      { title: 'run', value: (row) => row.run.label, align: 'left' },
      { title: 'layer', value: (row) => row.layer.name, align: 'left' },
      { title: 'lam', value: (row) => compensated(row, figures(row.layer.lambda)) },
      { title: 'cosine', value: (row) => compensated(row, figures(row.layer.cosine, 3)) },
      { title: 'clipped', value: (row) => percent(row.layer.clipped, 1) },
      { title: 'flipped', value: (row) => percent(row.layer.flipped) },
      { title: 'dead filters', value: (row) => `${row.layer.deadFilters}/${row.layer.filters}` },
    ],
    rows,
  );
  return `Inside the binary layers, averages over the last epoch\n\n${table}`;
}

/** That the network is binary: its share of binary multiply-adds, and what is left without its weights. */
function checks({ cost, proofs = [] }: Report): string {
  const lines = ['Is it really binary?', ''];
  if (cost) {
    lines.push(`${percent(cost.total.binaryShare)} of the multiply-adds take one-bit operands`);
  }
  for (const { label, accuracy, shuffledAccuracy } of proofs) {
    lines.push(
      `${label}: accuracy ${percent(accuracy)}, with the binary weights of each layer shuffled ${percent(shuffledAccuracy)}`,
    );
  }
  return lines.join('\n');
}

/** What the network became, how small, and that it is the same. */
function shipping(shipped: Shipped): string {
  const { label, file, layers: fates, floatBytes, size, fresh } = shipped;
  return [
    `Shipped as bits: ${label} in ${file}`,
    '',
    formatFates(fates),
    '',
    ...sizeLines({ floatBytes, size }),
    ...freshLines(fresh),
  ].join('\n');
}

function freshLines(fresh: FreshRun): string[] {
  const { images, equalOutputs, equalPredictions, accuracy, milliseconds } = fresh;
  return [
    `in a fresh process   ${count(equalPredictions)} of ${count(images)} predictions equal, the outputs of ${count(equalOutputs)} bit for bit; accuracy ${percent(accuracy)}`,
    `one digit            ${milliseconds.toFixed(2)} ms packed, on Node ${fresh.node}; the trained network in float32 on ${fresh.trainedOn}: ${fresh.trainedMilliseconds.toFixed(2)} ms`,
  ];
}
