/** The tables of a report, each as {title, head, rows}; as text for the terminal. The page prints the same. */
import { table } from '../lib/table.mjs';
import { figures, productFigures, profileFigures, shown, slower } from './figures.mjs';

const seconds = (value) => value.toFixed(value < 10 ? 3 : 1);
const whole = (value) => (value === undefined ? '-' : value.toFixed(0));
const ratio = (value) => (value === undefined ? '-' : value.toFixed(2));

/** All tables of the report. */
export function tables(report) {
  return [
    stepTable(report),
    ...slowerTable(report),
    ...profileTables(report),
    ...productTable(report),
    ...oneDnnTable(report),
  ];
}

export function stepTable(report) {
  return {
    title: `Seconds a training step, batch ${report.options.batch}`,
    head: [
      'network',
      'method',
      'engine',
      'threads',
      's/step',
      'min - max',
      'batch',
      'steps',
      'GFLOP/s',
      '1-bit G/s',
      'MB',
      'heap MB',
      '/ PyTorch',
      '/ textbook',
    ],
    rows: shown(report).map((record) => {
      const f = figures(record, report);
      return [
        record.network,
        record.method,
        record.label,
        String(record.threads),
        `${f.scaled ? '*' : ''}${seconds(f.seconds)}`,
        `${seconds(f.min)} - ${seconds(f.max)}`,
        String(record.batch),
        `${record.seconds.length}${record.disturbed > 0 ? '!' : ''}`,
        whole(f.gflops),
        whole(f.bitGmacs),
        whole(f.process),
        whole(f.heap),
        ratio(f.ratios.hand),
        ratio(f.ratios.textbook),
      ];
    }),
  };
}

function slowerTable(report) {
  const rows = slower(report).map((record) => [
    record.network,
    record.method,
    record.label,
    seconds(record.median),
    record.slowerThan,
  ]);
  if (rows.length === 0) return [];
  const head = ['network', 'method', 'engine', 's/step', 'slower than'];
  return [{ title: 'Left out after the first round', head, rows }];
}

function profileTables(report) {
  const profiled = shown(report).filter((record) => record.profile !== undefined);
  if (profiled.every(({ profile }) => profile.kernels.length === 0)) return [];
  const measured = profiled
    .filter(({ profile }) => profile.kernels.length > 0)
    .map((record) => ({ record, f: profileFigures(record, report) }));
  const name = (record) => [record.network, record.method, record.label];
  const split = {
    title: 'Where the time goes, ms a step',
    head: ['network', 'method', 'engine', 'convolution', 'other kernels', 'no kernel', 'bits G/s'],
    rows: measured.map(({ record, f }) => [
      ...name(record),
      whole(f.convolution),
      whole(f.others),
      whole(f.outside),
      whole(f.bitSpeed),
    ]),
  };
  const slowest = {
    title: 'The slowest kernels, ms a step',
    head: ['network', 'method', 'engine', 'kernel', 'calls', 'ms'],
    rows: measured.flatMap(({ record, f }) =>
      f.slowest.map(({ kernel, count, milliseconds }) => [
        ...name(record),
        kernel,
        whole(count),
        milliseconds.toFixed(1),
      ]),
    ),
  };
  const parts = {
    title: 'Inside SurgeSignConv2DGradient, ms a step',
    head: ['network', 'method', 'engine', 'part', 'calls', 'ms'],
    rows: measured.flatMap(({ record }) =>
      (record.profile.parts ?? []).map(({ part, count, milliseconds }) => [
        ...name(record),
        part,
        whole(count),
        milliseconds.toFixed(1),
      ]),
    ),
  };
  return [split, slowest, ...(parts.rows.length > 0 ? [parts] : [])];
}

function productTable(report) {
  const rows = shown(report)
    .filter(({ profile }) => profile !== undefined)
    .map((record) => ({ record, f: productFigures(record, report) }))
    .filter(({ f }) => f !== undefined)
    .map(({ record, f }) => [
      record.network,
      record.method,
      record.label,
      f.products.toFixed(1),
      f.alone === undefined ? '-' : f.alone.toFixed(1),
      ratio(f.alone && f.products / f.alone),
      f.signs.toFixed(1),
      f.rest.toFixed(1),
    ]);
  if (rows.length === 0) return [];
  return [
    {
      title: 'Float convolutions beside oneDNN alone, ms a step',
      head: ['network', 'method', 'engine', 'ours', 'alone', 'ours / alone', 'bits', 'all else'],
      rows,
    },
  ];
}

/** oneDNN's own speed: a row for each convolution and product, two columns for each number of threads. */
function oneDnnTable({ onednn, convolutions }) {
  if (onednn?.rows === undefined) return [];
  const threadCounts = [...new Set(onednn.rows.map(({ threads }) => threads))];
  const layouts = ['any', 'nhwc'];
  const rows = new Map();
  for (const { convolution, product } of onednn.rows) {
    rows.set(`${convolution} ${product}`, { convolution, product });
  }
  const speed = (convolution, product, threads, layout) =>
    onednn.rows.find(
      (row) =>
        String(row.convolution) === String(convolution) &&
        row.product === product &&
        row.threads === threads &&
        row.layout === layout,
    )?.gflops;
  const columns = threadCounts.flatMap((threads) => layouts.map((layout) => ({ threads, layout })));
  return [
    {
      title: `oneDNN ${onednn.oneDnn} alone, GFLOP/s`,
      head: [
        'convolution',
        'network',
        'product',
        ...columns.map(
          ({ threads, layout }) => `${layout}, ${threads} thread${threads > 1 ? 's' : ''}`,
        ),
      ],
      rows: [...rows.values()].map(({ convolution, product }) => [
        shapeText(convolution),
        Object.keys(convolutions)
          .filter((name) =>
            convolutions[name].some((c) => String(c.numbers) === String(convolution)),
          )
          .join(', '),
        product,
        ...columns.map(({ threads, layout }) =>
          whole(speed(convolution, product, threads, layout)),
        ),
      ]),
    },
  ];
}

/** The numbers that peers/onednn_shapes.cc reads, for a reader. */
function shapeText([, height, width, channels, , , filters, filterHeight, filterWidth, stride]) {
  return `${height}x${width}x${channels}, ${filters} of ${filterHeight}x${filterWidth}${stride > 1 ? ` / ${stride}` : ''}`;
}

/** What the columns mean, for terminal and page. */
export const legend = [
  's/step: median. / PyTorch: ours as a share of PyTorch on two threads, same method; for surge its hand-written backward, / textbook: f_b - f_a.detach() + f_a.',
  'GFLOP/s: float work of the convolutions over the whole step (products behind the stem: fp 3; ste 2 and surge 4 where the forward counts bits, in PyTorch and TF.js one more, textbook 6).',
  '1-bit G/s: the one-bit multiply-adds of the forward over the same time. MB: largest resident size of the process; heap MB: of the tensors in our engine.',
  'ours: the float products of all convolutions in a step, with what stands between them and their primitives. alone: the same products as oneDNN primitives and nothing else, each in the faster of two layouts (any: the one it likes best; nhwc). bits: the forward by XOR and popcount. all else: the rest of the step.',
  '*: measured with a smaller batch and scaled. !: other processes took part of the machine in some steps, repeated in vain.',
];

export function machineLines({ machine, loadAfter, records }) {
  const { cpu, cores, isa, native, memoryBytes, node, platform, date, loadBefore } = machine;
  const nativeIsa = records.find((record) => record.isa !== undefined)?.isa ?? native?.isa;
  const build = records.find((record) => record.build !== undefined)?.build;
  return [
    `${cpu}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GB, ${platform}, ${isa.join(' ') || 'instruction sets unknown'}`,
    `Node ${node}, ${date}, load average ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`,
    ...(native?.oneDnn === undefined
      ? []
      : [`surge-native: kernels for ${nativeIsa}, oneDNN ${native.oneDnn}`]),
    ...(build === undefined
      ? []
      : [
          `PyTorch ${build.torch}: ${[...build.config, ...build.blas].join(', ')}; ${build.threads} threads; malloc ${build.mallocKeepsBlocks ? 'keeps large blocks' : 'as it is'}`,
        ]),
  ];
}

/** The whole report for a terminal. */
export function text(report) {
  const parts = tables(report).map(({ title, head, rows }) => `${title}\n${table(head, rows)}`);
  return [...machineLines(report), '', parts.join('\n\n'), '', ...legend].join('\n');
}
