/** `surge-bnn summary`: what a network costs, layer by layer, before anything is trained; what stands in a model file. */
import { InputError, nearest } from '@surge-bnn/contract';
import type { LayerCost } from '@surge-bnn/core';
import { namesModelFile, openFile } from '../model-file/open.js';
import { costOf, costOfNetwork, loadRecipeOrRun } from '../network-cost.js';
import type { RecipeCost } from '../network-cost.js';
import { bytes, count, percent } from '../terminal/format.js';
import { print, processOutput, type Output, type OutputFlags } from '../terminal/output.js';
import { formatTable } from '../terminal/table.js';
import { collect, refuseOptions, wholeNumber, type AddVerb } from '../verb.js';
import { namesRecipe, recipeNames } from '../workspace.js';

interface SummaryFlags extends OutputFlags {
  readonly node?: string;
  readonly set: string[];
  readonly input?: [number, number, number];
  readonly classes?: number;
  readonly binarizer?: string;
}

/** Options that a recipe, a run and a model file know themselves. */
const networkOnly = ['set', 'input', 'classes', 'binarizer'] as const;

export const addSummary: AddVerb = (program) => {
  program
    .command('summary')
    .description(
      'per layer: bits, parameters, multiply-adds, OPs, bytes; of a model file: all nodes',
    )
    .argument(
      '<what>',
      'a recipe (path or name), a run folder, a model file (*.bnn) or the name of a network',
    )
    .option('--set <key=value>', 'of a network: an option of it, e.g. width=32', collect, [])
    .option('--input <HxWxC>', 'of a network: its pictures (default: as published)', pictureShape)
    .option(
      '--classes <n>',
      'of a network: as many (default: as published)',
      wholeNumber('--classes', 1),
    )
    .option('--binarizer <name>', 'of a network: a method of `surge-bnn methods` (default: ste)')
    .option(
      '--node <name>',
      'of a model file: the numbers of one node (thresholds, kernels, scales)',
    )
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
OPs = binary multiply-adds / 64 + float multiply-adds, for one picture. "w/a" are the bits of weights
and activations: 1/1 runs on bits, 32/32 in float. Bytes are those of the network that ships, bits packed;
while it trains, weights are float32 and SURGE keeps a second set ("auxiliary"). In the model file batch norm and
the sign behind it are integer thresholds, so its payload, counted by the writer, is a little smaller.

A network by its name (\`surge-bnn networks\` describes them): digits-cnn, mlp, resnet-20, vgg-small, binarynet,
cifar-resnet-18, imagenet-resnet-18, imagenet-resnet-34, imagenet-vgg-16, reactnet-a.

Of a model file: what became of every layer, the kernel that runs it, the bits of its weights and activations
("w/a"), the type of every edge (f32, i32, i8, bits or unsigned), sizes to the byte, where it comes from, and how it agreed with the trained network.

Examples:
  $ surge-bnn summary digits-small
  $ surge-bnn summary imagenet-resnet-18 --set precision=full --set activation=relu
  $ surge-bnn summary runs/demo/surge --json
  $ surge-bnn summary runs/demo/surge/model.bnn
  $ surge-bnn summary runs/demo/surge/model.bnn --node binary3/sign`,
    )
    .action(async (given: string, flags: SummaryFlags) => {
      const output = processOutput(flags);
      const isNetwork = !namesModelFile(given) && !namesRecipe(given) && (await isListed(given));
      if (!isNetwork) {
        if (!namesModelFile(given) && !namesRecipe(given)) throw await nothingOfThatName(given);
        const why = 'is for a network by its name (see `surge-bnn networks`)';
        refuseOptions(flags, networkOnly, `${why}, and ${given} is none`);
      }
      if (namesModelFile(given)) {
        await summarizeFile(given, flags.node, output);
        return;
      }
      if (flags.node !== undefined) {
        throw new InputError(`--node is for model files (*.bnn), and ${given} is none`);
      }
      const cost = isNetwork
        ? await summarizeNetwork(given, flags)
        : await costOf(await loadRecipeOrRun(given));
      print(output, cost, formatCost);
    });
};

async function isListed(given: string): Promise<boolean> {
  const { networkList } = await import('@surge-bnn/models');
  return networkList.some(({ name }) => name === given);
}

async function nothingOfThatName(given: string): Promise<InputError> {
  const { networkList } = await import('@surge-bnn/models');
  const networks = networkList.map(({ name }) => name);
  const near = nearest(given, [...recipeNames(), ...networks]);
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  return new InputError(
    `there is no recipe "${given}"${hint}; give the path of a recipe, a run folder or a model file, a recipe: ${recipeNames().join(', ')}, or a network: ${networks.join(', ')}`,
  );
}

async function summarizeNetwork(name: string, flags: SummaryFlags): Promise<RecipeCost> {
  const { parseOverride } = await import('@surge-bnn/train');
  const { input: inputShape, classes, binarizer } = flags;
  const options = Object.fromEntries(flags.set.map(parseOverride));
  return costOfNetwork(name, { options, inputShape, classes, binarizer });
}

/** "224x224x3". @throws InputError for anything else. */
function pictureShape(text: string): [number, number, number] {
  const [height, width, channels, ...rest] = text.split('x').map(Number);
  const sizes = [height, width, channels];
  if (rest.length === 0 && sizes.every((size) => Number.isInteger(size) && size >= 1)) {
    return [height, width, channels];
  }
  throw new InputError(`--input takes height, width and channels as 32x32x3, got "${text}"`);
}

async function summarizeFile(
  file: string,
  node: string | undefined,
  output: Output,
): Promise<void> {
  const opened = await openFile(file);
  if (node === undefined && 'detector' in opened) {
    const summary = await import('../model-file/detector-summary.js');
    print(output, summary.summarizeDetector(opened), summary.formatDetectorSummary);
  } else if (node === undefined && 'text' in opened) {
    const summary = await import('../model-file/text-summary.js');
    print(output, summary.summarizeText(opened), summary.formatTextSummary);
  } else if (node === undefined && 'model' in opened) {
    const { formatModelSummary, summarizeModel } = await import('../model-file/summary.js');
    print(output, summarizeModel(opened), formatModelSummary);
  } else if (node !== undefined) {
    const { formatNode, summarizeNode } = await import('../model-file/node.js');
    print(output, summarizeNode(opened, node), formatNode);
  }
}

/** The table and, below it, the totals in words. */
export function formatCost(cost: RecipeCost): string {
  const { total, file, compact, remark } = cost;
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
    ...(file === undefined || compact === undefined
      ? []
      : [
          `model file   payload ${count(file.payload)} B, header ${count(file.header)} B (compressed ${count(compact.header)} B) and what a run adds (recipe, provenance, agreement)`,
        ]),
    ...(remark === undefined ? [] : [`note: ${remark}`]),
  ].join('\n');
}
