/** What became of a network, in tables: layer by layer after a conversion, node by node of a file. */
import type { Agreement, ConversionReport, LayerFate } from '@surge-bnn/converter';
import type { Edge, FileSize, NodeDescription } from '@surge-bnn/runtime';
import { bytes, count, figures } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';

/** "bits 14x14x32": a type of which every edge has one, and the shape of one example. */
export function edgeText({ type, shape }: Edge): string {
  return `${type} ${shape.join('x')}`;
}

/** Layers of the trained network: the nodes that do their work now. */
export function formatFates(layers: readonly LayerFate[]): string {
  return formatTable<LayerFate>(
    [
      { title: 'layer', value: (l) => l.layer, align: 'left' },
      { title: 'kind', value: (l) => l.kind, align: 'left' },
      { title: 'became', value: becameText, align: 'left' },
      { title: 'edge', value: edgeOfFate, align: 'left' },
      { title: 'bytes', value: (l) => (l.bytes === 0 ? '' : count(l.bytes)) },
      { title: 'remark', value: (l) => l.remark ?? '', align: 'left' },
    ],
    layers,
  );
}

/** The ops that do a layer's work, with their names where they are not the layer's own. */
export function becameText({ layer, nodes }: LayerFate): string {
  if (nodes.length === 0) return 'nothing';
  return nodes.map(({ name, op }) => (name === layer ? op : `${op} "${name}"`)).join(', ');
}

/** What comes out of the layer's last node. */
export function edgeOfFate({ nodes }: LayerFate): string {
  const last = nodes.at(-1);
  return last === undefined ? '' : edgeText(last.output);
}

/** Nodes of a file in the order in which they compute. */
export function formatNodes(nodes: readonly NodeDescription[]): string {
  return formatTable<NodeDescription>(
    [
      { title: 'node', value: (n) => n.name, align: 'left' },
      { title: 'op', value: (n) => n.op, align: 'left' },
      { title: 'kernel', value: (n) => n.kernel, align: 'left' },
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

/** The proof in words. */
export function agreementLines({
  inputs,
  inputsAre,
  equalOutputs,
  equalPredictions,
  largestDifference,
  rounding,
}: Agreement): string[] {
  const lines = [
    `agreement            ${count(equalOutputs)} of ${count(inputs)} outputs equal bit for bit, ${count(equalPredictions)} predictions equal, ` +
      `largest difference ${largestDifference} (${inputsAre})`,
  ];
  if (rounding !== undefined) {
    const { differentPredictions, largestDifference: changed } = rounding;
    const margins = differentPredictions.map(({ input, margin }) => `${input}: ${figures(margin)}`);
    lines.push(
      `rounding to float16  ${count(differentPredictions.length)} predictions differ from those of float32, largest difference ${figures(changed)}` +
        (margins.length === 0 ? '' : `; image and margin there: ${margins.join(', ')}`),
    );
  }
  return lines;
}
