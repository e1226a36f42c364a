/** The plots of a comparison as SVG files: accuracy over epochs and over seconds, and the gains with their intervals. */
import type { ComparedRun, ComparisonTable } from '@surge-bnn/train';
import type { TopLevelSpec } from 'vega-lite';
import { evaluatedImages } from '../evaluated-images.js';
import { comparedMeasure } from '../measure.js';
import { renderSvg } from '../report/chart.js';
import { lightSeries } from '../report/palette.js';

/** The files by name. */
export async function comparisonPlots(table: ComparisonTable): Promise<Map<string, string>> {
  const plots = new Map<string, TopLevelSpec>([
    ['epochs.svg', curves(table, 'epoch', 'epoch')],
    ['seconds.svg', curves(table, 'seconds', 'seconds of training')],
  ]);
  if (table.gains.length > 0) plots.set('gains.svg', gainPlot(table));
  const drawn = await Promise.all(
    [...plots].map(async ([name, spec]) => [name, await renderSvg(spec)] as const),
  );
  return new Map(drawn);
}

const base = {
  $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
  background: 'white',
  config: { font: 'system-ui, sans-serif', legend: { orient: 'bottom' as const, columns: 4 } },
} as const;

/** Thin lines: single runs; the colour is the arm. */
function curves(table: ComparisonTable, x: 'epoch' | 'seconds', title: string): TopLevelSpec {
  const arms = table.rows.map(({ arm }) => arm);
  const values = table.rows.flatMap(({ arm, runs }) =>
    runs.flatMap((run: ComparedRun) =>
      run.curve.map((point) => ({ ...point, arm, run: `${arm}, seed ${run.seed}` })),
    ),
  );
  return {
    ...base,
    title: titleOf(table),
    description: `${comparedMeasure(table)} over ${title}`,
    data: { values },
    width: 460,
    height: 260,
    mark: { type: 'line', strokeWidth: 1.4, opacity: 0.8 },
    encoding: {
      x: { field: x, type: 'quantitative', title, scale: { nice: false } },
      y: {
        field: 'accuracy',
        type: 'quantitative',
        title: comparedMeasure(table),
        scale: { zero: false },
        axis: { format: '~%' },
      },
      color: { field: 'arm', type: 'nominal', scale: { domain: arms, range: colors(arms) } },
      detail: { field: 'run' },
    },
  };
}

/** Points: single pairs; the line is the interval, the tick the mean. */
function gainPlot(table: ComparisonTable): TopLevelSpec {
  const named = table.gains.map((gain) => ({ ...gain, row: `${gain.arm}: ${gain.measure}` }));
  const pairs = named.flatMap(({ row, gains }) =>
    gains.map(({ gain }) => ({ row, gain: 100 * gain })),
  );
  const means = named.map(({ row, mean, interval }) => ({
    row,
    mean: 100 * mean,
    low: 100 * (interval?.[0] ?? mean),
    high: 100 * (interval?.[1] ?? mean),
  }));
  const y = { field: 'row', type: 'nominal' as const, title: null, sort: null };
  return {
    ...base,
    title: titleOf(table),
    description: 'paired gains',
    width: 460,
    height: { step: 24 },
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: 'rule', color: '#999', strokeDash: [4, 3] },
        encoding: { x: { field: 'zero', type: 'quantitative' } },
      },
      {
        data: { values: means },
        mark: { type: 'rule', strokeWidth: 2, color: lightSeries[0] },
        encoding: {
          y,
          x: {
            field: 'low',
            type: 'quantitative',
            title: `paired gain in points of ${comparedMeasure(table)}`,
          },
          x2: { field: 'high' },
        },
      },
      {
        data: { values: means },
        mark: { type: 'tick', thickness: 3, color: lightSeries[0] },
        encoding: { y, x: { field: 'mean', type: 'quantitative' } },
      },
      {
        data: { values: pairs },
        mark: { type: 'point', size: 30, color: lightSeries[1] },
        encoding: { y, x: { field: 'gain', type: 'quantitative' } },
      },
    ],
  };
}

/** What the accuracies are of: a picture travels without its page. */
function titleOf({ rows }: ComparisonTable) {
  const [run] = rows.flatMap(({ runs }) => runs);
  const text = run === undefined ? '' : evaluatedImages(run.summary);
  return { text, anchor: 'start' as const, fontSize: 12, fontWeight: 'normal' as const };
}

function colors(arms: readonly string[]): string[] {
  return arms.map((_, i) => lightSeries[i % lightSeries.length]);
}
