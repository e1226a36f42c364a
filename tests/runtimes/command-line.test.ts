/** The built runtime as npm installs it, in plain Node and in Deno, against PackedModel.run of the sources, bit for bit. */
import { execFile, spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bitsOf, makeCases, outputsInNode, writeCases } from './cases.js';
import { root } from './engines.js';
import type { Engine } from './engines.js';
import { projectWithRuntime } from './installed.js';

const run = promisify(execFile);

/** An npm package: a script that Node starts, which starts the program of this platform. */
const denoScript = path.join(root, 'node_modules/deno/bin.cjs');
const denoIsThere = spawnSync(process.execPath, [denoScript, '--version']).status === 0;
const deno: Engine = {
  program: denoIsThere ? denoScript : undefined,
  title: 'Deno (skipped where it is not there: npm install deno)',
};

describe('the installed runtime', () => {
  let project: string;
  let wanted: Uint32Array;
  beforeAll(async () => {
    const script = (name: string) => readFile(path.join(root, 'tests/runtimes', name), 'utf8');
    project = await projectWithRuntime({
      'run-cases.mjs': await script('run-cases.mjs'),
      'command-line.mjs': await script('command-line.mjs'),
    });
    const cases = await makeCases();
    await writeCases(path.join(project, 'cases'), cases);
    wanted = bitsOf(await outputsInNode(cases));
  });
  afterAll(() => rm(project, { recursive: true }));

  const check = async (
    engine: string,
    threads: number,
    ...args: readonly string[]
  ): Promise<void> => {
    const env = { ...process.env, DENO_DIR: path.join(project, 'deno'), DENO_NO_UPDATE_CHECK: '1' };
    const { stdout } = await run(
      process.execPath,
      [...args, 'command-line.mjs', 'cases', `${threads}`],
      {
        cwd: project,
        env,
      },
    );
    const said = JSON.parse(stdout) as { engine: string; outputs: string };
    expect(said.engine).toBe(engine);
    expect(bitsOf(Buffer.from(said.outputs, 'base64'))).toEqual(wanted);
  };

  describe.each([1, 2])('on %i thread(s)', (threads) => {
    it('gives the same bits in Node', () => check('node', threads));

    it.skipIf(deno.program === undefined)(`gives the same bits in ${deno.title}`, () =>
      // It may read the models and nothing else: no network, no environment, no file to write.
      check('deno', threads, deno.program ?? '', 'run', '--no-prompt', '--allow-read=cases'),
    );
  });
});
