/** The tables of bench:text, on a terminal and as docs/text-inference.md: pure functions of what was measured. */
import { table } from '../lib/table.mjs';
import { missingOf, rowsOf } from './figures.mjs';

const names = { float: 'float', bibert: 'BiBERT', bit: 'BiT' };
const megabytes = (bytes) => (bytes === undefined ? '' : (bytes / 1e6).toFixed(2));
/** Three figures at least. */
const figures = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

const columns = [
  ['', ({ label, kind, disturbed }) => `${names[kind]}: ${label}${disturbed ? ' *' : ''}`],
  ['ms a sentence', ({ milliseconds }) => figures(milliseconds)],
  ['times onnxruntime', ({ faster }) => (faster === undefined ? '' : faster.toFixed(2))],
  ['file, MB', ({ fileBytes }) => megabytes(fileBytes)],
  ['of it embeddings and vocabulary', ({ tableBytes }) => megabytes(tableBytes)],
  ['first load, ms', ({ first }) => first.toFixed(0)],
  ['peak memory, MB', ({ peakBytes }) => (peakBytes / 1e6).toFixed(0)],
];
const head = columns.map(([title]) => title);

const cells = (report, network) =>
  rowsOf(report, network).map((row) => columns.map(([, cell]) => cell(row)));

/** For a terminal. */
export function text(report) {
  const tables = report.options.networks.map(
    (network) => `${network}\n${table(head, cells(report, network))}`,
  );
  return [...tables, report.origin, ...missingOf(report)].join('\n\n');
}

function markdown(rows) {
  const line = (row) => `| ${row.join(' | ')} |`;
  const bar = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [line(head), line(bar), ...rows.map(line)].join('\n');
}

/** docs/text-inference.md. */
export function page(report) {
  const { machine, options, versions, origin, sentences, pieces } = report;
  const sections = options.networks.map(
    (network) => `## ${network}\n\n${markdown(cells(report, network))}`,
  );
  const lacking = missingOf(report).map((one) => `- ${one}`);
  const packages = Object.entries(versions).map((pair) => pair.join(' '));
  return `# How fast packed text models run

Written by \`npm run bench:text -- --page\`; the numbers are in [results/text-inference.json](../results/text-inference.json). ${machine.cpu}, ${machine.cores} cores
(${machine.isa.join(', ')}), Node ${machine.node}, ${machine.date}; ${packages.join(', ')}. Pictures: [inference.md](inference.md).

BiBERT and BiT are packed text models in our runtime, in exact arithmetic: tokenizer, embeddings in float16, the encoder's linear layers and attention as bits. "float" is their full-precision twin with GELU as
ONNX ([onnx.md](onnx.md)) in onnxruntime-node, all graph optimisations on, with one thread and with as many as it takes by itself. All are classifiers of two classes, and behind the last layer's keys and
values all compute the one piece that is read. bert-4x256 has 4 layers of width 256, bert-base 12 of width 768; weights are drawn. Before anything was timed, the packed logits were the reference's bit for
bit, and the float ones within 1e-4 of the largest of those that TF.js gives on our engine.

The inputs are ${sentences} ${origin}, ${pieces.toFixed(1)} pieces each on average, one at a time at its own length. "ms a sentence" is from pieces to logits, the median of ${options.samples} samples, each
the mean of all sentences; contenders are processes of their own that take turns in quiet moments (* marks what others disturbed). "times onnxruntime" is how often a row is as fast as the
twin with as many threads: one, or its default. "first load" is the time from the file's bytes in memory to a network that is ready.

${sections.join('\n\n')}
${lacking.length === 0 ? '' : `\nNot measured:\n\n${lacking.join('\n')}\n`}`;
}
