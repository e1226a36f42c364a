/**
 * Knows the content of a small set: one SHA-256 over names and bytes of its files, whatever brought them (an archive of GitHub's, a folder unpacked
 * by hand). What else lies beside them, as a licence, does not count.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { findPictures } from '../pictures/find.js';
import { inParallel } from '../pictures/decoded.js';
import type { NamedFiles } from './repository-layout.js';
import type { RepositorySet } from './repository-sets.js';

const setFile =
  /^(?:.*\/)?((?:Annotations\/[^/]+\.xml|JPEGImages\/[^/]+|ImageSets\/Main\/[^/]+\.txt))$/;

/**
 * What keeps these files from being the set's, as a part of a sentence; undefined: nothing.
 *
 * The sum is that of name, NUL, length, line feed and bytes of one file after the other, in the order of their names.
 */
export function contentProblem(
  files: NamedFiles,
  { content }: Pick<RepositorySet, 'content'>,
): string | undefined {
  const names = [...files.keys()].filter((name) => setFile.test(name)).sort();
  if (names.length !== content.files) {
    return `it has ${names.length} annotations, pictures and lists, the set has ${content.files}`;
  }
  const hash = createHash('sha256');
  for (const name of names) {
    const bytes = files.get(name) ?? new Uint8Array(0);
    hash.update(`${name}\0${bytes.length}\n`).update(bytes);
  }
  const sum = hash.digest('hex');
  return sum === content.sha256
    ? undefined
    : `the SHA-256 of its annotations, pictures and lists is ${sum}, not ${content.sha256}`;
}

/** The files of a folder in VOC's layout, or of the one folder in it, by their names in the layout. */
export async function readSetFolder(folder: string): Promise<NamedFiles> {
  const { files } = await findPictures(folder);
  const found = files.flatMap(({ name }) => {
    const inside = setFile.exec(name)?.[1];
    return inside === undefined ? [] : [{ name, inside }];
  });
  const contents = new Map(found.map(({ inside }) => [inside, new Uint8Array(0)]));
  await inParallel(found.length, async (i) => {
    contents.set(found[i].inside, await readFile(path.join(folder, found[i].name)));
  });
  return contents;
}
