/** A project of a user of the runtime: a folder with the package as npm installs it, and nothing else of this repository. */
import { cp, mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './engines.js';

/** The package that the runtime's entry for texts needs, and its own entry does not. */
const tokenizer = 'node_modules/@huggingface/tokenizers';

/**
 * @param forTexts with the tokenizer, which the runtime's own entry must do without.
 * @returns the new folder; whoever asked removes it.
 */
export async function projectWithRuntime(
  files: Readonly<Record<string, string>>,
  forTexts = false,
): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'surge-project-')));
  const from = path.join(root, 'packages/runtime');
  const to = path.join(folder, 'node_modules/@surge-bnn/runtime');
  await mkdir(to, { recursive: true });
  // What its "files" names, as npm packs it.
  for (const part of ['package.json', 'dist']) {
    await cp(path.join(from, part), path.join(to, part), { recursive: true });
  }
  if (forTexts) {
    await cp(path.join(root, tokenizer), path.join(folder, tokenizer), { recursive: true });
  }
  const manifest = {
    name: 'project',
    private: true,
    type: 'module',
    dependencies: { '@surge-bnn/runtime': '*' },
  };
  const all = { 'package.json': JSON.stringify(manifest), ...files };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  return folder;
}
