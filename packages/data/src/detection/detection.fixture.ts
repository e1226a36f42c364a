/** Small annotated sets for the tests: VOC folders and COCO files of made-up pictures. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { folderOfFiles, encode, randomPixels } from '../pictures/pictures.fixture.js';

export interface FixtureObject {
  readonly name: string;
  /** xmin, ymin, xmax, ymax as VOC writes them. */
  readonly corners: readonly (number | string)[];
  readonly difficult?: number | string;
  readonly truncated?: number;
}

/** One annotation, one element a line: the line of an object can be counted. */
export function vocXml(
  size: { readonly width: number; readonly height: number } | undefined,
  objects: readonly FixtureObject[],
): string {
  const lines = ['<annotation>', '  <folder>VOC</folder>'];
  if (size !== undefined) {
    lines.push(
      '  <size>',
      `    <width>${size.width}</width><height>${size.height}</height><depth>3</depth>`,
      '  </size>',
    );
  }
  for (const { name, corners, difficult, truncated } of objects) {
    const [xmin, ymin, xmax, ymax] = corners;
    lines.push('  <object>', `    <name>${name}</name>`);
    if (difficult !== undefined) lines.push(`    <difficult>${difficult}</difficult>`);
    if (truncated !== undefined) lines.push(`    <truncated>${truncated}</truncated>`);
    lines.push(
      '    <bndbox>',
      `      <ymin>${ymin}</ymin><xmin>${xmin}</xmin><xmax>${xmax}</xmax><ymax>${ymax}</ymax>`,
      '    </bndbox>',
      '  </object>',
    );
  }
  return [...lines, '</annotation>', ''].join('\n');
}

export interface FixturePicture {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly objects?: readonly FixtureObject[];
}

/** The files of a VOC folder: pictures of random pixels (randomPixels(place in the list)), one list "train" of them all. */
export async function vocFiles(
  pictures: readonly FixturePicture[],
  format: 'png' | 'jpeg' = 'png',
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const [i, { id, width, height, objects = [] }] of pictures.entries()) {
    const pixels = randomPixels(i, width, height);
    const ending = format === 'png' ? 'png' : 'jpg';
    files[`JPEGImages/${id}.${ending}`] = await encode(pixels, width, height, format);
    files[`Annotations/${id}.xml`] = Buffer.from(vocXml({ width, height }, objects));
  }
  files['ImageSets/Main/train.txt'] = Buffer.from(pictures.map(({ id }) => `${id}\n`).join(''));
  return files;
}

export async function vocFolder(
  pictures: readonly FixturePicture[],
  more: Readonly<Record<string, Uint8Array | string>> = {},
): Promise<string> {
  const files = await vocFiles(pictures);
  for (const [name, content] of Object.entries(more)) files[name] = Buffer.from(content);
  return folderOfFiles(files);
}

/** A folder with annotations.json, the text or what is to be written so, and pictures of 8 x 6 by these names. */
export async function cocoFolder(
  json: unknown,
  names: readonly string[],
): Promise<{ annotations: string; pictures: string }> {
  const files: Record<string, Uint8Array> = {};
  for (const [i, name] of names.entries()) {
    files[`pictures/${name}`] = await encode(randomPixels(i, 8, 6), 8, 6);
  }
  files['pictures/readme.txt'] = Buffer.from('passed over');
  const root = await folderOfFiles(files);
  const annotations = path.join(root, 'annotations.json');
  await writeFile(annotations, typeof json === 'string' ? json : JSON.stringify(json, null, 1));
  return { annotations, pictures: path.join(root, 'pictures') };
}
