/**
 * Where a verb writes. Results go to standard output, progress and remarks to standard error, so that
 * `surge-bnn compare ... > table.txt` and `--json | jq` get results alone.
 */

export interface Output {
  /** A result: text, or with --json the one JSON document. */
  result(text: string): void;
  /** A remark for the person who waits; silent with --json and --quiet. */
  note(text: string): void;
  /** True where a progress bar may draw. */
  readonly interactive: boolean;
  /** --json: results as JSON and nothing else. */
  readonly json: boolean;
  readonly quiet: boolean;
}

export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The process's own streams. */
export function processOutput(flags: OutputFlags = {}): Output {
  const json = flags.json ?? false;
  const quiet = (flags.quiet ?? false) || json;
  return {
    json,
    quiet,
    interactive: !quiet && process.stderr.isTTY,
    result: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => {
      if (!quiet) process.stderr.write(`${text}\n`);
    },
  };
}

/** Prints a value as JSON with --json, else as the text that `format` makes of it. */
export function print<T>(output: Output, value: T, format: (value: T) => string): void {
  output.result(output.json ? JSON.stringify(value, null, 2) : format(value));
}

/**
 * `surge-bnn data list | head -1`: the reader closes the pipe while we still write. That is no error of
 * anybody's; what would have been written is dropped, and `onClosed` may end longer work.
 */
export function survivesClosedPipe(onClosed: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      onClosed();
    });
  }
}
