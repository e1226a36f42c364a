/**
 * How a command ends badly: a user's mistake is one sentence and exit code 2, a defect of ours is its
 * stack and exit code 1.
 */
import { InputError } from '@surge-bnn/contract';

export function reportFailure(error: unknown): number {
  if (error instanceof InputError) {
    process.stderr.write(`surge-bnn: ${error.message}\n`);
    return error.exitCode;
  }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `surge-bnn: this is a defect of surge-bnn, not of your input; please report it with these lines:\n${details}\n`,
  );
  return 1;
}
