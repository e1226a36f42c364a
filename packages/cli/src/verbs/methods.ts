/** `surge-bnn methods`: the binarizers that --binarizer can name. */
import { formatTable } from '../terminal/table.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import type { AddVerb } from '../verb.js';

export const addMethods: AddVerb = (program) => {
  program
    .command('methods')
    .description('the binarizers: forward value, surrogate gradient, schedule, source')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
A method names the binarizer of the inputs and the one of the weights. Each of them trains with
--compensator none (the method as published) and with --compensator surge. A layer of your own can also take
inputBinarizer: 'none': float inputs, 1-bit weights.

Example:
  $ surge-bnn methods
  $ surge-bnn train digits-small --binarizer approx-sign --compensator surge`,
    )
    .action(async (flags: OutputFlags) => {
      const { binarizers, methods } = await import('@surge-bnn/core');
      const rows = Object.entries(methods).map(([name, { input, weight }]) => ({
        name,
        input,
        weight,
        ...binarizers[input].describe,
        latentRange: binarizers[weight].latentRange,
      }));
      print(processOutput(flags), rows, (all) =>
        formatTable(
          [
            { title: 'method', value: (m) => m.name, align: 'left' },
            { title: 'inputs', value: (m) => m.input, align: 'left' },
            { title: 'weights', value: (m) => m.weight, align: 'left' },
            { title: 'forward', value: (m) => m.forward, align: 'left' },
            { title: 'backward (inputs)', value: (m) => m.backward, align: 'left' },
            { title: 'schedule', value: (m) => m.schedule, align: 'left' },
            {
              title: 'latent weights',
              value: (m) => (m.latentRange ? `clipped to [${m.latentRange.join(', ')}]` : 'free'),
              align: 'left',
            },
            { title: 'source', value: (m) => m.source, align: 'left' },
          ],
          all,
        ),
      );
    });
};
