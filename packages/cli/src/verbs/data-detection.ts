/** The part of `surge-bnn data` that is about annotated pictures: listed, looked over, and drawn with their boxes. */
import { writeFile } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import type { CheckedDetection, DetectionDescription, DetectionSet, Tile } from '@surge-bnn/data';
import { bytes, count } from '../terminal/format.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { formatTable } from '../terminal/table.js';

export interface SheetFlags extends OutputFlags {
  readonly directory?: string;
  readonly list?: string;
  readonly out?: string;
  readonly count: string;
  readonly columns: string;
  readonly tile: string;
  readonly seed: string;
}

/** The sets of annotated pictures in a table. */
export function formatDetection(sets: readonly DetectionDescription[]): string {
  const table = formatTable<DetectionDescription>(
    [
      { title: 'name', value: (s) => s.name, align: 'left' },
      { title: 'what', value: (s) => s.title, align: 'left' },
      {
        title: 'lists',
        value: (s) =>
          Object.entries(s.lists)
            .map(([list, n]) => `${list} ${count(n)}`)
            .join(', '),
        align: 'left',
      },
      { title: 'classes', value: (s) => count(s.classes) },
      { title: 'download', value: (s) => (s.bytes === 0 ? 'unknown' : bytes(s.bytes)) },
      { title: 'here', value: (s) => (s.present ? 'yes' : 'no') },
      { title: 'licence', value: (s) => s.licence, align: 'left' },
    ],
    sets,
  );
  const advice = sets.filter((set) => !set.present).map((set) => `  ${set.name}: ${set.how}`);
  return [
    'annotated pictures, for detection:',
    table,
    ...(advice.length > 0 ? ['', 'to get what is not here:', ...advice] : []),
    '',
    'Your own, in the layout of VOC (a folder or tar archive) or COCO, are the sets "voc" and "coco"; data check looks over what is here, by name',
    'or path, data sheet draws some with their boxes.',
  ].join('\n');
}

/** What was found, list by list, then what is wrong. */
export function formatCheckedDetection(checked: CheckedDetection): string {
  const { title = 'annotated pictures', layout, lists, remarks, problems } = checked;
  const range = ([low, high]: readonly [number, number]) =>
    low === high ? String(low) : `${low} to ${high}`;
  const lines = lists.flatMap((one) => {
    const objects = one.classes.reduce((sum, { count: n }) => sum + n, 0);
    const flags = [
      ...(one.difficult > 0 ? [`${count(one.difficult)} difficult`] : []),
      ...(one.crowd > 0 ? [`${count(one.crowd)} crowds`] : []),
    ];
    const of = flags.length > 0 ? ` (${flags.join(', ')})` : '';
    return [
      `${one.list}: ${count(one.count)} pictures, ${count(one.empty)} of them without objects; ${count(objects)} objects${of}`,
      ...one.classes.map(({ name, count: n }) => `  ${name}: ${count(n)}`),
      `  width ${range(one.width)}, height ${range(one.height)}`,
      ...one.remarks.map((remark) => `  ${remark}`),
    ];
  });
  return [
    `${title} in the layout of ${layout.toUpperCase()}`,
    ...lines,
    ...remarks,
    ...problems,
  ].join('\n');
}

/** `data sheet`: pictures of a set, drawn at random, with their boxes, as one PNG. */
export async function drawSheet(source: string, flags: SheetFlags): Promise<void> {
  const { checkSheetOptions, contactSheet, pickDetection, randomStream, readAnnotated } =
    await import('@surge-bnn/data');
  const { out } = flags;
  if (out === undefined) throw new InputError('data sheet needs --out FILE.png');
  // What is wrong with the options is said before a set is read.
  const wanted = wholeNumber('--count', flags.count, 1);
  const seed = wholeNumber('--seed', flags.seed);
  const columns = wholeNumber('--columns', flags.columns);
  const tile = wholeNumber('--tile', flags.tile);
  checkSheetOptions({ columns, tile });
  const set = await openSource(source, flags);
  const order = randomStream(seed, 'sheet').permutation(set.count);
  const part = pickDetection(set, [...order.subarray(0, wanted)]);
  const tiles: Tile[] = [];
  for (const [i, { id, boxes, classes, difficult, crowd }] of part.pictures.entries()) {
    tiles.push({
      picture: await readAnnotated(part, i),
      caption: `${id}: ${classes.length} object(s)`,
      boxes: Array.from(classes, (label, k) => ({
        box: [boxes[4 * k], boxes[4 * k + 1], boxes[4 * k + 2], boxes[4 * k + 3]] as const,
        label,
        text: `${set.classes[label]}${difficult[k] === 1 ? ' (difficult)' : ''}${crowd[k] === 1 ? ' (crowd)' : ''}`,
      })),
    });
  }
  await writeFile(out, await contactSheet(tiles, { columns, tile })).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${out} cannot be written: ${reason}`, { cause });
  });
  const { title, list, remarks } = set;
  print(processOutput(flags), { title, list, pictures: tiles.length, out, remarks }, () =>
    [`${tiles.length} pictures of ${title}, ${list}, with their boxes: ${out}`, ...remarks].join(
      '\n',
    ),
  );
}

/** A set by its name, or a folder or archive by its path. */
async function openSource(source: string, { directory, list }: SheetFlags): Promise<DetectionSet> {
  const data = await import('@surge-bnn/data');
  const named = data.detectionNames.find((name) => name === source);
  const layout = named === undefined ? await data.detectionLayout(source) : undefined;
  const name = named ?? layout;
  if (name === undefined) {
    throw new InputError(
      `"${source}" is neither a set of annotated pictures (${data.detectionNames.join(', ')}) nor a folder or archive of them`,
    );
  }
  if (layout !== undefined && directory !== undefined) {
    throw new InputError(
      `--directory is for a set by its name; "${source}" is a path itself: leave --directory out`,
    );
  }
  if (list === undefined) {
    const own = layout === undefined ? [] : await data.detectionLists(source, layout);
    const published = data.describeDetection().find((set) => set.name === name)?.lists ?? {};
    const lists = [...own, ...Object.keys(published)];
    throw new InputError(
      `data sheet needs --list${lists.length > 0 ? `; allowed: ${lists.join(', ')}` : ''}`,
    );
  }
  return data.openDetection(name, { directory: named === undefined ? source : directory, list });
}

function wholeNumber(name: string, text: string, least = 0): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && text.trim() !== '') return value;
  throw new InputError(`${name} must be a whole number of at least ${least}, got "${text}"`);
}
