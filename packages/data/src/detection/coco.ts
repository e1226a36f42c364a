/**
 * Sets in COCO's format: one JSON file of images, categories and annotations (Lin et al. 2014), and a folder of pictures.
 * Categories have ids with gaps; classes are their order by id. Outlines are not read, their areas are: COCO's metrics go by them.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { errorCode } from '../checked-file.js';
import type { FoundPicture } from '../pictures/list.js';
import { findAll } from '../pictures/source.js';
import { makeDetectionSet, type ReadObject } from './columns.js';
import { BoxMender } from './flaws.js';
import { jsonElements } from './json-elements.js';
import type { DetectionSet, FlawOptions } from './types.js';

export interface CocoOptions extends FlawOptions {
  /** The JSON file. */
  readonly annotations: string;
  /** The folder, or tar archive, that its file names are relative to. */
  readonly pictures: string;
  /** How the set calls itself and its part. Defaults: "coco", the name of the JSON file. */
  readonly name?: string;
  readonly title?: string;
  readonly list?: string;
  readonly origin?: string;
}

interface Image {
  readonly id: number;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly line: number;
  readonly objects: ReadObject[];
}

interface Annotation {
  readonly where: string;
  readonly image: number;
  readonly category: number;
  /** x, y, width, height. */
  readonly box: readonly number[];
  readonly area: number | undefined;
  readonly crowd: boolean;
}

/**
 * Reads all images of a JSON file in its order, also those without annotations.
 *
 * @throws InputError with file, line and element: broken JSON, fields that are missing or no numbers, an image or category that is
 * not there, ids that are there twice, a picture without its file, no images at all; in strict sets a box that leaves its
 * picture or has no area.
 */
export async function readCoco(options: CocoOptions): Promise<DetectionSet> {
  const { annotations: file, pictures: root, strict = false } = options;
  const { images, categories, annotations } = await readJson(file);
  if (images.size === 0) throw new InputError(`${file} is empty: it names no images`);
  if (categories.size === 0) throw new InputError(`${file} names no categories`);
  const categoryIds = [...categories.keys()].sort((a, b) => a - b);
  const labels = new Map(categoryIds.map((id, label) => [id, label]));
  const mender = new BoxMender(strict);
  for (const { where, image: id, category, box, area, crowd } of annotations) {
    const image = images.get(id);
    if (image === undefined) throw new InputError(`${where}: image_id ${id} is no image`);
    const label = labels.get(category);
    if (label === undefined) {
      throw new InputError(
        `${where}: category_id ${category} is none of the ${categories.size} categories, ${categoryIds[0]} to ${categoryIds.at(-1)}`,
      );
    }
    const [x, y, width, height] = box;
    const mended = mender.mend([x, y, x + width, y + height], image, where);
    if (mended !== undefined) image.objects.push({ box: mended, label, crowd, area });
  }
  const { files, packed } = await findAll(root);
  const found = new Map(files.map((one) => [one.name, one]));
  const read = [...images.values()].map((image) => ({
    id: String(image.id),
    file: fileOf(image, found, file, root),
    width: image.width,
    height: image.height,
    line: image.line,
    objects: image.objects,
  }));
  return makeDetectionSet(root, packed, read, {
    name: options.name ?? 'coco',
    title: options.title ?? `${path.basename(file, '.json')} (COCO format)`,
    list: options.list ?? path.basename(file, '.json'),
    classes: categoryIds.map((id) => categories.get(id) ?? ''),
    categoryIds,
    annotations: file,
    origin: options.origin ?? `the annotated pictures of ${file}`,
    remarks: mender.remarks(),
  });
}

function fileOf(
  { file, line }: Image,
  found: ReadonlyMap<string, FoundPicture>,
  where: string,
  root: string,
): FoundPicture {
  const one = found.get(file);
  if (one !== undefined) return one;
  throw new InputError(`${where}, line ${line}: ${file} is not in ${root}`);
}

async function readJson(file: string) {
  const images = new Map<number, Image>();
  const categories = new Map<number, string>();
  const annotations: Annotation[] = [];
  for (const { key, index, value, line } of jsonElements(await bytesOf(file), file)) {
    if (key !== 'images' && key !== 'categories' && key !== 'annotations') continue;
    const where = `${file}, line ${line}: ${key}[${index}]`;
    const fields = new Fields(value, where);
    if (key === 'annotations') {
      annotations.push({
        where,
        image: fields.number('image_id'),
        category: fields.number('category_id'),
        box: fields.numbers('bbox', 4),
        area: fields.optionalNumber('area'),
        crowd: fields.optionalNumber('iscrowd') === 1,
      });
      continue;
    }
    const id = fields.number('id');
    if ((key === 'images' ? images : categories).has(id)) {
      throw new InputError(`${where}: id ${id} is there twice`);
    }
    if (key === 'categories') categories.set(id, fields.text('name'));
    else {
      const [width, height] = [fields.size('width'), fields.size('height')];
      images.set(id, { id, file: fields.text('file_name'), width, height, line, objects: [] });
    }
  }
  return { images, categories, annotations };
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = errorCode(error);
    const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new InputError(`the annotations ${file} ${reason}`, { cause: error });
  }
}

/** The fields of one element, each checked when it is asked for. */
class Fields {
  private readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    value: unknown,
    private readonly where: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new InputError(`${where} must be an object, got ${JSON.stringify(value)}`);
    }
    this.fields = { ...value };
  }

  number(key: string): number {
    const value = this.fields[key];
    if (typeof value === 'number') return value;
    throw this.wrong(key, 'a number');
  }

  /** A picture's width or height. */
  size(key: string): number {
    const value = this.number(key);
    if (Number.isInteger(value) && value > 0) return value;
    throw this.wrong(key, 'an integer of at least 1');
  }

  optionalNumber(key: string): number | undefined {
    return this.fields[key] === undefined ? undefined : this.number(key);
  }

  text(key: string): string {
    const value = this.fields[key];
    if (typeof value === 'string' && value !== '') return value;
    throw this.wrong(key, 'a text');
  }

  numbers(key: string, count: number): number[] {
    const value = this.fields[key];
    const list: unknown[] = Array.isArray(value) ? value : [];
    const numbers = list.filter((one) => typeof one === 'number');
    if (list.length === count && numbers.length === count) return numbers;
    throw this.wrong(key, `${count} numbers`);
  }

  private wrong(key: string, what: string): InputError {
    const got = this.fields[key] === undefined ? 'nothing' : JSON.stringify(this.fields[key]);
    return new InputError(`${this.where}: ${key} must be ${what}, got ${got}`);
  }
}
