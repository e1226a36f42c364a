/** The tables of bench:infer, on a terminal and as docs/inference.md: pure functions of what was measured. */
import { table } from '../lib/table.mjs';
import { yardsticks } from './contenders.mjs';
import { layersOf, missingOf, rowsOf } from './figures.mjs';

const columns = (report) => [
  ['', ({ label, kind, disturbed }) => `${label}, ${kind}${disturbed ? ' *' : ''}`],
  ['ms', ({ milliseconds }) => figures(milliseconds)],
  ...yardsticks.map((name, i) => [`times ${name}`, ({ faster }) => fixed(faster[i], 2)]),
  ...(report.options.batches.length > 1
    ? [['pictures/s', ({ picturesPerSecond }) => figures(picturesPerSecond)]]
    : []),
  ['file, kB', ({ fileBytes }) => (fileBytes / 1000).toFixed(0)],
  ['first load, ms', ({ first }) => fixed(first, 1)],
  ['again, ms', ({ again }) => fixed(again, 1)],
];

const fixed = (value, digits) => (value === undefined ? '' : value.toFixed(digits));
/** Three figures at least. */
const figures = (value) =>
  value === undefined ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

function cells(report, network) {
  return rowsOf(report, network).map((row) => columns(report).map(([, cell]) => cell(row)));
}

const stageHead = ['stage', 'kernel', 'ms', 'M multiply-adds', 'G/s', 'of the bare loop'];

function stageCells({ name, kernel, milliseconds, products, perSecond, share }) {
  return [
    name,
    kernel,
    milliseconds.toFixed(3),
    products > 0 ? (products / 1e6).toFixed(1) : '',
    perSecond === undefined ? '' : figures(perSecond / 1e9),
    share === undefined ? '' : `${(100 * share).toFixed(0)} %`,
  ];
}

/** One table for each contender with a profile: what it is, and its rows. */
function stageTables(report, network) {
  return layersOf(report, network).map(({ label, rows }) => ({
    title: `${network}, stage by stage: ${label}`,
    rows: rows.map(stageCells),
  }));
}

const speed = ({ name, speed: perSecond }) => [name, (perSecond / 1e9).toFixed(0)];
const speedHead = ['one thread', 'G multiply-adds/s'];

/** For a terminal. */
export function text(report) {
  const head = columns(report).map(([title]) => title);
  const tables = report.options.networks.map(
    (network) => `${network}\n${table(head, cells(report, network))}`,
  );
  const stages = report.options.networks
    .flatMap((network) => stageTables(report, network))
    .map(({ title, rows }) => `${title}\n${table(stageHead, rows)}`);
  const loops = `bare xor-popcount loops\n${table(speedHead, report.bareLoops.rows.map(speed))}`;
  return [...tables, ...stages, loops, ...missingOf(report)].join('\n\n');
}

function markdown(head, rows) {
  const line = (row) => `| ${row.join(' | ')} |`;
  const bar = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [line(head), line(bar), ...rows.map(line)].join('\n');
}

/** docs/inference.md. */
export function page(report) {
  const { machine, options, versions } = report;
  const head = columns(report).map(([title]) => title);
  const sections = options.networks.flatMap((network) => [
    `## ${network}\n\n${markdown(head, cells(report, network))}`,
    ...stageTables(report, network).map(
      ({ title, rows }) => `${title}:\n\n${markdown(stageHead, rows)}`,
    ),
  ]);
  const lacking = missingOf(report).map((one) => `- ${one}`);
  const packages = Object.entries(versions).map((pair) => pair.join(' '));
  return `# How fast packed networks run

Written by \`npm run bench:infer -- --page\`; the numbers are in [results/inference.json](../results/inference.json). ${machine.cpu}, ${machine.cores} cores
(${machine.isa.join(', ')}), Node ${machine.node}, ${machine.date}; ${packages.join(', ')}.

"packed" is the network with bits in our runtime, "float" its full-precision twin: the same layers with float32 weights, relu, and batch norms merged into the
weights (ImageNet's ResNet-18 is He et al.'s). Of onnxruntime all graph optimisations are on; its web build runs WebAssembly SIMD, in Node. Weights are random. Before
anything was timed, the packed outputs were the reference's, bit for bit in exact arithmetic and within 1e-4 of the largest in fast arithmetic, and the float ones
those of the packed runtime's own float ops within 1e-4 of the largest.

"ms" is the median time of a call with one picture, of up to ${options.samples} samples, each the median of the calls of a tenth of a second; contenders are processes
of their own that take turns in quiet moments (* marks what others disturbed). "times" is how often a row is as fast as that runtime with as many threads. "pictures/s" is a call
with ${options.batches.at(-1)} pictures. "first load" is the time from the file's bytes in memory to a network that is ready, first in its process; "again" a later load there.

In the tables by stage a stage is what the runtime computes together, the median of some runs one stage after the other; multiply-adds are those of one picture, and a share is that of the
fastest bare loop of its kind below, for stages on bits.

${sections.join('\n\n')}

## The bare loops

Xor, popcount and add on data in the first-level cache, and nothing else: [sources and what the compilers made of them](../benchmarks/infer/bare-loop). The fastest of 30 samples.

${markdown(speedHead, report.bareLoops.rows.map(speed))}
${lacking.length === 0 ? '' : `\nNot measured:\n\n${lacking.join('\n')}\n`}`;
}
