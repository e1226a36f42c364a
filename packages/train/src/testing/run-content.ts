/** What a run leaves that must not depend on how often it was stopped. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Checkpoints, metrics, config and confusion matrix of a run folder, as hex by name. */
export async function content(out: string): Promise<Record<string, string>> {
  const folder = join(out, 'checkpoint');
  const names = (await readdir(folder)).map((name) => join(folder, name));
  const own = ['metrics.jsonl', 'config.json', 'confusion.csv'].map((name) => join(out, name));
  const present = await readdir(out);
  const paths = [...names, ...own.filter((path) => present.some((name) => path.endsWith(name)))];
  const entries = await Promise.all(
    paths.map(async (path) => [path.slice(out.length), await readFile(path, 'hex')] as const),
  );
  return Object.fromEntries(entries);
}
