/** The command line of a benchmark: a mistake is one sentence and exit code 2. */
import { parseArgs } from 'node:util';

/** @param program its name, for the sentence. */
export function commandLine(program) {
  const refuse = (sentence) => {
    console.error(`${program}: ${sentence} (--help explains the options)`);
    process.exit(2);
  };
  return {
    refuse,
    /** The values that parseArgs finds. */
    parse(args, options) {
      try {
        return parseArgs({ args, options }).values;
      } catch (error) {
        return refuse(error.message);
      }
    },
    /** "a,b" as a list of allowed names; `fallback` where nothing is given. */
    list(name, given, allowed, fallback) {
      if (given === undefined) return fallback;
      const chosen = given.split(',');
      const wrong = chosen.find((item) => !allowed.includes(item));
      if (wrong !== undefined) {
        refuse(`--${name}: "${wrong}" does not exist; allowed: ${allowed.join(', ')}`);
      }
      return chosen;
    },
    count(name, given) {
      const value = Number(given);
      if (!Number.isInteger(value) || value < 1) refuse(`--${name} must be a whole number >= 1`);
      return value;
    },
  };
}
