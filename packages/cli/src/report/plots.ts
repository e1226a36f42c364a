/** The report's plots: which numbers of which runs go on which axes, and how to read each. */
import type { LayerMetrics } from '@surge-bnn/train';
import { measuresOf } from '../measure.js';
import type { Maybe } from '../terminal/format.js';
import { lineChart, type ChartOptions, type Series } from './chart.js';
import { html, type Html } from './html.js';
import { isCompensated, type Report, type ReportRun } from './model.js';

/** A measurement per layer and epoch: one plot for every run that has it. */
interface LayerMeasure {
  readonly title: string;
  readonly y: string;
  readonly caption: string;
  readonly value: (layer: LayerMetrics) => Maybe;
  /** Measured only where a compensator was at work. */
  readonly compensatedOnly: boolean;
  readonly scale?: 'log';
  readonly format?: string;
}

const layerMeasures: readonly LayerMeasure[] = [
  {
    title: 'Weight of the second path',
    y: 'λ (mean over the epoch)',
    caption: 'λ = η |g_b| / |g_a|: what the auxiliary gradient is multiplied by (AGS).',
    value: (layer) => layer.lambda,
    compensatedOnly: true,
    scale: 'log',
  },
  {
    title: 'Agreement of the two paths',
    y: 'cos(g_b, g_a)',
    caption:
      '1: the second path points where the surrogate gradient points and changes its length alone; 0: it brings a direction of its own.',
    value: (layer) => layer.cosine,
    compensatedOnly: true,
  },
  {
    title: 'Clipped inputs',
    y: 'share of the inputs',
    caption:
      'Inputs beyond the surrogate’s window: the binary path sends no gradient through them.',
    value: (layer) => layer.clipped,
    compensatedOnly: false,
    format: '.0%',
  },
  {
    title: 'Flipped weights',
    y: 'share of the weights',
    caption:
      'Signs that changed during the epoch. A binary weight learns by changing its sign; where this ends, the layer stands still.',
    value: (layer) => layer.flipped,
    compensatedOnly: false,
    format: '~%',
  },
  {
    title: 'Gradient of the binary path',
    y: '|g_b|',
    caption: 'L2 norm at the layer’s input, mean over the epoch.',
    value: (layer) => layer.normB,
    compensatedOnly: false,
    scale: 'log',
  },
  {
    title: 'Gradient of the auxiliary path',
    y: '|g_a|',
    caption: 'L2 norm before λ is applied.',
    value: (layer) => layer.normA,
    compensatedOnly: true,
    scale: 'log',
  },
];

/** Accuracy and loss of all runs on common axes. */
export async function curvePlots(report: Report): Promise<Html> {
  const from = firstEpoch(report);
  const curve = (value: (run: ReportRun) => Maybe[]): Series[] =>
    report.runs.map((run) => ({ name: run.label, values: value(run) }));
  const held = report.runs[0]?.summary.evaluatedOn === 'held-out training images';
  const title = report.runs[0]?.summary.dataTitle;
  const where =
    (held ? 'held-out training images' : 'the test images') +
    (title === undefined ? '' : ` of ${title}`);
  const measure = measuresOf(report.runs.map(({ summary }) => summary));
  const plots: [ChartOptions, string][] = [
    [
      {
        title: `${capital(measure)} on ${where}`,
        y: measure,
        from,
        format: '~%',
        series: [
          ...curve((run) => run.epochs.map((e) => e.testAccuracy)),
          ...averagedCurves(report),
        ],
      },
      'All evaluation images, after each epoch.',
    ],
    [
      {
        title: 'Accuracy in training',
        y: 'accuracy',
        from,
        format: '~%',
        series: curve((run) => run.epochs.map((e) => e.trainAccuracy)),
      },
      'Mean over the epoch’s batches as they came, augmentation included.',
    ],
    [
      {
        title: `Loss on ${where}`,
        y: 'cross-entropy',
        from,
        scale: 'log',
        series: curve((run) => run.epochs.map((e) => e.testLoss)),
      },
      'Logarithmic axis.',
    ],
    [
      {
        title: 'Loss in training',
        y: 'loss',
        from,
        scale: 'log',
        series: curve((run) => run.epochs.map((e) => e.trainLoss)),
      },
      'Logarithmic axis.',
    ],
  ];
  // A detector has no accuracy in training, and no loss in evaluation.
  const shown = plots.filter(([{ series }]) =>
    series.some(({ values }) => values.some((value) => value !== undefined)),
  );
  return grid(await Promise.all(shown.map(([options, caption]) => figure(options, caption))));
}

function capital(text: string): string {
  return text === 'accuracy' ? 'Accuracy' : text;
}

/** The averaged weights of the runs that have some. */
function averagedCurves(report: Report): Series[] {
  return report.runs
    .filter((run) => run.epochs.some((e) => e.averagedAccuracy !== undefined))
    .map((run) => ({
      name: `${run.label}, averaged weights`,
      values: run.epochs.map((e) => e.averagedAccuracy),
    }));
}

/** What each binary layer measured, one plot per measure and run; runs share the y axis. */
export async function layerPlots(report: Report): Promise<Html> {
  const figures: Html[] = [];
  for (const measure of layerMeasures) {
    const runs = report.runs.filter((run) => isCompensated(run) || !measure.compensatedOnly);
    const plots = runs.map((run) => ({ run, series: layerSeries(run, measure.value) }));
    const range = commonRange(
      plots.flatMap(({ series }) => series),
      measure.scale,
    );
    for (const { run, series } of plots) {
      const options: ChartOptions = {
        title: `${measure.title}, ${run.label}`,
        y: measure.y,
        from: run.epochs[0]?.epoch,
        series,
        range,
        scale: measure.scale,
        format: measure.format,
      };
      figures.push(await figure(options, measure.caption));
    }
  }
  return grid(figures);
}

/** One series per layer; an epoch that did not measure the layer leaves a gap. */
export function layerSeries(run: ReportRun, value: LayerMeasure['value']): Series[] {
  const names = [...new Set(run.epochs.flatMap((e) => e.layers.map((layer) => layer.name)))];
  return names.map((name) => ({
    name,
    values: run.epochs.map((epoch) => {
      const layer = epoch.layers.find((one) => one.name === name);
      return layer && value(layer);
    }),
  }));
}

/** The same y axis for runs that stand side by side; undefined when nothing is finite. */
function commonRange(
  series: readonly Series[],
  scale: 'log' | undefined,
): readonly [number, number] | undefined {
  const values = series
    .flatMap((one) => one.values)
    .filter((v): v is number => typeof v === 'number' && Number.isFinite(v))
    .filter((v) => scale !== 'log' || v > 0);
  if (values.length === 0) return undefined;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (scale === 'log') return [low / 1.15, high * 1.15];
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.05;
  // Shares do not go below 0, so their axis should not either.
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}

async function figure(options: ChartOptions, caption: string): Promise<Html> {
  const chart = await lineChart(options);
  return html`<figure>
    <h3>${options.title}</h3>
    ${chart}
    <figcaption>${caption}</figcaption>
  </figure>`;
}

function grid(figures: readonly Html[]): Html {
  return html`<div class="plots">${figures}</div>`;
}

function firstEpoch(report: Report): number {
  return Math.min(...report.runs.map((run) => run.epochs[0]?.epoch ?? 1), Infinity);
}
