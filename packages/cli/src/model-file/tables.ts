/** What became of a network, in tables: layer by layer after a conversion, node by node of a file. */
import type { Agreement, ConversionReport, LayerFate } from '@surge-bnn/converter';
import type { Edge, FileSize, NodeDescription } from '@surge-bnn/runtime';
import { bytes, count, figures } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';

/** "bits 14x14x32": a type of which every edge has one, and the shape of one example. */
export function edgeText({ type, shape }: Edge): string {
  return `${type} ${shape.join('x')}`;
}

/** Titles of `fateRows`. */
export const fateTitles = [
  ...(['layer', 'kind', 'node', 'kernel', 'w/a', 'in', 'out', 'bytes', 'remark'] as const),
];

/**
 * Layers of the trained network, each with the nodes that do its work now: a row for each node, the layer's name in the first of
 * them. A node of several layers has its bytes with one of them.
 */
export function fateRows(layers: readonly LayerFate[]): string[][] {
  return layers.flatMap(({ layer, kind, nodes, remark = '', bytes }) => {
    if (nodes.length === 0) {
      return [[layer, kind, '', '', '', '', '', bytes === 0 ? '' : count(bytes), remark]];
    }
    return nodes.map((node, i) => {
      const bytesHere = node.layers[0] === layer ? node.bytes : 0;
      return [
        ...(i === 0 ? [layer, kind] : ['', '']),
        node.name,
        ...kernelCells(node),
        bytesHere === 0 ? '' : count(bytesHere),
        i === 0 ? remark : '',
      ];
    });
  });
}

/** Kernel, bits of weights and activations, types of what it reads, type and shape of what it makes. */
function kernelCells({ kernel, kind, inputs, output }: NodeDescription): string[] {
  return [kernel, kind ?? '', inputs.map(({ type }) => type).join(', '), edgeText(output)];
}

export function formatFates(layers: readonly LayerFate[]): string {
  return formatTable<string[]>(
    fateTitles.map((title, i) => ({
      title,
      value: (row) => row[i],
      ...(title === 'bytes' ? {} : { align: 'left' }),
    })),
    fateRows(layers),
  );
}

/** Nodes of a file in the order in which they compute. */
export function formatNodes(nodes: readonly NodeDescription[]): string {
  return formatTable<NodeDescription>(
    [
      { title: 'node', value: (n) => n.name, align: 'left' },
      { title: 'op', value: (n) => n.op, align: 'left' },
      { title: 'kernel', value: (n) => n.kernel, align: 'left' },
      { title: 'w/a', value: (n) => n.kind ?? '', align: 'left' },
      { title: 'layers', value: (n) => n.layers.join(', '), align: 'left' },
      { title: 'in', value: (n) => n.inputs.map((edge) => edge.type).join(', '), align: 'left' },
      { title: 'out', value: (n) => edgeText(n.output), align: 'left' },
      { title: 'bytes', value: (n) => (n.bytes === 0 ? '' : count(n.bytes)) },
    ],
    nodes,
  );
}

/** Lines of sizes: the weights in float32, the file in its parts, and how many times smaller it is. */
export function sizeLines({ floatBytes, size }: Pick<ConversionReport, 'floatBytes' | 'size'>) {
  return [
    `weights in float32   ${count(floatBytes)} B (${bytes(floatBytes)}), without optimizer and auxiliary weights`,
    `model file           ${fileSizeText(size)}`,
    `ratio                ${ratioText(floatBytes, size)}`,
  ];
}

export function fileSizeText({ header, payload, total }: FileSize): string {
  return `${count(total)} B (${bytes(total)}): header ${count(header)} B, payload ${count(payload)} B`;
}

/** The header is JSON text that a larger network hardly lengthens, so the payload's ratio is told, too. */
export function ratioText(floatBytes: number, { payload, total }: FileSize): string {
  const times = (size: number): string => (floatBytes / size).toFixed(1);
  return `${times(total)} times smaller; the payload alone ${times(payload)} times`;
}

/** The proof in words. @param unit what an input is. */
export function agreementLines(
  { rounding, calibration, ...proof }: Agreement,
  unit = 'image',
): string[] {
  const { inputs, inputsAre, equalOutputs, equalPredictions, largestDifference } = proof;
  const lines = [
    `agreement            ${count(equalOutputs)} of ${count(inputs)} outputs equal bit for bit, ${count(equalPredictions)} predictions equal, ` +
      `largest difference ${figuresOf(largestDifference)} (${inputsAre})`,
  ];
  if (proof.equalUnmerged !== undefined) {
    lines.push(
      `without merging      ${count(proof.equalUnmerged)} of ${count(inputs)} outputs equal bit for bit`,
    );
  }
  if (calibration !== undefined) {
    const { percentile, limits } = calibration;
    const each = Object.entries(limits).map(([layer, limit]) => `${layer} ${figures(limit)}`);
    const share = percentile === 100 ? 'largest inputs' : `${percentile} % of the inputs up to`;
    lines.push(`calibration          ${share}: ${each.join(', ')} (${calibration.inputsAre})`);
  }
  if (rounding !== undefined) {
    const { of, differentPredictions, largestDifference: changed } = rounding;
    const margins = differentPredictions.map(({ input, margin }) => `${input}: ${figures(margin)}`);
    lines.push(
      `as trained           ${of.join(', ')}: ${count(differentPredictions.length)} predictions differ from the trained network's, largest difference ${figuresOf(changed)}` +
        (margins.length === 0 ? '' : `; ${unit} and margin there: ${margins.join(', ')}`),
    );
  }
  return lines;
}

function figuresOf(difference: number): string {
  return difference === 0 ? '0' : figures(difference);
}
