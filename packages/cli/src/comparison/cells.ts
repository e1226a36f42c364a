/** The cells of a comparison's tables, the same on a terminal and in markdown. */
import type {
  ComparisonRow,
  ComparisonTable,
  PairedGain,
  Spread,
  TunedArm,
} from '@surge-bnn/train';
import { evaluatedImages } from '../evaluated-images.js';
import { comparedMeasure } from '../measure.js';
import { duration, percent, points } from '../terminal/format.js';
import type { Column } from '../terminal/table.js';

/** A table with its heading. */
export interface Part {
  readonly heading: string;
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const rowColumns: readonly Column<ComparisonRow>[] = [
  { title: 'arm', value: (row) => row.arm, align: 'left' },
  { title: 'last', value: (row) => spread(row.last) },
  { title: 'best', value: (row) => spread(row.best) },
  { title: 'training time', value: (row) => duration(row.seconds.mean) },
  { title: 'clipped', value: (row) => percent(row.clipped.mean, 1) },
  { title: 'n', value: (row) => String(row.runs.length) },
];

const gainColumns: readonly Column<PairedGain>[] = [
  { title: 'arm', value: (gain) => gain.arm, align: 'left' },
  { title: 'over', value: (gain) => gain.baseline, align: 'left' },
  { title: 'measure', value: (gain) => gain.measure, align: 'left' },
  { title: 'gain', value: (gain) => points(gain.mean) },
  { title: '95 % interval', value: interval },
  { title: 'n', value: (gain) => String(gain.gains.length) },
  { title: 'by seed', value: (gain) => gain.gains.map((g) => points(g.gain)).join(' ') },
];

type Tried = TunedArm['tried'][number] & { readonly arm: string; readonly chosen: boolean };

const triedColumns: readonly Column<Tried>[] = [
  { title: 'arm', value: (tried) => tried.arm, align: 'left' },
  { title: 'tried', value: (tried) => values(tried.set), align: 'left' },
  { title: 'held-out', value: (tried) => percent(tried.mean) },
  { title: 'by seed', value: (tried) => tried.accuracies.map((a) => percent(a)).join(' ') },
  { title: '', value: (tried) => (tried.chosen ? 'chosen' : '') },
];

/** What was tried, the accuracies, the gains: those of them that there are. */
export function partsOf(table: ComparisonTable): Part[] {
  const { tuning, rows, gains, seeds } = table;
  const tried = (tuning?.arms ?? []).flatMap(({ arm, tried: all, chosen }) =>
    all.map((one, i) => ({ ...one, arm, chosen: i === chosen })),
  );
  const share = percent(tuning?.holdOut, 0);
  const [run] = rows.flatMap(({ runs }) => runs);
  const measure = comparedMeasure(table);
  const on = run === undefined ? '' : ` on ${evaluatedImages(run.summary)}`;
  const of = `mean ± standard deviation over the seeds ${seeds.join(', ')}`;
  return [
    part(`tuning, ${measure} on ${share} of the training images, held out`, triedColumns, tried),
    part(`${measure} in %${on}, ${of}; clipped: of the last epoch`, rowColumns, rows),
    part(
      `paired gain in points of ${measure}, with Student’s interval over n pairs`,
      gainColumns,
      gains,
    ),
  ].filter((one) => one.rows.length > 0);
}

function part<Row>(heading: string, columns: readonly Column<Row>[], rows: readonly Row[]): Part {
  return {
    heading,
    titles: columns.map(({ title }) => title),
    rows: rows.map((row) => columns.map(({ value }) => value(row))),
  };
}

/** {"optimizer.learningRate": 0.1} as "optimizer.learningRate=0.1". */
export function values(set: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(set).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return pairs.length === 0 ? 'the recipe as it is' : pairs.join(' ');
}

function spread({ mean, deviation, count }: Spread): string {
  return count > 1 ? `${percent(mean)} ± ${(100 * deviation).toFixed(2)}` : percent(mean);
}

function interval({ interval: ends }: PairedGain): string {
  return ends ? `${points(ends[0])} .. ${points(ends[1])}` : 'needs two seeds';
}
