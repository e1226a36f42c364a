/**
 * Writes docs/results.md from the comparisons in results/: a section for each folder with a comparison.json, as
 * `surge-bnn compare --results` makes them. Needs a built workspace (`npm run build`).
 */
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { comparisonMarkdown } from '@surge-bnn/cli';

const results = new URL('../results/', import.meta.url);
const head = `# Results

Comparisons, each made by one command: \`npx surge-bnn compare results/NAME/plan.json\` does it again. This page is generated from them
(\`npm run results:page\`); [comparing.md](comparing.md) says how to read it.
`;

const sections = [];
for (const name of (await readdir(results)).sort()) {
  const file = new URL(`${name}/comparison.json`, results);
  if (!existsSync(file)) continue;
  const plots = (await readdir(new URL(`${name}/`, results))).filter((one) => one.endsWith('.svg'));
  const table = JSON.parse(await readFile(file, 'utf8'));
  const { description } = JSON.parse(await readFile(new URL(`${name}/plan.json`, results), 'utf8'));
  const options = { folder: `../results/${name}`, plots: plots.sort(), description };
  sections.push(comparisonMarkdown(table, options));
}
await writeFile(new URL('../docs/results.md', import.meta.url), [head, ...sections].join('\n'));
console.log(`docs/results.md: ${sections.length} comparison(s)`);
