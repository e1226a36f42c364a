// @ts-check
/**
 * `npm run fuzz -- --files 100000`: loads and runs that many damaged model files in a worker thread, and reports every crash, hang,
 * exception that is no ModelFileError, growth of memory, and output that differs from the reference kernels'. A file is a
 * seed and a number: `--seed 1 --only 4711` tries one again. Files that were found out are written to .cache/fuzz/.
 *
 * Exit codes: 0 nothing was found, 1 something was, 2 the arguments need a change.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { watchWorkers } from './fuzz/watch.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = path.join(root, '.cache/fuzz');

/** Most memory of one model; its file and its twin on the reference kernels come on top. */
const maxMemoryBytes = 2 ** 24;

const { seed, from, files, seconds, options } = readArguments();
const { worker, damagedFile, tryFile } = await program();
await checkOptions();

const found = new Set();
const counts = await watchWorkers({
  worker,
  workerOptions: { resourceLimits: { maxOldGenerationSizeMb: 512 } },
  task: { seed, options, mostGrowth: 8 * maxMemoryBytes },
  from,
  to: from + files,
  patience: 10 * seconds,
  onFinding: report,
  onProgress: (number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${number - from} of ${files} files`);
  },
});
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
console.log(
  `${files} damaged files, seed ${seed}, numbers ${from} to ${from + files - 1}, ${JSON.stringify(options)}: ` +
    `${counts.refused} refused, ${counts.ran} ran, ${counts.notRun} read and not run (memory, NaN), ${found.size} found out`,
);
process.exit(found.size === 0 ? 0 : 1);

/** @param {{ number: number, what: string }} finding */
function report({ number, what }) {
  found.add(number);
  const { name, bytes } = damagedFile(seed, number);
  const file = path.join(folder, `${seed}-${number}.bnn`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, bytes);
  console.log(`number ${number} (${name}; ${path.relative(root, file)}): ${what}`);
}

function readArguments() {
  const { values } = parsed();
  const only = integer('only', values.only, 0);
  const load = {
    maxMemoryBytes,
    ...(values.kernels !== undefined && { kernels: values.kernels }),
    ...(values.arithmetic !== undefined && { arithmetic: values.arithmetic }),
    ...(values.threads !== undefined && { threads: integer('threads', values.threads, 1) }),
  };
  return {
    seed: integer('seed', values.seed, 0) ?? 1,
    from: only ?? integer('from', values.from, 0) ?? 0,
    files: only !== undefined ? 1 : (integer('files', values.files, 1) ?? 10_000),
    seconds: integer('seconds', values.seconds, 1) ?? 10,
    options: load,
  };
}

function parsed() {
  const text = /** @type {const} */ ({ type: 'string' });
  const names = ['files', 'seed', 'from', 'only', 'kernels', 'arithmetic', 'threads', 'seconds'];
  try {
    return parseArgs({ options: Object.fromEntries(names.map((name) => [name, text])) });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} name
 * @param {string | undefined} value
 * @param {number} least
 */
function integer(name, value, least) {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number < 2 ** 31) return number;
  return fail(`--${name} is "${value}"; allowed: integers from ${least} to 2147483647`);
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message);
  process.exit(2);
}

/** What load does not know must not pass for a file that it refuses. */
async function checkOptions() {
  try {
    const { whole } = damagedFile(seed, from);
    if ((await tryFile(whole, options)) === 'ran') return;
  } catch (error) {
    fail(`a file that is not damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
  fail(`load does not run a file that is not damaged with ${JSON.stringify(options)}`);
}

/** The sources and the tests' models, bundled, because Node does not run TypeScript. */
async function program() {
  const sources = path.join(root, 'packages/runtime/src/fuzz');
  const outDir = path.join(folder, 'program');
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rolldownOptions: {
        input: {
          worker: path.join(sources, 'worker.fixture.ts'),
          files: path.join(sources, 'damaged-file.fixture.ts'),
          trial: path.join(sources, 'try-file.fixture.ts'),
        },
      },
    },
  });
  /** @param {string} name @returns {Promise<any>} */
  const module = (name) => import(pathToFileURL(path.join(outDir, `${name}.js`)).href);
  const [{ damagedFile }, { tryFile }] = [await module('files'), await module('trial')];
  return { worker: path.join(outDir, 'worker.js'), damagedFile, tryFile };
}
