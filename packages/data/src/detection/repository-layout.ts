/**
 * How the files of a repository become a set in VOC's layout: BCCD has it, the raccoons and the rooms have not.
 */
import { InputError } from '@surge-bnn/contract';
import { headerSize } from '../pictures/header-size.js';
import { indoorXml } from './indoor-xml.js';

/** Contents by name, "/" between the parts. */
export type NamedFiles = ReadonlyMap<string, Uint8Array>;

/**
 * Makes the set's files (Annotations/<id>.xml, JPEGImages/<id>.jpg, ImageSets/Main/<list>.txt) from those of a repository.
 *
 * @throws InputError for a file that is missing or is not what it must be.
 */
export type RepositoryLayout = (repository: NamedFiles) => NamedFiles;

/** github.com/Shenggan/BCCD_Dataset: its folder BCCD is in VOC's layout, with four lists. */
export const bccdLayout: RepositoryLayout = (repository) =>
  renamed(
    repository,
    /^BCCD\/((?:Annotations|JPEGImages|ImageSets\/Main)\/[^/.]+\.(?:xml|jpg|txt))$/,
    (name) => name,
  );

/**
 * github.com/datitran/raccoon_dataset: VOC's XML in annotations, pictures in images. Its lists are tables with a row for each box; what it calls
 * test is `val` here. Lists are sorted.
 */
export const raccoonLayout: RepositoryLayout = (repository) => {
  const ids = (table: string) => idsOfTable(textOf(repository, table), table);
  const [train, val] = [ids('data/train_labels.csv'), ids('data/test_labels.csv')];
  return new Map([
    ...renamed(repository, /^annotations\/([^/.]+\.xml)$/, (name) => `Annotations/${name}`),
    ...renamed(repository, /^images\/([^/.]+\.jpg)$/, (name) => `JPEGImages/${name}`),
    ...listFiles({ train, val, trainval: [...train, ...val] }),
  ]);
};

/**
 * github.com/Cartucho/mAP, input/: boxes as text, pictures in images-optional, no lists. Ours: of the sorted names every fifth is `val`, so that 17
 * of 85 are.
 */
export const indoorLayout: RepositoryLayout = (repository) => {
  const set = new Map<string, Uint8Array>();
  const texts = renamed(repository, /^input\/ground-truth\/([^/.]+)\.txt$/, (id) => id);
  for (const [id, text] of texts) {
    const picture = fileOf(repository, `input/images-optional/${id}.jpg`);
    const size = headerSize(picture);
    if (size === undefined) {
      throw new InputError(`the repository's input/images-optional/${id}.jpg is no plain JPEG`);
    }
    set.set(`JPEGImages/${id}.jpg`, picture);
    set.set(`Annotations/${id}.xml`, encode(indoorXml(id, decode(text), size)));
  }
  const trainval = [...texts.keys()].sort();
  const isVal = (_: string, i: number) => i % 5 === 4;
  const val = trainval.filter(isVal);
  const train = trainval.filter((id, i) => !isVal(id, i));
  return new Map([...set, ...listFiles({ train, val, trainval })]);
};

/** The files whose names fit, by what becomes of the pattern's group. */
function renamed(
  files: NamedFiles,
  pattern: RegExp,
  rename: (part: string) => string,
): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [name, bytes] of files) {
    const part = pattern.exec(name)?.[1];
    if (part !== undefined) found.set(rename(part), bytes);
  }
  return found;
}

/** The pictures that a table names in its first column, each once: a header, then a row for each box. */
function idsOfTable(text: string, table: string): readonly string[] {
  const [header, ...rows] = text.split('\n').map((row) => row.trim());
  if (!header.startsWith('filename,')) {
    throw new InputError(`the repository's ${table} must begin with the column "filename"`);
  }
  const ids = rows.flatMap((row, i) => {
    if (row === '') return [];
    const id = /^([^/.,]+)\.jpg,/.exec(row)?.[1];
    if (id !== undefined) return [id];
    throw new InputError(
      `the repository's ${table}, line ${i + 2}: a row begins with the name of a JPEG, got "${row}"`,
    );
  });
  return [...new Set(ids)];
}

function listFiles(lists: Readonly<Record<string, readonly string[]>>): [string, Uint8Array][] {
  return Object.entries(lists).map(([list, ids]) => {
    const lines = [...ids].sort().map((id) => `${id}\n`);
    return [`ImageSets/Main/${list}.txt`, encode(lines.join(''))];
  });
}

function fileOf(repository: NamedFiles, name: string): Uint8Array {
  const bytes = repository.get(name);
  if (bytes === undefined) throw new InputError(`the repository holds no ${name}`);
  return bytes;
}

function textOf(repository: NamedFiles, name: string): string {
  return decode(fileOf(repository, name));
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
