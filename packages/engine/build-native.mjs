/**
 * Compiles native/ to the addon of the native provider (native/build/Release/surge_native.node) with node-gyp.
 *
 *   node build-native.mjs            build when a source is newer than the addon
 *   node build-native.mjs --force    build in any case
 *   node build-native.mjs --optional where something is missing, say so in one line and succeed
 *
 * Needs a C++17 compiler (GCC or Clang), make, python3 and oneDNN (Debian: libdnnl-dev). `--optional` as root on Debian installs
 * libdnnl-dev when that is all that is missing, and says so. SURGE_SANITIZE=address,undefined builds with sanitizers.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const native = path.join(here, 'native');
const addon = path.join(native, 'build/Release/surge_native.node');
const optional = process.argv.includes('--optional');

if (process.argv.includes('--force') || isStale()) {
  const missing = missingPart();
  if (missing === undefined) build();
  else if (optional) say(`the native engine is left out: ${missing}; surge-wasm does its work`);
  else fail(`the native engine cannot be built: ${missing}`);
}

function isStale() {
  if (!existsSync(addon)) return true;
  const sources = [
    'binding.gyp',
    ...readdirSync(path.join(native, 'src'), { recursive: true }).map((name) => `src/${name}`),
  ];
  return sources.some(
    (name) => statSync(path.join(native, name)).mtimeMs > statSync(addon).mtimeMs,
  );
}

/** What keeps the addon from being built, as the end of a sentence; undefined: nothing. */
function missingPart() {
  if (process.platform === 'win32')
    return 'it needs GCC or Clang, which it does not look for on Windows';
  const compiler = process.env.CXX ?? 'c++';
  const answers = (command, args, input) =>
    spawnSync(command, args, { input, encoding: 'utf8' }).status === 0;
  if (!answers(compiler, ['--version']))
    return `no C++ compiler (${compiler}); on Debian: apt-get install g++ make`;
  if (!answers('make', ['--version'])) return 'no make; on Debian: apt-get install make';
  if (!answers('python3', ['--version'])) return 'no python3, which node-gyp runs on';
  const hasOneDnn = () =>
    answers(
      compiler,
      ['-std=c++17', '-fsyntax-only', '-x', 'c++', '-'],
      '#include <oneapi/dnnl/dnnl.hpp>\n',
    );
  if (hasOneDnn()) return undefined;
  const canInstall = optional && process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (canInstall) {
    say('installing oneDNN for the native engine (apt-get install libdnnl-dev)');
    const install = () =>
      answers('apt-get', ['install', '-y', '--no-install-recommends', 'libdnnl-dev']);
    // A new machine has no package lists yet.
    if (install() || (answers('apt-get', ['update']) && install()))
      return hasOneDnn() ? undefined : 'libdnnl-dev brought no dnnl.hpp';
  }
  return `no oneDNN headers (oneapi/dnnl/dnnl.hpp); on Debian: apt-get install libdnnl-dev, elsewhere: oneDNN 2 or 3`;
}

function build() {
  const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const args = [gyp, 'rebuild', '--directory', native, '--jobs', 'max'];
  // Headers that came with this Node need no download.
  const prefix = path.resolve(process.execPath, '../..');
  if (!process.env.npm_config_nodedir && existsSync(path.join(prefix, 'include/node/node_api.h')))
    args.push(`--nodedir=${prefix}`);
  const start = performance.now();
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status === 0) {
    say(`built the native engine in ${((performance.now() - start) / 1000).toFixed(0)} s`);
    return;
  }
  const output = [result.stdout, result.stderr, result.error?.message]
    .filter(Boolean)
    .join('\n')
    .trim();
  const tail = output.split('\n').slice(-30).join('\n');
  if (optional)
    say(
      `the native engine is left out: it did not compile; surge-wasm does its work. To see why: npm run build:native`,
    );
  else fail(`the native engine did not compile; node-gyp said:\n${tail}`);
}

function say(sentence) {
  process.stdout.write(`${sentence}\n`);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
