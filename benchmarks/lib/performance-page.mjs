/** docs/performance.md from what is in results/: of pictures, then of texts. */
import { existsSync, readFileSync } from 'node:fs';
import { section } from '../language/page.mjs';
import { markdown, page } from '../train/page.mjs';

/** @param root of the repository, a URL */
export function performancePage(root) {
  const read = (name) => {
    const file = new URL(`results/${name}.json`, root);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  };
  const [pictures, texts] = [read('train-speed'), read('language-speed')];
  return [
    ...(pictures === undefined ? [] : [page(pictures)]),
    ...(texts === undefined ? [] : [...section(texts, markdown), '']),
  ].join('\n');
}
