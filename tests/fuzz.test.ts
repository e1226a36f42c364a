/** `npm run fuzz` as a user runs it, and its watch over workers that hang and die. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { watchWorkers } from '../scripts/fuzz/watch.mjs';

const script = fileURLToPath(new URL('../scripts/fuzz.mjs', import.meta.url));
const fuzz = (...args: string[]) =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });

describe('npm run fuzz', () => {
  it('tries files and counts what became of them', () => {
    const { status, stdout, stderr } = fuzz('--files', '60', '--seed', '5', '--kernels', 'wasm');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [, refused, ran, rest, found] =
      /^60 damaged files, seed 5, numbers 0 to 59, .*"kernels":"wasm".*: (\d+) refused, (\d+) ran, (\d+) .* (\d+) found out\n$/.exec(
        stdout,
      ) ?? [];
    expect(Number(refused) + Number(ran) + Number(rest)).toBe(60);
    expect(Number(refused)).toBeGreaterThan(20);
    expect(found).toBe('0');
  });

  it.each([
    [
      ['--kernels', 'quick'],
      /a file that is not damaged: .*kernels is "quick"; allowed: auto, wasm, reference/,
    ],
    [['--files', 'many'], /^--files is "many"; allowed: integers from 1 to/],
    [['--only', '-1'], /only/],
    [['--fast'], /--fast/],
  ])('refuses %s', (args, message) => {
    const { status, stdout, stderr } = fuzz(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('the watch', () => {
  const worker = `
    const { parentPort, workerData } = require('node:worker_threads');
    const progress = new Int32Array(workerData.progress);
    for (let number = workerData.from; number < workerData.to; number++) {
      Atomics.store(progress, 0, number);
      if (number === 3) for (;;);
      if (number === 5) throw new TypeError('no such thing');
      if (number === 6) process.exit(9);
      if (number === 8) parentPort.postMessage({ number, what: 'threw' });
      Atomics.add(progress, 1 + (number % 3), 1);
    }`;

  it('finds what hangs, dies or is wrong, by its number, and goes on behind it', async () => {
    const findings: { number: number; what: string }[] = [];
    const counts = await watchWorkers({
      worker,
      workerOptions: { eval: true },
      task: {},
      from: 1,
      to: 10,
      patience: 40,
      onFinding: (finding) => findings.push(finding),
    });
    expect(findings).toEqual([
      { number: 3, what: 'took more than 4 s' },
      { number: 5, what: 'ended the worker: no such thing' },
      { number: 6, what: 'ended the worker: code 9' },
      { number: 8, what: 'threw' },
    ]);
    // 9; 1, 4, 7; 2, 8.
    expect(counts).toEqual({ refused: 1, notRun: 3, ran: 2 });
  });
});
