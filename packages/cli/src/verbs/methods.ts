/** `surge-bnn methods`: the methods that --binarizer can name. */
import { formatTable } from '../terminal/table.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import type { AddVerb } from '../verb.js';

export const addMethods: AddVerb = (program) => {
  program
    .command('methods')
    .description('the methods: forward values, surrogate gradients, schedules, sources')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
A method binarizes inputs and weights; u stands for what the sign is taken of, p for the training progress. Each of them trains with
--compensator none (the method as published) and with --compensator surge. Where a method has settings, a recipe gives them:
"binarizer": {"name": "ir-net", "start": -1}, or --set binarizer.start=-1 behind --binarizer ir-net. A layer of your own can also take
inputBinarizer: 'none': float inputs, 1-bit weights. docs/methods.md has formulas, traps and plots.

Example:
  $ surge-bnn methods
  $ surge-bnn train digits-small --binarizer approx-sign --compensator surge`,
    )
    .action(async (flags: OutputFlags) => {
      const { binarizers, inputBinarizers, methods, methodSettings } =
        await import('@surge-bnn/core');
      const rows = Object.entries(methods).map(([name, method]) => {
        const [input, weight] = [inputBinarizers[method.input], binarizers[method.weight]];
        return {
          name,
          input: method.input,
          weight: method.weight,
          settings: methodSettings(name),
          // The inputs' own, as far as it went before weights had theirs.
          ...input.describe,
          weights: weight.describe,
          latentRange: weight.latentRange,
          optimizer: 'optimizer' in method ? method.optimizer : undefined,
        };
      });
      print(processOutput(flags), rows, (all) =>
        formatTable(
          [
            { title: 'method', value: (m) => m.name, align: 'left' },
            { title: 'side', value: (m) => m.side, align: 'left' },
            { title: 'forward', value: (m) => m.forward, align: 'left' },
            { title: 'backward', value: (m) => m.backward, align: 'left' },
            { title: 'schedule', value: (m) => m.schedule, align: 'left' },
            { title: 'latent weights', value: (m) => m.latent, align: 'left' },
            { title: 'settings', value: (m) => m.settings, align: 'left' },
            { title: 'source', value: (m) => m.source, align: 'left' },
          ],
          all.flatMap(({ name, settings, weights, latentRange, optimizer, ...input }) => [
            { ...input, name, side: 'inputs', latent: '', settings: settings.join(', ') },
            {
              ...weights,
              name: '',
              side: 'weights',
              latent: latent(latentRange, optimizer),
              settings: '',
              // Said once where both sides have one.
              source: weights.source === input.source ? '' : weights.source,
            },
          ]),
        ),
      );
    });
};

function latent(range: readonly [number, number] | undefined, optimizer: string | undefined) {
  if (optimizer !== undefined) return `none: optimizer ${optimizer}`;
  return range ? `clipped to [${range.join(', ')}]` : 'free';
}
