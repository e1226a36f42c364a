/** The report's section on the model file: how small it is, that it computes the same, and what became of each layer. */
import { fateRows, fateTitles } from '../model-file/tables.js';
import { bytes, count, percent } from '../terminal/format.js';
import { card, html, table, type Content, type Html } from './html.js';
import type { Report, Shipped } from './model.js';

export function shippedCards({ shipped }: Report): Html[] {
  if (shipped === undefined) return [];
  const { floatBytes, fresh, size } = shipped;
  const times = (floatBytes / size.total).toFixed(1);
  return [
    card(
      bytes(size.total),
      `model file of ${shipped.label}, ${times} times smaller than in float32`,
    ),
    card(
      `${count(fresh.equalOutputs)} of ${count(fresh.images)}`,
      'outputs of the file equal to the trained network’s, bit for bit',
    ),
  ];
}

export function shippedSection({ shipped }: Report): Content {
  if (shipped === undefined) return undefined;
  const { label, file, layers } = shipped;
  return html`<h2>Shipped as bits</h2>
    <p>
      The network trained with ${label} as a file of packed bits, <a href="${file}">${file}</a>,
      loaded in a process of its own that has the runtime and nothing else, and run there on all
      evaluation images. “Equal” compares every output with the trained network’s, bit for bit.
    </p>
    ${table(['what', 'value'], facts(shipped))}
    <p>
      What became of each layer: the nodes that do its work, the kernel of each, the bits of its
      weights (w) and activations (a), what it reads and makes. An edge carries bits, integer sums
      (i32) or floats (f32); a batch norm and the sign behind it are integer thresholds.
    </p>
    ${table(fateTitles, fateRows(layers), [1, 2, 3, 4, 5, 6, 8])}`;
}

function facts({ floatBytes, size, fresh }: Shipped): string[][] {
  const times = (part: number): string => (floatBytes / part).toFixed(1);
  const rows = [
    ['trained weights in float32, bytes', count(floatBytes)],
    ['model file, bytes', count(size.total)],
    ['of these its header (graph, recipe, receipts)', count(size.header)],
    ['and its payload (bits, thresholds, floats)', count(size.payload)],
    ['weights in float32 / file', times(size.total)],
    ['weights in float32 / payload', times(size.payload)],
    ['images run in the fresh process', count(fresh.images)],
    ['predictions equal', count(fresh.equalPredictions)],
    ['images with all outputs equal', count(fresh.equalOutputs)],
    ['accuracy of the file', percent(fresh.accuracy)],
    [`one image, packed, Node ${fresh.node}`, `${fresh.milliseconds.toFixed(2)} ms`],
    [
      `one image, trained network, ${fresh.trainedOn}`,
      `${fresh.trainedMilliseconds.toFixed(2)} ms`,
    ],
  ];
  return fresh.difference === undefined ? rows : [...rows, ['first difference', fresh.difference]];
}
