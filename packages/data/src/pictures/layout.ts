/**
 * What a folder or an archive of pictures means: `train/<class>/...` and `test/<class>/...` (or `val`). The
 * classes are the sorted folders of the training half; the other half must have exactly these.
 */
import { InputError } from '@surge-bnn/contract';
import type { PublishedSplit } from '../types.js';
import type { FoundPicture } from './list.js';

/** What a walk found, names relative to the root. */
export interface Found {
  /** The folder or archive, for messages. */
  readonly where: string;
  readonly files: readonly FoundPicture[];
  /** All folders, empty ones too; an archive need not name its own. */
  readonly folders: readonly string[];
}

/** One half: pictures sorted by class and name, with their labels. */
export interface Half {
  readonly classes: readonly string[];
  readonly pictures: readonly FoundPicture[];
  readonly labels: readonly number[];
  readonly remarks: readonly string[];
}

/** Files that count as pictures, by their ending. */
export const pictureEndings = ['avif', 'gif', 'jpeg', 'jpg', 'png', 'tif', 'tiff', 'webp'] as const;

const layout =
  'pictures belong into train/<class>/ and test/<class>/ (or val/<class>/), classes as folders';

/**
 * One half of what was found.
 *
 * @throws InputError when it is not there, a class is empty or missing, or a picture lies in no class.
 */
export function halfOf(found: Found, split: PublishedSplit): Half {
  const tree = sorted(found);
  const train = tree.halves.get('train');
  if (train === undefined) throw new InputError(`${found.where} ${missingFolder(tree, 'train')}`);
  const classes = [...train.keys()].sort(byCodeUnits);
  if (classes.length < 2) {
    throw new InputError(
      `${found.where} has ${classes.length} class folder(s) in train, at least 2 are needed; ${layout}`,
    );
  }
  const folder = split === 'train' ? 'train' : testFolder(tree);
  const half = folder === undefined ? undefined : tree.halves.get(folder);
  if (folder === undefined || half === undefined) {
    throw new InputError(
      `${found.where} ${missingFolder(tree, 'test or val')}; to evaluate on held-out training pictures set data.holdOut`,
    );
  }
  checkClasses(found.where, folder, half, classes);
  const stray = tree.strays.find((name) => name.startsWith(`${folder}/`));
  if (stray !== undefined) {
    throw new InputError(`${found.where} holds ${stray}, which lies in no class folder; ${layout}`);
  }
  const pictures: FoundPicture[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    const members = [...(half.get(name) ?? [])].sort((x, y) => byCodeUnits(x.name, y.name));
    for (const picture of members) {
      pictures.push(picture);
      labels.push(label);
    }
  });
  return { classes, pictures, labels, remarks: remarksOf(tree, folder) };
}

/** The folder that the test half is read from: `test`, else `val`. */
export function testFolderOf(found: Found): string | undefined {
  return testFolder(sorted(found));
}

interface Tree {
  /** By half and class; a class folder without pictures is an empty list. */
  readonly halves: ReadonlyMap<string, ReadonlyMap<string, readonly FoundPicture[]>>;
  /** Pictures directly in a half's folder. */
  readonly strays: readonly string[];
  /** Files that are no pictures, not counting hidden ones. */
  readonly others: readonly string[];
}

function sorted({ files, folders }: Found): Tree {
  const halves = new Map<string, Map<string, FoundPicture[]>>();
  const strays: string[] = [];
  const others: string[] = [];
  const membersOf = (half: string, name: string): FoundPicture[] => {
    const classes = halves.get(half) ?? new Map<string, FoundPicture[]>();
    halves.set(half, classes);
    const members = classes.get(name) ?? [];
    classes.set(name, members);
    return members;
  };
  for (const folder of folders) {
    const parts = folder.split('/');
    if (isHidden(parts)) continue;
    if (parts.length === 1 && !halves.has(folder)) halves.set(folder, new Map());
    if (parts.length === 2) membersOf(parts[0], parts[1]);
  }
  for (const file of files) {
    const parts = file.name.split('/');
    if (isHidden(parts)) continue;
    if (!isPicture(file.name)) others.push(file.name);
    else if (parts.length < 3) strays.push(file.name);
    else membersOf(parts[0], parts[1]).push(file);
  }
  return { halves, strays, others };
}

function checkClasses(
  where: string,
  folder: string,
  half: ReadonlyMap<string, readonly FoundPicture[]>,
  classes: readonly string[],
): void {
  const unknown = [...half.keys()].filter((name) => !classes.includes(name));
  if (unknown.length > 0) {
    throw new InputError(
      `${where} has classes in ${folder} that train has not: ${some(unknown)}; both halves need the same folders`,
    );
  }
  const missing = classes.filter((name) => !half.has(name));
  if (missing.length > 0) {
    throw new InputError(
      `${where} has classes in train that ${folder} has not: ${some(missing)}; both halves need the same folders`,
    );
  }
  const empty = classes.filter((name) => half.get(name)?.length === 0);
  if (empty.length > 0) {
    throw new InputError(
      `${where} has class folders without pictures in ${folder}: ${some(empty)}; ` +
        `pictures end in ${pictureEndings.join(', ')}`,
    );
  }
}

function testFolder(tree: Tree): string | undefined {
  return ['test', 'val'].find((name) => tree.halves.has(name));
}

function missingFolder(tree: Tree, wanted: string): string {
  const there = [...tree.halves.keys()].sort(byCodeUnits);
  const has = there.length === 0 ? 'no folders at all' : `the folders ${some(there)}`;
  return `has no folder ${wanted}, but ${has}; ${layout}`;
}

function remarksOf(tree: Tree, folder: string): string[] {
  const remarks: string[] = [];
  const others = tree.others.filter((name) => name.startsWith(`${folder}/`));
  if (others.length > 0)
    remarks.push(`${others.length} file(s) passed over that are no pictures: ${some(others)}`);
  if (folder === 'test' && tree.halves.has('val')) remarks.push('val is there, too, and not used');
  return remarks;
}

/** What systems leave behind: names with a dot, and those of macOS and Windows. */
function isHidden(parts: readonly string[]): boolean {
  return parts.some(
    (part) => part.startsWith('.') || ['__MACOSX', 'Thumbs.db', 'desktop.ini'].includes(part),
  );
}

function isPicture(name: string): boolean {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return pictureEndings.some((known) => known === ending);
}

/** The first few of a list. */
export function some(names: readonly string[], shown = 5): string {
  const rest = names.length - shown;
  return `${names.slice(0, shown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** The same order on every machine, whatever its language. */
function byCodeUnits(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
