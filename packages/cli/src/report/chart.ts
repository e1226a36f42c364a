/**
 * Line charts as SVG text, by Vega-Lite without a browser. Text and colours are CSS variables of the
 * page; values that are missing or not finite break the line instead of bending it.
 */
import type { TopLevelSpec } from 'vega-lite';
import { isNumber, type Maybe } from '../terminal/format.js';
import { Html } from './html.js';
import { seriesColors, seriesDashes, seriesShapes } from './palette.js';

export interface Series {
  readonly name: string;
  /** One value per epoch, the first at epoch `from`. */
  readonly values: readonly Maybe[];
}

export interface ChartOptions {
  readonly title: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Epoch of the first value of every series. Default 1. */
  readonly from?: number;
  /** Default 'linear'; a logarithmic axis shows positive values only. */
  readonly scale?: 'linear' | 'log';
  /** Ends of the y axis; default: what the values need. */
  readonly range?: readonly [number, number];
  /** d3 format of the y axis, e.g. '.0%'. */
  readonly format?: string;
  /** A title over the legend: what the series are. */
  readonly legend?: string;
  readonly width?: number;
  readonly height?: number;
}

interface Point {
  readonly epoch: number;
  readonly series: string;
  readonly value: number | null;
}

/** The chart as an SVG element. With no finite value at all: a line that says so. */
export async function lineChart(options: ChartOptions): Promise<Html> {
  const points = pointsOf(options);
  if (!points.some((point) => point.value !== null)) {
    return new Html('<p class="empty">nothing was measured</p>');
  }
  return new Html(responsive(await renderSvg(specification(options, points))));
}

/** Any Vega-Lite plot as SVG text. */
export async function renderSvg(plot: TopLevelSpec): Promise<string> {
  const [vega, lite] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new vega.View(vega.parse(lite.compile(plot).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function pointsOf({ series, from = 1, scale }: ChartOptions): Point[] {
  return series.flatMap(({ name, values }) =>
    values.map((value, i) => {
      const shown = isNumber(value) && (scale !== 'log' || value > 0);
      return { epoch: from + i, series: name, value: shown ? value : null };
    }),
  );
}

function specification(options: ChartOptions, points: readonly Point[]): TopLevelSpec {
  const names = options.series.map((one) => one.name);
  const pick = <T>(from: readonly T[]): T[] => names.map((_, i) => from[i % from.length]);
  const byDash = names.map((_, i) => {
    const round = Math.floor(i / seriesColors.length);
    return [...seriesDashes[round % seriesDashes.length]];
  });
  // One legend for colour, dash and shape: the three share their field, order and title.
  const legend = names.length > 1 ? { title: options.legend ?? null } : null;
  const range = options.range;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    description: options.title,
    data: { values: points.map((point) => ({ ...point })) },
    width: options.width ?? 400,
    height: options.height ?? 220,
    mark: { type: 'line', point: { size: 22, filled: true }, strokeWidth: 1.75 },
    encoding: {
      x: {
        field: 'epoch',
        type: 'quantitative',
        title: 'epoch',
        scale: { nice: false, zero: false },
        axis: { ...epochTicks(points), format: 'd', grid: false },
      },
      y: {
        field: 'value',
        type: 'quantitative',
        title: options.y,
        scale: {
          ...(options.scale === 'log'
            ? { type: 'log', nice: false }
            : { type: 'linear', zero: false }),
          ...(range ? { domain: [...range], clamp: true } : {}),
        },
        axis: { format: options.format ?? '~g', tickCount: 6 },
      },
      color: {
        field: 'series',
        type: 'nominal',
        scale: { domain: names, range: pick(seriesColors) },
        legend,
      },
      strokeDash: {
        field: 'series',
        type: 'nominal',
        scale: { domain: names, range: byDash },
        legend,
      },
      shape: {
        field: 'series',
        type: 'nominal',
        scale: { domain: names, range: pick(seriesShapes) },
        legend,
      },
    },
    config: {
      background: 'transparent',
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: 'var(--muted)',
        titleColor: 'var(--text)',
        titleFontWeight: 500,
        labelFontSize: 11,
        titleFontSize: 12,
        domainColor: 'var(--line)',
        tickColor: 'var(--line)',
        gridColor: 'var(--grid)',
      },
      legend: {
        labelColor: 'var(--text)',
        titleColor: 'var(--text)',
        titleFontWeight: 500,
        labelFontSize: 12,
        orient: 'bottom',
        columns: 4,
        symbolStrokeWidth: 2,
      },
    },
  };
}

/** Whole epochs only: each of them while they fit, then what Vega finds round. */
function epochTicks(points: readonly Point[]): { values: number[] } | { tickMinStep: number } {
  const epochs = [...new Set(points.map((point) => point.epoch))];
  return epochs.length <= 15 ? { values: epochs } : { tickMinStep: 1 };
}

/** Lets the page decide the width; the viewBox keeps the proportions. */
function responsive(svg: string): string {
  return svg.replace(/^<svg ([^>]*?)\bwidth="(\d+)" height="\d+"/, '<svg $1style="max-width:$2px"');
}
