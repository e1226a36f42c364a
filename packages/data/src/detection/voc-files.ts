/**
 * The files of a folder or archive in VOC's layout by their roles: lists, annotations, pictures; every complaint names the file, and
 * the line of the list that asked for it.
 */
import { InputError, unknownName } from '@surge-bnn/contract';
import { decodePicture } from '../pictures/decode.js';
import { inParallel } from '../pictures/decoded.js';
import { headerSize } from '../pictures/header-size.js';
import { pictureEndings, some } from '../pictures/layout.js';
import { makeList, type FoundPicture } from '../pictures/list.js';
import { PictureReader } from '../pictures/read.js';
import { findAll } from '../pictures/source.js';
import { parseVoc, type VocAnnotation } from './voc-xml.js';

/** A folder or archive without annotations: it is not in VOC's layout, or not of the year asked for. */
export class NoAnnotations extends InputError {}

export class VocFiles {
  readonly lists: readonly string[];
  private readonly byName: ReadonlyMap<string, number>;
  private readonly reader: PictureReader;
  private readonly parsed = new Map<string, VocAnnotation>();

  private constructor(
    private readonly root: string,
    readonly packed: boolean,
    /** Within the root, with its "/" at the end, or empty. */
    private readonly prefix: string,
    private readonly files: readonly FoundPicture[],
  ) {
    this.byName = new Map(files.map(({ name }, i) => [name, i]));
    this.reader = new PictureReader(makeList(root, packed, files));
    const list = new RegExp(`^${escape(prefix)}ImageSets/Main/([^/]+)\\.txt$`);
    this.lists = files
      .flatMap(({ name }) => list.exec(name)?.[1] ?? [])
      .filter((name) => !name.startsWith('.'))
      .sort();
  }

  static async open(where: string, year?: string): Promise<VocFiles> {
    const { files, packed } = await findAll(where);
    const prefixes = [
      ...new Set(
        files.flatMap(({ name }) => /^((?:.*\/)?)Annotations\/[^/]+\.xml$/.exec(name)?.[1] ?? []),
      ),
    ].sort();
    const chosen =
      year === undefined
        ? prefixes
        : prefixes.filter((prefix) => prefix === `VOC${year}/` || prefix.endsWith(`/VOC${year}/`));
    if (chosen.length === 1) return new VocFiles(where, packed, chosen[0], files);
    if (chosen.length === 0) {
      const wanted = year === undefined ? '' : ` of VOC${year}`;
      throw new NoAnnotations(
        `${where} holds no Annotations/*.xml${wanted}; VOC's layout is Annotations/<id>.xml, ` +
          'JPEGImages/<id>.jpg, ImageSets/Main/<list>.txt',
      );
    }
    throw new InputError(
      `${where} holds several VOC sets (${some(chosen)}); name the folder of one of them`,
    );
  }

  get title(): string {
    const parts = `${this.root}/${this.prefix}`.split(/[\\/]/).filter((part) => part !== '');
    return (parts.at(-1) ?? this.root).replace(/\.tar$/, '');
  }

  whereXml(id: string): string {
    return this.whereName(`${this.prefix}Annotations/${id}.xml`);
  }

  /** The ids of a list with the place that names each. */
  async listed(list: string): Promise<{ readonly id: string; readonly line: string }[]> {
    const name = `${this.prefix}ImageSets/Main/${list}.txt`;
    if (!this.byName.has(name)) {
      if (this.lists.length > 0) throw unknownName(`list of ${this.root}`, list, this.lists);
      throw new InputError(`${this.root} holds no lists: no ${this.prefix}ImageSets/Main/*.txt`);
    }
    const where = this.whereName(name);
    const ids = new Map<string, string>();
    (await this.text(name)).split('\n').forEach((text, i) => {
      // A class's list has 1, -1 or 0 behind the id; all of its pictures are listed.
      const [id = ''] = text.trim().split(/\s+/);
      if (id === '') return;
      const line = `${where}, line ${i + 1}`;
      const before = ids.get(id);
      if (before !== undefined) {
        throw new InputError(`${line}: "${id}" is listed twice, the first time in ${before}`);
      }
      ids.set(id, line);
    });
    if (ids.size === 0) throw new InputError(`${where} is empty: no pictures to read`);
    return [...ids].map(([id, line]) => ({ id, line }));
  }

  /** The annotations of these ids. */
  async annotations(
    ids: readonly { readonly id: string; readonly by?: string }[],
  ): Promise<readonly VocAnnotation[]> {
    const found = new Array<VocAnnotation>(ids.length);
    await inParallel(ids.length, async (i) => {
      const { id, by } = ids[i];
      const known = this.parsed.get(id);
      if (known !== undefined) {
        found[i] = known;
        return;
      }
      const name = `${this.prefix}Annotations/${id}.xml`;
      if (!this.byName.has(name)) {
        throw new InputError(
          `${by ?? this.root}: "${id}" has no annotation ${this.whereName(name)}`,
        );
      }
      found[i] = parseVoc(await this.text(name), this.whereName(name));
      this.parsed.set(id, found[i]);
    });
    return found;
  }

  /** The sorted class names of all annotations: the same for every list. */
  async allClasses(): Promise<readonly string[]> {
    const xml = new RegExp(`^${escape(this.prefix)}Annotations/([^/]+)\\.xml$`);
    const ids = this.files.flatMap(({ name }) => {
      const id = xml.exec(name)?.[1];
      return id === undefined ? [] : [{ id }];
    });
    const annotations = await this.annotations(ids);
    const names = new Set(annotations.flatMap(({ objects }) => objects.map(({ name }) => name)));
    if (names.size === 0) {
      throw new InputError(`${this.root} has no object in any annotation: give its classes`);
    }
    return [...names].sort();
  }

  picture(id: string, by: string): FoundPicture {
    const base = `${this.prefix}JPEGImages/${id}`;
    for (const ending of ['jpg', 'JPG', ...pictureEndings]) {
      const at = this.byName.get(`${base}.${ending}`);
      if (at !== undefined) return this.files[at];
    }
    throw new InputError(`${by}: "${id}" has no picture ${this.whereName(`${base}.jpg`)}`);
  }

  /** The size that the picture itself has. */
  async sizeOf({ name }: FoundPicture): Promise<{ width: number; height: number }> {
    const bytes = await this.bytes(name);
    const known = headerSize(bytes);
    if (known !== undefined) return known;
    let size = { width: 0, height: 0 };
    await decodePicture(bytes, this.whereName(name), ({ width, height }) => {
      size = { width, height };
      return {};
    });
    return size;
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  private async text(name: string): Promise<string> {
    return new TextDecoder().decode(await this.bytes(name));
  }

  private bytes(name: string): Promise<Uint8Array> {
    return this.reader.read(this.byName.get(name) ?? -1);
  }

  private whereName(name: string): string {
    return this.packed ? `${this.root}, ${name}` : `${this.root}/${name}`;
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
