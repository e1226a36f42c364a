import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

describe('the documents', () => {
  it('show the example as it is, and it runs', () => {
    const code = read('examples/first-steps.mjs');
    expect(read('README.md')).toContain('```js\n' + code + '```');
    const script = path.join(root, 'examples/first-steps.mjs');
    const output = execFileSync(process.execPath, [script, '1'], { encoding: 'utf8' });
    const [, accuracy, share] = /accuracy \[ ([\d.]+) \] binary share ([\d.]+)/.exec(output) ?? [];
    expect(Number(accuracy)).toBeGreaterThan(0.15);
    expect(Number(share)).toBeGreaterThan(0.9);
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'recipes/README.md', 'packages/cli/README.md'])(
    '%s links to files that exist',
    (file) => {
      const links = [...read(file).matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]);
      const missing = links.filter(
        (link) => !existsSync(path.join(root, path.dirname(file), link)),
      );
      expect(missing).toEqual([]);
    },
  );

  it('name only npm scripts that exist', () => {
    const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const text = read('README.md') + read('CONTRIBUTING.md');
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]);
    for (const script of named) expect(Object.keys(manifest.scripts)).toContain(script);
  });
});
