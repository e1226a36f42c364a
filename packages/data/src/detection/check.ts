/**
 * Looks annotated pictures over: reads every list and decodes every picture, and tells counts, sizes, and what is wrong. Changes nothing.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { CorruptPicture } from '../pictures/decode.js';
import { inParallel } from '../pictures/decoded.js';
import { describeDetection, openDetection, type PublicDetectionName } from './open.js';
import { readAnnotated } from './read.js';
import type { DirectoryOption } from '../types.js';
import type { DetectionSet } from './types.js';
import { NoAnnotations } from './voc-files.js';
import { vocLists } from './voc.js';

/** What was found in one list. */
export interface CheckedList {
  readonly list: string;
  readonly count: number;
  /** Pictures without objects. */
  readonly empty: number;
  readonly difficult: number;
  readonly crowd: number;
  /** Objects by class. */
  readonly classes: readonly { readonly name: string; readonly count: number }[];
  readonly width: readonly [number, number];
  readonly height: readonly [number, number];
  readonly remarks: readonly string[];
}

export interface CheckedDetection {
  readonly where: string;
  /** Of a set that was named. */
  readonly title?: string;
  readonly layout: 'voc' | 'coco';
  readonly lists: readonly CheckedList[];
  /** Lists of COCO whose pictures are not here, so that nothing was checked: its JSON files come together, its pictures do not. */
  readonly remarks: readonly string[];
  /** What keeps a list or a picture from being used, in sentences. */
  readonly problems: readonly string[];
}

export interface CheckDetectionOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
}

/** Pictures decoded at the same time. */
const AT_ONCE = 4;

/**
 * In which layout a folder or archive holds annotated pictures; undefined: in none that is known.
 *
 * @throws InputError for several VOC sets in one folder, and for what is neither a folder nor a whole archive.
 */
export async function detectionLayout(where: string): Promise<'voc' | 'coco' | undefined> {
  const facts = await stat(where).catch(() => undefined);
  if (facts === undefined) return undefined;
  if (facts.isDirectory() && (await cocoLists(where)).length > 0) return 'coco';
  try {
    return (await vocLists(where)).length > 0 ? 'voc' : undefined;
  } catch (error) {
    if (error instanceof NoAnnotations) return undefined;
    throw error;
  }
}

/** The names of the lists in a folder or archive of that layout. */
export function detectionLists(where: string, layout: 'voc' | 'coco'): Promise<readonly string[]> {
  return layout === 'voc' ? vocLists(where) : cocoLists(where);
}

/**
 * Checks all lists under `where`: a folder or tar archive in VOC's layout, or a folder with `annotations/instances_<list>.json` and the folders
 * of their pictures. Every picture is decoded once. Lists without a folder are remarks as long as another has its own.
 *
 * @throws InputError when it is in neither layout; the signal's reason when it is aborted.
 */
export async function checkDetection(
  where: string,
  { signal, onProgress }: CheckDetectionOptions = {},
): Promise<CheckedDetection> {
  const layout = await detectionLayout(where);
  if (layout === undefined) {
    throw new InputError(
      `${where} holds no annotated pictures: neither VOC's Annotations and ImageSets/Main, nor COCO's annotations/instances_*.json`,
    );
  }
  const all = await detectionLists(where, layout);
  const here = layout === 'voc' ? all : all.filter((list) => existsSync(path.join(where, list)));
  const names = here.length > 0 ? here : all;
  const remarks = all
    .filter((list) => !names.includes(list))
    .map(
      (list) => `${list}: not checked, its pictures are not here (no ${path.join(where, list)})`,
    );
  const { sets, problems } = await openLists(names, (list) =>
    openDetection(layout, { directory: where, list }),
  );
  problems.push(...(await decodeAll(sets, { signal, onProgress })));
  return { where, layout, lists: sets.map(describe), remarks, problems };
}

/**
 * Checks all lists of a published set in the same way.
 *
 * @throws InputError for a set that has none, and when none of them can be opened; the signal's reason when it is aborted.
 */
export async function checkPublishedDetection(
  name: PublicDetectionName,
  { directory, ...options }: CheckDetectionOptions & DirectoryOption = {},
): Promise<CheckedDetection> {
  const published = describeDetection({ directory });
  const lists = Object.keys(published.find((set) => set.name === name)?.lists ?? {});
  if (lists.length === 0) {
    const names = published.map((set) => set.name).join(', ');
    throw new InputError(`"${name}" is no published set of annotated pictures; allowed: ${names}`);
  }
  const { sets, problems } = await openLists(lists, (list) =>
    openDetection(name, { directory, list }),
  );
  if (sets.length === 0) throw new InputError(problems[0]);
  problems.push(...(await decodeAll(sets, options)));
  const [{ title, files, categoryIds }] = sets;
  const layout = categoryIds === undefined ? 'voc' : 'coco';
  return { where: files.root, title, layout, lists: sets.map(describe), remarks: [], problems };
}

/** The lists that can be opened, and why the others cannot. */
async function openLists(
  names: readonly string[],
  openList: (list: string) => Promise<DetectionSet>,
): Promise<{ sets: DetectionSet[]; problems: string[] }> {
  const problems: string[] = [];
  const sets: DetectionSet[] = [];
  for (const list of names) {
    try {
      sets.push(await openList(list));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  }
  return { sets, problems };
}

/** Decodes every picture once, and tells what is wrong with which. */
async function decodeAll(
  sets: readonly DetectionSet[],
  { signal, onProgress }: CheckDetectionOptions,
): Promise<readonly string[]> {
  // VOC's lists share pictures.
  const pictures = new Map<string, { readonly set: DetectionSet; readonly index: number }>();
  for (const set of sets) {
    set.pictures.forEach(({ path: name }, index) => pictures.set(name, { set, index }));
  }
  const entries = [...pictures.values()];
  const wrong = new Map<number, string>();
  let done = 0;
  await inParallel(
    entries.length,
    async (i) => {
      signal?.throwIfAborted();
      try {
        await readAnnotated(entries[i].set, entries[i].index);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const isCorrupt = error instanceof CorruptPicture;
        wrong.set(i, isCorrupt ? `corrupt: ${error.picture} (${error.reason})` : error.message);
      }
      onProgress?.(++done, entries.length);
    },
    AT_ONCE,
  );
  return [...wrong].sort(([x], [y]) => x - y).map(([, text]) => text);
}

function describe({ list, count, pictures, classes, columns, remarks }: DetectionSet): CheckedList {
  const counts = new Uint32Array(classes.length);
  for (const label of columns.classes) counts[label]++;
  const sum = (flags: Uint8Array) => flags.reduce((total, flag) => total + flag, 0);
  const range = (values: Uint32Array): [number, number] => [
    values.reduce((low, value) => Math.min(low, value), Infinity),
    values.reduce((high, value) => Math.max(high, value), 0),
  ];
  return {
    list,
    count,
    empty: pictures.filter((picture) => picture.classes.length === 0).length,
    difficult: sum(columns.difficult),
    crowd: sum(columns.crowd),
    classes: classes.map((name, label) => ({ name, count: counts[label] })),
    width: range(columns.widths),
    height: range(columns.heights),
    remarks,
  };
}

async function cocoLists(where: string): Promise<string[]> {
  const folder = path.join(where, 'annotations');
  const names = existsSync(folder) ? await readdir(folder) : [];
  return names.flatMap((name) => /^instances_(.+)\.json$/.exec(name)?.[1] ?? []).sort();
}
