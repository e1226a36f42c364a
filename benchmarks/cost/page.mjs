/** The tables of bench:cost, on a terminal and as docs/cost.md: pure functions of what was measured. */
import { table } from '../lib/table.mjs';

const head = [
  'form',
  'ms a step',
  '/ STE',
  '/ full precision',
  'tensors, MB',
  'process, MB',
  'extra parameters',
  'extra, %',
];

/** Rows of one network: cells as text. */
function rows(report, network) {
  const records = report.records.filter((r) => r.network === network && r.missing === undefined);
  const of = (label) => records.find((record) => record.label === label)?.median;
  return records.map((record) => {
    const ratio = (base) => (base === undefined ? '' : (record.median / base).toFixed(2));
    const megabytes = (bytes) => (bytes === undefined ? '' : (bytes / 2 ** 20).toFixed(0));
    const { network: all, auxiliary } = record.parameters;
    return [
      record.label + (record.disturbed > 0 ? ' *' : ''),
      (1000 * record.median).toFixed(1),
      ratio(of('STE')),
      ratio(of('full precision')),
      megabytes(record.heapBytes),
      megabytes(record.peakBytes),
      auxiliary.toLocaleString('en-US'),
      ((100 * auxiliary) / all).toFixed(1),
    ];
  });
}

const missing = (report) =>
  report.records
    .filter((record) => record.missing !== undefined)
    .map(({ network, label, missing: why }) => `${network}, ${label}: not measured, ${why}`);

/** For a terminal. */
export function text(report) {
  const tables = report.options.networks.map(
    (network) => `${network}\n${table(head, rows(report, network))}`,
  );
  return [...tables, ...new Set(missing(report))].join('\n\n');
}

/** docs/cost.md. */
export function page(report) {
  const { machine, options } = report;
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const sections = options.networks.map((network) =>
    [
      `## ${network}`,
      '',
      line(head),
      `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`,
      ...rows(report, network).map(line),
    ].join('\n'),
  );
  const lacking = [...new Set(missing(report))].map((one) => `- ${one}`);
  return `# What training costs

Written by \`npm run bench:cost -- --networks ${options.networks.join(',')} --page\`; the numbers are in [results/cost.json](../results/cost.json). Batches of ${options.batch}, ${options.engine}
(${machine.native.isa ?? 'not built'}), ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date}.

A step is a whole one: forward, loss, backward, clipping, optimizer; medians of ${options.steps} in quiet moments (* marks what others disturbed). "tensors" is the engine's own peak, "process" that of
the whole process. Extra parameters are the auxiliary weights W_a, as a share of the network's own; they live in training alone: what ships is the plain binary network.

${sections.join('\n\n')}
${lacking.length === 0 ? '' : `\n${lacking.join('\n')}\n`}`;
}
