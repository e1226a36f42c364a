/** `surge-bnn networks`: the networks that recipes, `summary` and `convert --network` can name. */
import { formatTable } from '../terminal/table.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import type { AddVerb } from '../verb.js';

export const addNetworks: AddVerb = (program) => {
  program
    .command('networks')
    .description('the networks: the pictures that they were published for, options, source')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
A recipe names one under "network", with the options that differ from the defaults. Each has its full-precision
twin: precision=full. docs/networks.md has parameters, OPs and sizes, and what differs from the source.

Examples:
  $ surge-bnn networks
  $ surge-bnn summary resnet-20 --set width=32`,
    )
    .action(async (flags: OutputFlags) => {
      const { networkList } = await import('@surge-bnn/models');
      const rows = networkList.map(
        ({ name, summary, source, differs, inputShape, classes, defaults }) => {
          return { name, summary, source, differs, inputShape, classes, options: { ...defaults } };
        },
      );
      print(processOutput(flags), rows, (all) =>
        formatTable(
          [
            { title: 'network', value: (n) => n.name, align: 'left' },
            { title: 'input', value: (n) => n.inputShape.join('x') },
            { title: 'classes', value: (n) => String(n.classes) },
            { title: 'what', value: (n) => n.summary, align: 'left' },
            {
              title: 'options',
              value: (n) =>
                Object.entries(n.options)
                  .map((pair) => pair.join('='))
                  .join(' '),
              align: 'left',
            },
            { title: 'source', value: (n) => n.source, align: 'left' },
          ],
          all,
        ),
      );
    });
};
