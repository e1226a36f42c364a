import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { importDirection } from '../scripts/lint/import-direction.mjs';
import { ENTRIES, ROOMS, SCOPE } from '../scripts/lint/rooms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the rule says about one line of code in one file of the workspace. */
function complaints(file: string, code: string): (string | undefined)[] {
  const linter = new Linter({ configType: 'flat', cwd: root });
  const config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser as Linter.Parser },
    plugins: { surge: { rules: { 'import-direction': importDirection } } },
    rules: { 'surge/import-direction': 'error' as const },
  };
  return linter.verify(code, [config], { filename: `${root}${file}` }).map((m) => m.messageId);
}

describe('the import-direction rule', () => {
  it.each([
    ['packages/core/src/ops.ts', `import { x } from '@surge-bnn/engine';`],
    ['packages/core/src/ops.ts', `import type { X } from '@surge-bnn/engine';`],
    ['packages/core/src/ops.ts', `export * from '@surge-bnn/train';`],
    ['packages/core/src/ops.ts', `export { x } from '@surge-bnn/models';`],
    ['packages/core/src/ops.ts', `const x = await import('@surge-bnn/data');`],
    ['packages/core/src/ops.ts', `type X = import('@surge-bnn/data').X;`],
    ['packages/core/src/ops.test.ts', `import { x } from '@surge-bnn/engine';`],
    ['packages/contract/src/a.ts', `import { x } from '@surge-bnn/core';`],
    ['packages/models/src/a.ts', `import { x } from '@surge-bnn/train';`],
    ['packages/train/src/a.ts', `import { x } from '@surge-bnn/cli';`],
    ['packages/core/src/a.ts', `import { x } from '../../engine/src/a.js';`],
  ])('refuses in %s: %s', (file, code) => {
    expect(complaints(file, code)).toEqual(['upward']);
  });

  it.each([
    ['packages/core/src/a.ts', `import { x } from '@surge-bnn/contract/dist/kernels.js';`],
    ['packages/core/src/a.ts', `import { x } from '../../contract/src/kernels.js';`],
    ['packages/train/src/a.ts', `import { x } from '@surge-bnn/data/node';`],
    ['packages/train/src/a.ts', `import { x } from '@surge-bnn/core/browser';`],
    ['tests/a.test.ts', `import { x } from '../packages/core/src/ops.js';`],
    ['benchmarks/a.ts', `import { x } from '@surge-bnn/engine/src/a.js';`],
  ])('refuses the deep import in %s: %s', (file, code) => {
    expect(complaints(file, code)).toEqual(['deep']);
  });

  it.each([
    ['packages/core/src/ops/a.ts', `import { InputError } from '@surge-bnn/contract';`],
    ['packages/core/src/ops/a.ts', `import { b } from '../b.js';`],
    ['packages/core/src/a.ts', `import * as tf from '@tensorflow/tfjs-core';`],
    ['packages/cli/src/a.ts', `import { x } from '@surge-bnn/train';`],
    ['packages/train/src/a.ts', `import { x } from '@surge-bnn/data/browser';`],
    ['tests/a.test.ts', `import { x } from '@surge-bnn/engine';`],
    ['tests/a.test.ts', `import { x } from './fixtures/a.js';`],
  ])('allows in %s: %s', (file, code) => {
    expect(complaints(file, code)).toEqual([]);
  });

  it('refuses a package without a row and a package that does not exist', () => {
    expect(complaints('packages/newcomer/src/a.ts', `export const a = 1;`)).toEqual(['noRow']);
    expect(complaints('packages/cli/src/a.ts', `import '@surge-bnn/nobody';`)).toEqual(['unknown']);
  });
});

describe('the table of rooms', () => {
  const folders = readdirSync(`${root}packages`).filter((name) =>
    existsSync(`${root}packages/${name}/package.json`),
  );

  it.each(folders)('agrees with what packages/%s/package.json depends on', (name) => {
    expect(Object.keys(ROOMS)).toContain(name);
    const manifest = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8')) as {
      dependencies?: Record<string, string>;
      exports: Record<string, unknown>;
    };
    const entries = (ENTRIES[name] ?? []).map((entry) => `./${entry}`);
    expect(Object.keys(manifest.exports)).toEqual(['.', ...entries]);
    const ours = Object.keys(manifest.dependencies ?? {}).filter((d) => d.startsWith(SCOPE));
    expect(ROOMS[name]).toEqual(expect.arrayContaining(ours.map((d) => d.slice(SCOPE.length))));
  });

  it('has no circle', () => {
    const reach = (room: string, seen: readonly string[]): void => {
      expect(seen).not.toContain(room);
      for (const next of ROOMS[room]) reach(next, [...seen, room]);
    };
    Object.keys(ROOMS).forEach((room) => reach(room, []));
  });
});
