/** The `surge-bnn` command: its verbs, and how what goes wrong becomes one sentence and an exit code. */
import { InputError } from '@surge-bnn/contract';
import { Command, CommanderError } from 'commander';
import { reportFailure } from './terminal/failure.js';
import { survivesClosedPipe } from './terminal/output.js';
import { addCompare } from './verbs/compare.js';
import { addConvert } from './verbs/convert.js';
import { addData } from './verbs/data.js';
import { addDemo } from './verbs/demo.js';
import { addDoctor } from './verbs/doctor.js';
import { addEvaluate } from './verbs/evaluate.js';
import { addExport } from './verbs/export.js';
import { addMethods } from './verbs/methods.js';
import { addNetworks } from './verbs/networks.js';
import { addPredict } from './verbs/predict.js';
import { addSummary } from './verbs/summary.js';
import { addTrain } from './verbs/train.js';
import { version } from './workspace.js';

/** What a verb hands back: 0 or nothing for success, else the exit code. */
export type ExitCode = number | undefined;

/**
 * Runs the command line.
 *
 * @returns the exit code: 0, 1 (a defect of ours), 2 (the user's input), 130 (interrupted).
 */
export async function runCli(args: readonly string[]): Promise<number> {
  survivesClosedPipe(() => undefined);
  let exitCode: ExitCode;
  const program = makeProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode ?? 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error);
    // --help and --version end this way too; called without a verb it printed the help.
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    return reportFailure(new InputError(oneSentence(error.message)));
  }
}

function makeProgram(finish: (code: ExitCode) => void): Command {
  const program = new Command('surge-bnn')
    .description(
      'Train binary neural networks with SURGE: weights and activations of one bit, and a second, ' +
        'full-precision path for the gradient that is dropped after training.',
    )
    .version(version())
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(helpOnly(text)) })
    .addHelpText(
      'after',
      `
Start here:
  $ surge-bnn demo                          train a small network twice, with and without SURGE
  $ surge-bnn doctor                        what this machine has, and what to do next
  $ surge-bnn train digits-small            one run; the folder runs/ gets its results
  $ surge-bnn convert RUN                   its network as a file of packed bits, with a proof
  $ surge-bnn train --help                  every verb explains itself

Exit codes: 0 all went well, 2 your input needs a change, 130 interrupted, 1 a defect of ours.`,
    );
  for (const add of [
    addTrain,
    addCompare,
    addEvaluate,
    addConvert,
    addExport,
    addPredict,
    addSummary,
    addData,
    addMethods,
    addNetworks,
    addDoctor,
    addDemo,
  ]) {
    add(program, finish);
  }
  return program;
}

/** Commander prints errors itself and then throws them; we print them once, as all others. */
function helpOnly(text: string): string {
  return text.startsWith('error: ') ? '' : text;
}

/** "error: unknown option '--x'\n(Did you mean --y?)" in one line, without the label. */
function oneSentence(message: string): string {
  return message
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
}
