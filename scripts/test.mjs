// @ts-check
/**
 * `npm test`: set-up, lint, format, types, then the unit tests with coverage; all of them even when one fails,
 * so that one run shows everything. The last line is `N passed, N failed`: tests from vitest's JSON
 * report, and every failed check (or a test file that did not load) as one more failure.
 *
 * `npm test -- --long` damages 100,000 model files and draws 2,000 convolutions instead of a few (some minutes); all other arguments go
 * to vitest (`npm test -- packages/core`).
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { countResults } from './test-results.mjs';

const isLong = process.argv.includes('--long');
if (isLong) process.env['SURGE_FUZZ_RUNS'] = '100000';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const reportFile = path.join(root, '.cache/vitest.json');

/** @type {[string, string, string[]][]} */
const checks = [
  ['lint', 'node_modules/eslint/bin/eslint.js', ['.']],
  ['format', 'node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']],
  ['types', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.check.json']],
];
// Nothing below can run without what set-up installs and builds.
const ready = passes('set-up', 'scripts/setup.mjs', []);
if (!ready) finish({ passed: 0, failed: 1 });

const failed = checks.filter(([name, script, args]) => !passes(name, script, args));

mkdirSync(path.dirname(reportFile), { recursive: true });
rmSync(reportFile, { force: true });
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
const unitTests = passes('tests', 'node_modules/vitest/vitest.mjs', [
  'run',
  '--coverage',
  ...reporters,
  ...process.argv.slice(2).filter((argument) => argument !== '--long'),
]);

const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : undefined;
const counts = countResults(report, unitTests, failed.length);
if (failed.length > 0) console.log(`failed checks: ${failed.map(([name]) => name).join(', ')}`);
finish(counts);

/**
 * @param {{ passed: number, failed: number }} counts
 * @returns {never}
 */
function finish({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

/**
 * @param {string} name
 * @param {string} script
 * @param {readonly string[]} args
 */
function passes(name, script, args) {
  const start = performance.now();
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${name}: ${result.status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  return result.status === 0;
}
