/** The blocks of code of docs/browser.md, by the name in their first line. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './engines.js';

const text = readFileSync(path.join(root, 'docs/browser.md'), 'utf8');

/** A script: its block begins with `// NAME`. */
export function documentedScript(name: string): string {
  const block = [...text.matchAll(/^```js\n([^]*?)^```$/gm)]
    .map(([, code]) => code)
    .find((code) => code.startsWith(`// ${name}\n`));
  if (block === undefined) throw new Error(`docs/browser.md has no block "// ${name}"`);
  return block;
}

/** The one block of HTML. */
export function documentedHtml(): string {
  const [, block] = /^```html\n([^]*?)^```$/m.exec(text) ?? [];
  if (block === undefined) throw new Error('docs/browser.md has no block of HTML');
  return block;
}
