/**
 * How a command ends badly: a user's mistake is one sentence and exit code 2, a defect of ours is its
 * stack and exit code 1.
 */
import { asOutOfMemory } from '@surge-bnn/contract';

export function reportFailure(error: unknown): number {
  const mistake = isUsersMistake(error) ? error : asOutOfMemory(error);
  if (mistake !== undefined) {
    process.stderr.write(`surge-bnn: ${mistake.message}\n`);
    return 2;
  }
  // A conversion that its own proof refused: the sentence says all, the stack would say nothing.
  if (error instanceof Error && error.name === 'DisagreementError') {
    process.stderr.write(`surge-bnn: ${error.message}\n`);
    return 1;
  }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `surge-bnn: this is a defect of surge-bnn, not of your input; please report it with these lines:\n${details}\n`,
  );
  return 1;
}

/** InputError and the runtime's ModelFileError, which knows no other package: both say so by their exit code. */
function isUsersMistake(error: unknown): error is Error {
  return error instanceof Error && 'exitCode' in error && error.exitCode === 2;
}
