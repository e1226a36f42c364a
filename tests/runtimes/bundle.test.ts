/** What a page has to load: docs/browser.md's first page, whose only import is the runtime, bundled by Vite. */
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, it } from 'vitest';
import { documentedScript } from './documented.js';
import { root } from './engines.js';
import { projectWithRuntime } from './installed.js';

it('is under 60 kB of JavaScript, gzipped, and what the README says', async () => {
  const project = await projectWithRuntime({
    'index.html': '<canvas></canvas><output></output><script type="module" src="page.js"></script>',
    'page.js': documentedScript('page.js'),
  });
  try {
    await build({ configFile: false, root: project, logLevel: 'error' });
    const files = await readdir(path.join(project, 'dist'), { recursive: true });
    const scripts = files.filter((name) => name.endsWith('.js'));
    const sources = await Promise.all(
      scripts.map((name) => readFile(path.join(project, 'dist', name))),
    );
    expect(scripts.length).toBeGreaterThan(0);
    // Nothing of Node, which a browser would look for in vain.
    expect(sources.join('')).not.toMatch(/from\s*["']node:|require\(/);
    const bytes = sources.reduce((sum, source) => sum + gzipSync(source).length, 0);
    expect(bytes).toBeLessThan(60_000);
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const [, told] = /(\d+) kB of JavaScript, gzipped/.exec(readme) ?? [];
    // To one kB: compressors differ in some bytes.
    expect(Math.abs(1000 * Number(told) - bytes), `${told} kB, not ${bytes} B`).toBeLessThan(1000);
  } finally {
    await rm(project, { recursive: true });
  }
});
