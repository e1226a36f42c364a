/** What a page may import: from each entry for browsers no chain of static imports leads to Node, or to a package that needs it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ENTRIES, SCOPE } from '../scripts/lint/rooms.mjs';
import { root } from './runtimes/engines.js';

/** Modules that a file imports when it is loaded: neither types nor what is imported on demand. */
function staticImports(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) => {
    const isImport = ts.isImportDeclaration(statement) && !statement.importClause?.isTypeOnly;
    const isExport = ts.isExportDeclaration(statement) && !statement.isTypeOnly;
    if (!isImport && !isExport) return [];
    const { moduleSpecifier } = statement;
    return moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? [moduleSpecifier.text] : [];
  });
}

/** The source behind a name, or undefined for what is not ours. */
function sourceOf(name: string, from: string): string | undefined {
  if (name.startsWith('.')) {
    return path.resolve(path.dirname(from), name.replace(/\.js$/, '.ts'));
  }
  if (!name.startsWith(SCOPE)) return undefined;
  const [room, entry = 'index'] = name.slice(SCOPE.length).split('/');
  return path.join(root, 'packages', room, 'src', `${entry}.ts`);
}

/** Names of foreign modules, each with a file that imports it. */
function foreignFrom(entry: string): Map<string, string> {
  const seen = new Set<string>();
  const foreign = new Map<string, string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const name of staticImports(file)) {
      const source = sourceOf(name, file);
      if (source === undefined) foreign.set(name, path.relative(root, file));
      // module.ts of the WebAssembly kernels is written by the build.
      else if (existsSync(source)) visit(source);
    }
  };
  visit(entry);
  return foreign;
}

const entries = Object.entries(ENTRIES).flatMap(([room, names]) =>
  names.map((name) => path.join('packages', room, 'src', `${name}.ts`)),
);

describe('in browsers', () => {
  it.each([
    ...entries,
    ...['contract', 'runtime', 'core', 'models', 'engine', 'converter'].map(
      (room) => `packages/${room}/src/index.ts`,
    ),
  ])('%s needs TF.js, zod, protobufjs and a tokenizer at most', (entry) => {
    const allowed =
      /^(@tensorflow\/tfjs-(core|layers|backend-cpu)|zod|protobufjs|@huggingface\/tokenizers)$/;
    const foreign = foreignFrom(path.join(root, entry));
    expect([...foreign].filter(([name]) => !allowed.test(name))).toEqual([]);
  });

  it('runtime needs nothing, its entry for texts the tokenizer, and that nothing', () => {
    const needs = (entry: string) => [...foreignFrom(path.join(root, entry)).keys()];
    expect(needs('packages/runtime/src/index.ts')).toEqual([]);
    expect(needs('packages/runtime/src/text.ts')).toEqual(['@huggingface/tokenizers']);
    expect(staticImports(fileURLToPath(import.meta.resolve('@huggingface/tokenizers')))).toEqual(
      [],
    );
  });

  it('the converter comes without the tokenizer, which it loads for texts alone', () => {
    const foreign = foreignFrom(path.join(root, 'packages/converter/src/index.ts'));
    expect([...foreign.keys()]).not.toContain('@huggingface/tokenizers');
  });

  it('the rest of data and train needs Node, which is why they have such an entry', () => {
    for (const room of ['data', 'train']) {
      const foreign = foreignFrom(path.join(root, 'packages', room, 'src/index.ts'));
      expect([...foreign.keys()].some((name) => name.startsWith('node:'))).toBe(true);
    }
  });
});
