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

/** Bytes of the scripts of a page, each gzipped. */
async function bundled(script: string, forTexts = false): Promise<number> {
  const files = {
    'index.html': '<canvas></canvas><output></output><script type="module" src="page.js"></script>',
    'page.js': script,
  };
  const project = await projectWithRuntime(files, forTexts);
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
    return sources.reduce((sum, source) => sum + gzipSync(source).length, 0);
  } finally {
    await rm(project, { recursive: true });
  }
}

/** To one kB: compressors differ in some bytes. */
function expectTold(bytes: number, page: string, sentence: RegExp): void {
  const [, told] = sentence.exec(readFileSync(path.join(root, page), 'utf8')) ?? [];
  expect(Math.abs(1000 * Number(told) - bytes), `${told} kB, not ${bytes} B`).toBeLessThan(1000);
}

it('is under 60 kB of JavaScript, gzipped, and what the README says', async () => {
  const bytes = await bundled(documentedScript('page.js'));
  expect(bytes).toBeLessThan(60_000);
  expectTold(bytes, 'README.md', /(\d+) kB of JavaScript, gzipped/);
});

it('of texts has the tokenizer besides, and is what docs/browser.md says', async () => {
  const bytes = await bundled(
    `import { loadText } from '@surge-bnn/runtime/text';
    const model = await loadText('sst2.bnn');
    document.querySelector('output').textContent = model.predict('a sentence').class;`,
    true,
  );
  expectTold(bytes, 'docs/browser.md', /(\d+) kB of JavaScript for texts, gzipped/);
});
