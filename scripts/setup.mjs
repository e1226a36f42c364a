// @ts-check
/**
 * From a bare clone to something that runs, with Node and npm alone: `node scripts/setup.mjs`. It does
 * only what is missing, says what and why in one line per step, and prints nothing when all is there.
 * No dependency: it runs before `npm ci` did. Importing it starts it, so nothing imports it.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = 20;

checkNode();
if (!dependenciesInstalled()) {
  step('Installing the locked dependencies into node_modules (npm ci), as package-lock.json asks');
  run('installing the dependencies failed', 'npm', ['ci', '--no-audit', '--no-fund']);
}
const engine = path.join(root, 'packages/engine');
// Says itself what it compiles, and nothing where all is there.
run('compiling the WebAssembly kernels failed', process.execPath, [
  path.join(root, 'scripts/build-wasm.mjs'),
]);
// It says itself what it does, and where it cannot be built why. Nothing below depends on it.
spawnSync(process.execPath, [path.join(engine, 'build-native.mjs'), '--optional'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (packageFolders().some(isStale)) {
  step('Compiling the TypeScript sources (packages/*/dist)');
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  run('compiling the TypeScript sources failed', process.execPath, [tsc, '-b']);
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    fail(
      `surge-bnn needs Node ${OLDEST_NODE} or newer, this is ${process.version}: see nodejs.org`,
    );
  }
}

/**
 * Does node_modules hold what package-lock.json asks for? npm writes what it installed to
 * node_modules/.package-lock.json as its last act, so an interrupted install counts as none.
 */
function dependenciesInstalled() {
  const hidden = path.join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = lockedPackages(path.join(root, 'package-lock.json'));
  const present = lockedPackages(hidden);
  return Object.entries(wanted).every(([folder, entry]) => {
    // Workspaces themselves stand in the lock only; packages of other platforms may be left out.
    if (!folder.startsWith('node_modules/') || entry.link || entry.optional) return true;
    return present[folder]?.version === entry.version;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, link?: boolean, optional?: boolean }>}
 */
function lockedPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

function packageFolders() {
  const packages = path.join(root, 'packages');
  return readdirSync(packages).map((name) => path.join(packages, name));
}

/**
 * Is a source newer than the compiler's record of its last run over the package?
 *
 * @param {string} folder
 */
function isStale(folder) {
  const config = path.join(folder, 'tsconfig.json');
  if (!existsSync(config)) return false;
  const built = modified(path.join(folder, 'dist/.tsbuildinfo'));
  return newest([path.join(folder, 'src'), config, path.join(root, 'tsconfig.base.json')]) > built;
}

/**
 * The latest change in files and, with all they hold, folders; tests do not count. 0 for nothing.
 *
 * @param {readonly string[]} places
 * @returns {number}
 */
function newest(places) {
  return Math.max(
    0,
    ...places.map((place) => {
      if (!existsSync(place) || place.endsWith('.test.ts')) return 0;
      if (!statSync(place).isDirectory()) return modified(place);
      return newest(readdirSync(place).map((name) => path.join(place, name)));
    }),
  );
}

/** @param {string} file */
function modified(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

/** @param {string} text */
function step(text) {
  console.log(`setup: ${text}`);
}

/**
 * Runs a command to its end; its output is shown only when it fails.
 *
 * @param {string} failure
 * @param {string} command
 * @param {readonly string[]} args
 */
function run(failure, command, args) {
  // On Windows npm is a .cmd file, which only a shell starts.
  const shell = process.platform === 'win32' && command === 'npm';
  // Of onnxruntime-node the tests need what its package holds, not the gigabytes for GPUs that its install script fetches.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell, env });
  if (result.status === 0) return;
  const output = [result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n');
  fail(`${failure} (${command} ${args.join(' ')}); it said:\n${output.trim()}`);
}

/**
 * @param {string} sentence
 * @returns {never}
 */
function fail(sentence) {
  console.error(`setup: ${sentence}`);
  process.exit(1);
}
