/** Pages batch texts, too: what these files import, and what that imports, uses none of Node's modules. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Specifiers that a file imports, exports from, or requires; types alone are not imported. */
function importsOf(text: string): string[] {
  const statements = text.matchAll(
    /^(?:import|export)\s(?!type\b)[^;]*?from\s*['"]([^'"]+)['"]|(?:import|require)\(['"]([^'"]+)['"]\)|^import ['"]([^'"]+)['"]/gm,
  );
  return Array.from(statements, ([, from, called, alone]) => from ?? called ?? alone);
}

/** All files that are reached, and all packages. */
async function reach(start: string): Promise<{ files: Set<string>; packages: Set<string> }> {
  const files = new Set<string>();
  const packages = new Set<string>();
  const queue = [path.join(here, start)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const name of importsOf(await readFile(file, 'utf8'))) {
      if (!name.startsWith('.')) {
        packages.add(name);
        continue;
      }
      const at = path.resolve(path.dirname(file), name);
      const source = at.replace(/\.js$/, '.ts');
      queue.push(existsSync(source) ? source : at);
    }
  }
  return { files, packages };
}

it.each(['encode.ts', 'loader.ts', 'masking.ts'])('%s', async (start) => {
  const { packages } = await reach(start);
  const node = [...packages].filter(
    (name) => name.startsWith('node:') || builtinModules.includes(name),
  );
  expect(node).toEqual([]);
});

it('the reader of files is found out', async () => {
  expect((await reach('read.ts')).packages).toContain('node:fs');
});
