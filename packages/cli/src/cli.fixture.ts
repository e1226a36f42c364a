/** Runs the built command as a user does: another process, its streams and its exit code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Run {
  readonly process: ChildProcess;
  readonly done: Promise<Result>;
  /** Settles when standard error holds the text. */
  said(text: string): Promise<void>;
}

export function start(args: readonly string[], env: Record<string, string> = {}): Run {
  if (!existsSync(main)) throw new Error('packages/cli/dist is missing: npm run setup');
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    for (const listener of listeners) listener();
  });
  const done = new Promise<Result>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out, err });
    });
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!err.includes(text)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      void done.then(() => {
        reject(new Error(`ended without saying "${text}": ${err}`));
      });
    });
  return { process: child, done, said };
}

export function cli(...args: string[]): Promise<Result> {
  return start(args).done;
}

/** A recipe that trains in a second or two: a few digits, a small perceptron, evaluation on held-out digits. */
export const tinyRecipe = {
  name: 'tiny',
  data: { name: 'digits', trainLimit: 160, holdOut: 0.01 },
  network: { name: 'mlp', options: { depth: 2, units: 16 } },
  compensator: { eta: 0.1 },
  optimizer: { name: 'adam', learningRate: 0.01 },
  epochs: 2,
  batchSize: 32,
};
