/** `surge-bnn summary`: what a network costs, layer by layer, before anything is trained. */
import type { LayerCost, NetworkCost } from '@surge-bnn/core';
import { costOf, loadRecipeOrRun } from '../network-cost.js';
import { bytes, count, percent } from '../terminal/format.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { formatTable } from '../terminal/table.js';
import type { AddVerb } from '../verb.js';

export const addSummary: AddVerb = (program) => {
  program
    .command('summary')
    .description('per layer: bits, parameters, multiply-adds by precision, OPs, bytes')
    .argument('<recipe|run>', 'a recipe (path or name) or the folder of a run')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
OPs = binary multiply-adds / 64 + float multiply-adds, for one picture. "w/a" are the bits of weights
and activations: 1/1 runs on bits, 32/32 in float. Bytes are those of the network that ships, bits packed;
while it trains, weights are float32 and SURGE keeps a second set ("auxiliary").

Examples:
  $ surge-bnn summary digits-small
  $ surge-bnn summary runs/demo/surge --json`,
    )
    .action(async (given: string, flags: OutputFlags) => {
      const cost = await costOf(await loadRecipeOrRun(given));
      print(processOutput(flags), cost, formatCost);
    });
};

/** The table and, below it, the totals in words. */
export function formatCost(cost: NetworkCost): string {
  const { total } = cost;
  const bits = (layer: LayerCost): string =>
    layer.weightBits === 0 ? '' : `${layer.weightBits}/${layer.inputBits}`;
  const blank = (value: number): string => (value === 0 ? '' : count(value));
  const table = formatTable<LayerCost>(
    [
      { title: 'layer', value: (l) => l.name, align: 'left' },
      { title: 'kind', value: (l) => l.kind, align: 'left' },
      { title: 'w/a bits', value: bits },
      { title: 'output', value: (l) => l.outputShape.map((d) => d ?? '?').join('x') },
      { title: 'parameters', value: (l) => blank(l.parameters) },
      { title: 'auxiliary', value: (l) => blank(l.auxiliaryParameters) },
      { title: 'binary MACs', value: (l) => blank(l.binaryMacs) },
      { title: 'float MACs', value: (l) => blank(l.floatMacs) },
      { title: 'OPs', value: (l) => blank(l.ops) },
      { title: 'bytes', value: (l) => blank(l.bytes) },
    ],
    cost.layers,
  );
  const size = `${bytes(total.bytes)} packed, ${bytes(total.floatBytes)} as float32`;
  return [
    table,
    '',
    `parameters   ${count(total.parameters)} (${size})`,
    `in training  ${count(total.auxiliaryParameters)} auxiliary weights more`,
    `MACs         ${count(total.binaryMacs)} binary, ${count(total.floatMacs)} float: ${percent(total.binaryShare)} binary`,
    `OPs          ${count(total.ops)}`,
  ].join('\n');
}
