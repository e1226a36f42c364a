import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { packModel } from '@surge-bnn/converter';
import { buildModel } from '@surge-bnn/models';
import { encodeModel } from '@surge-bnn/runtime';
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

  it('show how a model file is run, and it runs', async () => {
    const code = read('examples/run-packed.mjs');
    expect(read('README.md')).toContain('```js\n' + code + '```');
    const model = buildModel(
      { network: 'digits-cnn', options: { width: 2 } },
      {
        inputBinarizer: 'ste',
        weightBinarizer: 'ste',
        seed: 1,
        inputShape: [28, 28, 1],
        classes: 10,
      },
    );
    const { source } = packModel(model, {
      pixels: { mean: [0.5], std: [0.5] },
      classes: Array.from({ length: 10 }, (_, i) => `${i}`),
    });
    const folder = await mkdtemp(path.join(tmpdir(), 'readme-'));
    const file = path.join(folder, 'model.bnn');
    await writeFile(file, encodeModel(source));
    const script = path.join(root, 'examples/run-packed.mjs');
    const output = execFileSync(process.execPath, [script, file], { encoding: 'utf8' });
    expect(output).toMatch(/^a \d, read as \d\n$/);
    await rm(folder, { recursive: true });
  });

  it.each([
    'README.md',
    'CONTRIBUTING.md',
    'recipes/README.md',
    'packages/cli/README.md',
    'docs/import.md',
    'docs/format.md',
    'docs/interchange.md',
    'docs/method.md',
    'docs/browser.md',
    'docs/runtime.md',
    'docs/onnx.md',
    'examples/import-pytorch/README.md',
    'examples/web/README.md',
    'examples/detect/README.md',
    'examples/c-reader/README.md',
  ])('%s links to files that exist', (file) => {
    const links = [...read(file).matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]);
    const missing = links.filter((link) => !existsSync(path.join(root, path.dirname(file), link)));
    expect(missing).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const text = read('README.md') + read('CONTRIBUTING.md');
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]);
    for (const script of named) expect(Object.keys(manifest.scripts)).toContain(script);
  });
});
