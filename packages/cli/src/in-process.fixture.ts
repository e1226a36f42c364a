/** The command without a process of its own, which takes longer than a refusal. */
import { expect, vi } from 'vitest';
import type { Result } from './cli.fixture.js';
import { runCli } from './program.js';

export async function inThisProcess(...args: string[]): Promise<Result> {
  const written = { out: '', err: '' };
  const capture = (stream: NodeJS.WriteStream, name: keyof typeof written) =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  const spies = [capture(process.stdout, 'out'), capture(process.stderr, 'err')];
  try {
    return { code: await runCli(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** What it prints with --json, and nothing on standard error. */
export async function jsonOf<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await inThisProcess(...args, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as T;
}
