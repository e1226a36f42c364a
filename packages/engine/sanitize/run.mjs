/**
 * `npm run test:native-sanitized`: the native provider's kernels under AddressSanitizer and UndefinedBehaviorSanitizer, every case
 * list on every instruction set that this CPU runs, and 1,000 further calls of each kernel in which memory must not grow.
 *
 * Builds the addon a second time into .cache/native-sanitized (two minutes; only what changed the next time); the usual build stays
 * as it is. Needs GCC, whose sanitizers are libraries that can be loaded into Node before everything else.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const native = path.join(here, '../native');
const copy = path.join(here, '../../../.cache/native-sanitized');
const addon = path.join(copy, 'build/Release/surge_native.node');

const libraries = sanitizerLibraries();
build();
const sets = child('sets').stdout.trim().split(' ');
let failed = 0;
for (const set of sets) {
  const { status, stdout, stderr } = child('cases', set);
  process.stdout.write(stdout);
  if (status === 0) continue;
  failed += 1;
  process.stdout.write(`${set}: FAILED\n${whatHappened(stderr)}\n`);
}
process.stdout.write(`${sets.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

/** The case that failed, and what the sanitizer or the comparison says of it. */
function whatHappened(stderr) {
  const lines = stderr.trim().split('\n');
  const report = lines.findIndex((line) => /runtime error|ERROR: AddressSanitizer/.test(line));
  return (report < 0 ? lines.slice(-2) : lines.slice(Math.max(0, report - 2), report + 12)).join(
    '\n',
  );
}

/** The sanitizers' run-time libraries and the C++ library, whose exceptions they must see, as GCC knows them. */
function sanitizerLibraries() {
  return ['libasan.so', 'libubsan.so', 'libstdc++.so.6'].map((name) => {
    const { status, stdout } = spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' });
    const file = status === 0 ? stdout.trim() : name;
    // GCC answers with the bare name for what it does not have.
    if (!path.isAbsolute(file)) fail(`${name} was not found; it comes with GCC (gcc, g++)`);
    return file;
  });
}

function build() {
  mkdirSync(copy, { recursive: true });
  for (const part of ['binding.gyp', 'src']) {
    cpSync(path.join(native, part), path.join(copy, part), {
      recursive: true,
      preserveTimestamps: true,
    });
  }
  const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const prefix = path.resolve(process.execPath, '../..');
  const hasHeaders = existsSync(path.join(prefix, 'include/node/node_api.h'));
  const args = ['configure', 'build', '--directory', copy, '--jobs', 'max'];
  if (hasHeaders && !process.env.npm_config_nodedir) args.push(`--nodedir=${prefix}`);
  const env = { ...process.env, SURGE_SANITIZE: 'address,undefined', CC: 'gcc', CXX: 'g++' };
  process.stdout.write('Compiling the native engine with sanitizers (.cache/native-sanitized)\n');
  const result = spawnSync(process.execPath, [gyp, ...args], { env, encoding: 'utf8' });
  if (result.status !== 0) {
    fail(
      `it did not compile; node-gyp said:\n${`${result.stdout}\n${result.stderr}`.slice(-4000)}`,
    );
  }
}

/** cases.mjs in a Node that has the sanitizers in it. */
function child(task, set = '') {
  const env = {
    ...process.env,
    SURGE_ISA: set,
    LD_PRELOAD: libraries.join(' '),
    // Node itself ends without freeing what it has, which would be thousands of leaks; cases.mjs looks for ours. A small quarantine
    // of freed memory, or growth would not tell anything.
    ASAN_OPTIONS:
      'detect_leaks=0:halt_on_error=1:quarantine_size_mb=8:detect_stack_use_after_return=0',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
  const args = ['--expose-gc', path.join(here, 'cases.mjs'), addon, task];
  return spawnSync(process.execPath, args, { env, encoding: 'utf8', maxBuffer: 1 << 26 });
}

function fail(sentence) {
  process.stderr.write(`test:native-sanitized: ${sentence}\n`);
  process.exit(1);
}
