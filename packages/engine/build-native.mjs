/**
 * Compiles native/ to the addon of the native provider (native/build/Release/surge_native.node) with node-gyp.
 *
 *   node build-native.mjs            build when a source is newer than the addon
 *   node build-native.mjs --force    build in any case
 *   node build-native.mjs --optional for the set-up: where it cannot be built, say so in one line and succeed
 *
 * Needs a C++17 compiler (GCC or Clang), make, python3 and oneDNN (Debian: libdnnl-dev). `--optional` as root on Debian installs
 * libdnnl-dev when that is all that is missing, and says so. What it left out and why is kept in native/build/left-out.json: it
 * looks again when a source, an environment variable or a folder in which programs and headers stand has changed, or a day has
 * passed, and repeats a reason only after that day. SURGE_SANITIZE=address,undefined builds with sanitizers.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const native = path.join(here, 'native');
const addon = path.join(native, 'build/Release/surge_native.node');
const leftOut = path.join(native, 'build/left-out.json');
const optional = process.argv.includes('--optional');
const A_DAY = 24 * 3600 * 1000;
/** What the last look said, if it was less than a day ago and did not find what it needs. */
const lastLook = Date.now() - modified(leftOut) < A_DAY ? readLook() : undefined;

if (process.argv.includes('--force') || (isStale() && !(optional && wasLeftOut()))) {
  try {
    const missing = missingPart();
    if (missing === undefined) build();
    else giveUp(missing);
  } catch (error) {
    // A set-up that works without the native engine must not break on it.
    giveUp(`looking for a compiler failed (${error.message})`);
  }
}

function isStale() {
  return modified(addon) < newestSource();
}

function newestSource() {
  const names = readdirSync(path.join(native, 'src'), { recursive: true });
  const sources = ['binding.gyp', ...names.map((name) => path.join('src', name))];
  return Math.max(...sources.map((name) => modified(path.join(native, name))));
}

/** Milliseconds of the last change; 0 for what is not there. */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Everything that an answer may depend on and that costs nothing to ask. */
function circumstances() {
  const { CXX, PATH = '', CPATH = '', CPLUS_INCLUDE_PATH = '', LIBRARY_PATH = '' } = process.env;
  const folders = [PATH, CPATH, CPLUS_INCLUDE_PATH, LIBRARY_PATH].flatMap((list) =>
    list.split(path.delimiter),
  );
  const places = [...folders, '/usr/include', '/usr/local/include'].filter(
    // npm's own folders come and go with the way in which this was called.
    (folder) => path.isAbsolute(folder) && !folder.includes('node_modules'),
  );
  return JSON.stringify([
    process.version,
    process.arch,
    process.getuid?.(),
    CXX,
    newestSource(),
    [...new Set(places)].map((folder) => [folder, modified(folder)]),
  ]);
}

function readLook() {
  try {
    return JSON.parse(readFileSync(leftOut, 'utf8'));
  } catch {
    return undefined;
  }
}

function wasLeftOut() {
  return lastLook?.circumstances === circumstances();
}

/** The native engine is left out: one line and a note for the next time, or without `--optional` an error. */
function giveUp(reason, details = '') {
  if (!optional) fail(`The native engine cannot be built: ${reason}${details}`);
  if (lastLook?.reason !== reason) {
    const instead = existsSync(addon)
      ? 'the one that was built before stays'
      : 'surge-wasm does its work';
    say(`The native engine is left out: ${reason}; ${instead}`);
  }
  try {
    mkdirSync(path.dirname(leftOut), { recursive: true });
    writeFileSync(leftOut, `${JSON.stringify({ reason, circumstances: circumstances() })}\n`);
  } catch {
    // A folder that nobody may write to: then it is said again the next time.
  }
}

/** What keeps the addon from being built, as the end of a sentence; undefined: nothing. */
function missingPart() {
  if (process.platform === 'win32')
    return 'it needs GCC or Clang, which it does not look for on Windows';
  const compiler = process.env.CXX ?? 'c++';
  if (!answers(compiler, ['--version']))
    return `no C++ compiler (${compiler}); on Debian: apt-get install g++ make`;
  if (!answers('make', ['--version'])) return 'no make; on Debian: apt-get install make';
  if (!answers('python3', ['--version']))
    return 'no python3, which node-gyp runs on; on Debian: apt-get install python3';
  if (nodeGyp() === undefined) return 'node-gyp is not installed; npm ci installs it';
  const hasOneDnn = () =>
    answers(
      compiler,
      ['-std=c++17', '-fsyntax-only', '-x', 'c++', '-'],
      '#include <oneapi/dnnl/dnnl.hpp>\n',
    );
  if (hasOneDnn()) return undefined;
  const canInstall = optional && process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (canInstall && answers('apt-get', ['--version'])) {
    say('Installing oneDNN for the native engine (apt-get install libdnnl-dev)');
    if (installOneDnn()) return hasOneDnn() ? undefined : 'libdnnl-dev brought no dnnl.hpp';
    return 'no oneDNN headers, and apt-get install libdnnl-dev failed';
  }
  return 'no oneDNN headers (oneapi/dnnl/dnnl.hpp); on Debian: apt-get install libdnnl-dev, elsewhere: oneDNN 2 or 3';
}

function installOneDnn() {
  // A machine without a network is told so in seconds, not minutes.
  const patience = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15'];
  const apt = (...args) => answers('apt-get', [...patience, ...args]);
  const install = () => apt('install', '-y', '--no-install-recommends', 'libdnnl-dev');
  // A new machine has no package lists yet.
  return install() || (apt('update') && install());
}

function answers(command, args, input) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { input, env, encoding: 'utf8' }).status === 0;
}

/** Its script, or undefined where development packages were left out. */
function nodeGyp() {
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return undefined;
  }
}

/**
 * Builds a copy of the sources and moves the addon to its place at the end: two builds at a time do not disturb each other, nor a
 * process that has the old one open, nor is there ever half a one.
 */
function build() {
  const workshop = path.join(native, 'build', `at-work-${process.pid}`);
  for (const part of ['binding.gyp', 'src'])
    cpSync(path.join(native, part), path.join(workshop, part), { recursive: true });
  process.on('exit', () => rmSync(workshop, { recursive: true, force: true }));
  const args = [nodeGyp(), 'rebuild', '--directory', workshop, '--jobs', 'max'];
  // Headers that came with this Node need no download.
  const prefix = path.resolve(process.execPath, '../..');
  if (!process.env.npm_config_nodedir && existsSync(path.join(prefix, 'include/node/node_api.h')))
    args.push(`--nodedir=${prefix}`);
  say('Compiling the native engine (packages/engine/native), about a minute');
  const start = performance.now();
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status === 0) {
    mkdirSync(path.dirname(addon), { recursive: true });
    renameSync(path.join(workshop, 'build/Release/surge_native.node'), addon);
    say(`Built the native engine in ${((performance.now() - start) / 1000).toFixed(0)} s`);
    return;
  }
  const output = [result.stdout, result.stderr, result.error?.message]
    .filter(Boolean)
    .join('\n')
    .trim();
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(output);
  const reason = offline
    ? "this Node's headers could not be downloaded (npm_config_nodedir names a folder that has them)"
    : 'it did not compile';
  const tail = output.split('\n').slice(-30).join('\n');
  giveUp(
    optional ? `${reason}, to see why: npm run build:native` : reason,
    `; node-gyp said:\n${tail}`,
  );
}

/** With `--optional` as a step of the set-up. */
function say(sentence) {
  process.stdout.write(optional ? `setup: ${sentence}\n` : `${sentence}\n`);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
