/** The report as one HTML page that needs no network: numbers first, then the plots, then how it was made. */
import { engineText } from '@surge-bnn/contract';
import type { LayerMetrics } from '@surge-bnn/train';
import { measureOf, measuresOf } from '../measure.js';
import { count, duration, figures, percent, points } from '../terminal/format.js';
import { classSection } from './classes.js';
import { card, html, Html, table, type Content } from './html.js';
import { isCompensated, lastLayers, type Report, type ReportRun } from './model.js';
import { curvePlots, layerPlots } from './plots.js';
import { shippedCards, shippedSection } from './shipped.js';
import { style } from './style.js';

/** The whole page. */
export async function reportPage(report: Report): Promise<string> {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${report.title}</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <h1>${report.title}</h1>
        <p class="lead">${report.lead}</p>
        ${cards(report)} ${runTable(report)}
        <h2>Curves</h2>
        ${await curvePlots(report)}
        <h2>Inside the binary layers</h2>
        <p>
          Measured in every backward pass, averaged over each epoch. g_b is the gradient that the
          surrogate lets through at a layer’s input, g_a the one of the auxiliary full-precision
          weights; their sum g_b + λ g_a goes on to the layer below.
        </p>
        ${await layerPlots(report)}
        <h2>Layer by layer, last epoch</h2>
        ${report.runs.map(layerTable)} ${classSection(report)} ${costSection(report)}
        ${shippedSection(report)}
        <h2>How this was made</h2>
        ${provenance(report)} ${report.runs.map(configuration)}
      </body>
    </html>`;
  return `${page.text}\n`;
}

function cards(report: Report): Html {
  const accuracies = report.runs.map((run) =>
    card(
      percent(run.summary.last?.accuracy),
      `${run.label}, ${measureOf(run.summary)} after the last epoch`,
    ),
  );
  const proofs = (report.proofs ?? []).map((proof) =>
    card(percent(proof.shuffledAccuracy), `${proof.label} with its binary weights shuffled`),
  );
  const share = report.cost?.total.binaryShare;
  const binary =
    share === undefined ? [] : [card(percent(share), 'of the multiply-adds are binary')];
  return html`<div class="cards">
    ${[...accuracies, ...binary, ...proofs, ...shippedCards(report)]}
  </div>`;
}

function runTable(report: Report): Html {
  const base = report.runs.find((run) => !isCompensated(run));
  const gain = (run: ReportRun): string =>
    run === base || run.summary.last === undefined || base?.summary.last === undefined
      ? ''
      : points(run.summary.last.accuracy - base.summary.last.accuracy);
  const heads = ['run', 'last', 'best', 'in epoch', 'gain of last (points)', 'loss', 'epochs'];
  const held = report.runs.some(({ summary }) => summary.evaluatedOn !== 'test');
  const titled = report.runs.flatMap(({ summary: { dataTitle, unit } }) =>
    dataTitle === undefined ? [] : [`${unit === 'texts' ? 'Texts' : 'Images'}: ${dataTitle}.`],
  );
  const remarks = [...new Set(report.runs.flatMap(({ summary }) => summary.dataRemarks ?? []))];
  return html`<h2>Results</h2>
    ${held ? html`<p>Judged on <b>held-out training images</b>, not on the test set.</p>` : undefined}
    ${[...new Set(titled)].map((title) => html`<p>${title}</p>`)}
    ${remarks.map((remark) => html`<p>${remark}</p>`)}
    ${table(
      [...heads, 'seconds', 'seed'],
      report.runs.map(({ label, summary }, i) => [
        label,
        percent(summary.last?.accuracy),
        percent(summary.best?.accuracy),
        count(summary.best?.epoch),
        gain(report.runs[i]),
        figures(summary.last?.loss),
        `${summary.epochsDone} of ${summary.epochs}`,
        figures(summary.seconds),
        String(summary.seed),
      ]),
    )}
    ${furtherTable(report)}
    <p>
      One seed is one sample: a difference of a few tenths of a point between two such runs says
      nothing yet. <code>surge-bnn compare</code> runs several seeds and prints the paired gain with
      its interval.
    </p>`;
}

/** Stages, averaged weights and top-5 of the runs that have them. */
function furtherTable(report: Report): Content {
  const rows = report.runs.flatMap(({ label, summary }) => {
    const { stages = [], averaged, last, best } = summary;
    const row = (what: string, at: Pick<typeof summary, 'last' | 'best'>, digits: Content[]) =>
      at.last === undefined ? [] : [[label, what, ...digits]];
    const accuracies = (at: Pick<typeof summary, 'last' | 'best'>): Content[] => [
      percent(at.last?.accuracy),
      percent(at.best?.accuracy),
      count(at.best?.epoch),
    ];
    const top5 = [percent(last?.top5), percent(best?.top5), count(best?.epoch)];
    return [
      ...stages.flatMap((stage) => row(`stage: ${stage.name}`, stage, accuracies(stage))),
      ...(averaged ? row('averaged weights', averaged, accuracies(averaged)) : []),
      ...(last?.top5 === undefined ? [] : row('top-5', { last, best }, top5)),
    ];
  });
  if (rows.length === 0) return undefined;
  const of = `${measuresOf(report.runs.map(({ summary }) => summary))} of`;
  return table(['run', of, 'last', 'best', 'in epoch'], rows, [1]);
}

const layerColumns: readonly [string, (layer: LayerMetrics) => string][] = [
  ['layer', (l) => l.name],
  ['λ', (l) => figures(l.lambda)],
  ['cos(g_b, g_a)', (l) => figures(l.cosine, 3)],
  ['|g_b|', (l) => figures(l.normB)],
  ['|g_a|', (l) => figures(l.normA)],
  ['clipped', (l) => percent(l.clipped)],
  ['flipped', (l) => percent(l.flipped)],
  ['dead filters', (l) => `${count(l.deadFilters)} of ${count(l.filters)}`],
  ['steps without λ', (l) => count(l.skipped)],
];

function layerTable(run: ReportRun): Html {
  const onlyCompensated = ['λ', 'cos(g_b, g_a)', '|g_a|', 'steps without λ'];
  const columns = layerColumns.filter(
    ([title]) => isCompensated(run) || !onlyCompensated.includes(title),
  );
  const rows = lastLayers(run).map((layer) => columns.map(([, value]) => value(layer)));
  return html`<h3>${run.label}</h3>
    ${table(
      columns.map(([title]) => title),
      rows,
    )}`;
}

function costSection({ cost }: Report): Content {
  if (cost === undefined) return undefined;
  const rows = cost.layers.map((layer) => [
    layer.name,
    layer.kind,
    layer.weightBits === 0 ? '' : `${layer.weightBits}/${layer.inputBits}`,
    count(layer.parameters),
    count(layer.binaryMacs),
    count(layer.floatMacs),
    count(layer.bytes),
  ]);
  const { total } = cost;
  const sum = ['all', '', '', total.parameters, total.binaryMacs, total.floatMacs, total.bytes];
  return html`<h2>What the network costs</h2>
    <p>
      Multiply-adds for one picture. OPs (binary / 64 + float): ${count(total.ops)}. Bytes are those
      of the packed network; as float32 it would take ${count(total.floatBytes)}.
    </p>
    ${table(
      ['layer', 'kind', 'w/a bits', 'parameters', 'binary MACs', 'float MACs', 'bytes'],
      [...rows, sum.map((cell) => (typeof cell === 'number' ? count(cell) : cell))],
    )}`;
}

function provenance(report: Report): Html {
  const rows = report.runs.map(({ label, folder, summary }) => [
    label,
    html`<a href="${folder}/metrics.jsonl">metrics.jsonl</a>
      <a href="${folder}/summary.json">summary.json</a>
      <a href="${folder}/config.json">config.json</a>`,
    engineText(summary.engine),
    summary.cpu,
    summary.node,
    duration(summary.seconds),
    summary.hashes.initialWeights.slice(0, 12),
    summary.hashes.weights.slice(0, 12),
    summary.hashes.data.slice(0, 12),
  ]);
  const heads = ['run', 'files', 'engine', 'CPU', 'Node', 'time', 'first weights', 'last weights'];
  return html`${table([...heads, 'data'], rows)}
    <p>
      The last three columns are the beginnings of SHA-256 hashes. Runs that are compared start from
      the same weights and see the same batches; same seed, engine, threads and CPU give the same
      bits.
    </p>`;
}

function configuration(run: ReportRun): Html {
  return html`<details>
    <summary>Complete configuration of ${run.label}</summary>
    <pre>${JSON.stringify(run.recipe, null, 2)}</pre>
  </details>`;
}
