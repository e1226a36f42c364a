/** `surge-bnn demo`: see the whole path work, on digits that came with the installation. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { SHUFFLED_ACCURACY_LIMIT, runDemo } from '../demo/demo.js';
import { formatReport } from '../demo/tables.js';
import { reportName } from '../demo/folder.js';
import type { Report } from '../report/model.js';
import { addRecipeFlags, overridesOf, type RecipeFlags } from '../recipe-flags.js';
import { percent } from '../terminal/format.js';
import { catchInterrupts, EXIT_INTERRUPTED } from '../terminal/interrupt.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import type { AddVerb } from '../verb.js';
import { findRecipe } from '../workspace.js';

interface DemoFlags extends RecipeFlags, OutputFlags {
  readonly out: string;
  readonly recipe: string;
}

export const addDemo: AddVerb = (program, finish) => {
  const verb = program
    .command('demo')
    .description('train a small network with STE and with SURGE on 10,000 digits; write a report')
    .option('--out <folder>', 'where the two runs and the report go', path.join('runs', 'demo'))
    .option('--recipe <recipe>', 'another recipe (path or name)', 'digits-small');
  addRecipeFlags(verb)
    .option('--json', 'print the numbers of the report as JSON and nothing else')
    .option('--quiet', 'print the tables only')
    .addHelpText(
      'after',
      `
Both runs start from the same weights and see the same batches. The table then tells, per binary layer:
lam, the weight of the second gradient path; its cosine with the binary path; the share of inputs that the
surrogate clips; the share of weights whose sign flipped in the last epoch. Shuffling the binary weights
must destroy the accuracy: otherwise the network would compute around them. At last the network trained with
SURGE becomes a file of packed bits, which is loaded in another process and must give all outputs bit for bit.

Example:
  $ surge-bnn demo`,
    )
    .action(async (flags: DemoFlags) => {
      finish(await demo(flags));
    });
};

async function demo(flags: DemoFlags): Promise<number> {
  const { applyOverrides, loadRecipe } = await import('@surge-bnn/train');
  const output = processOutput(flags);
  const recipe = applyOverrides(
    await loadRecipe(findRecipe(flags.recipe)),
    await overridesOf(flags),
    flags.recipe,
  );
  const interrupt = catchInterrupts(() => {
    output.note('Stopping after this step. Ctrl-C again leaves at once.');
  });
  const { out } = flags;
  const report = await runDemo({ recipe, out, output, signal: interrupt.signal }).finally(() => {
    interrupt.release();
  });
  if (report === undefined) {
    const earlier = existsSync(path.join(out, reportName));
    output.note(
      earlier
        ? `Stopped; the earlier report in ${out} is as it was.`
        : 'Stopped before the report.',
    );
    return EXIT_INTERRUPTED;
  }
  print(output, report, (r) => `\n${formatReport(r)}\n\nThe report: ${path.join(out, reportName)}`);
  const problem = whatIsWrong(report);
  if (problem === undefined) return 0;
  process.stderr.write(`surge-bnn: ${problem}\n`);
  return 1;
}

/** The two promises of a demo: the network is binary, and its file computes what it computes. */
function whatIsWrong({ proofs = [], shipped }: Report): string | undefined {
  const leaking = proofs.find((one) => one.shuffledAccuracy >= SHUFFLED_ACCURACY_LIMIT);
  if (leaking !== undefined) {
    return (
      `${leaking.label} keeps ${percent(leaking.shuffledAccuracy)} with shuffled binary weights ` +
      `(limit ${percent(SHUFFLED_ACCURACY_LIMIT)}): the network computes around them`
    );
  }
  if (shipped?.fresh.difference === undefined) return undefined;
  const { images, equalOutputs, difference } = shipped.fresh;
  return (
    `${shipped.file} computes something else than the trained network on ${images - equalOutputs} of ${images} ` +
    `images (${difference}); this is a defect of surge-bnn, please report it`
  );
}
