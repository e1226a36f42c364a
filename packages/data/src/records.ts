/**
 * Image sets from CIFAR's binary files: records of label bytes and then the red, the green and the blue plane
 * of one picture, row by row. Here a picture is NHWC, so its three planes are interleaved.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { readChecksums } from './archive-fetch.js';
import { recordBytes, type ArchiveEntry, type ArchiveFile } from './archives.js';
import { md5, readUnpacked } from './checked-file.js';
import { folderOf } from './directory.js';
import { allocateBytes, pictureLength } from './image-set.js';
import { makeImageSet } from './make-image-set.js';
import type { DirectoryOption, ImageSet, PublishedSplit } from './types.js';

/** A data set made of such records. */
export interface RecordSet {
  readonly name: string;
  readonly title: string;
  readonly entry: ArchiveEntry;
  /** Which of the label bytes is the label: CIFAR-100 has a coarse one before the fine one. */
  readonly label: number;
}

/**
 * The folder with the unpacked files: the set's own, the archive's folder in it, or the given folder itself.
 */
export function recordFolder({ entry }: RecordSet, options: DirectoryOption): string {
  const folder = folderOf(entry.folder, options);
  const given = options.directory === undefined ? [] : [path.resolve(options.directory)];
  const candidates = [path.join(folder, entry.inside), folder];
  candidates.push(...given.flatMap((at) => [path.join(at, entry.inside), at]));
  const first = entry.splits.train[0].name;
  return candidates.find((at) => existsSync(path.join(at, first))) ?? candidates[0];
}

/**
 * Reads one half of such a set: sizes, labels and, where a list of checksums lies with the files, those too.
 *
 * @throws InputError saying what is wrong with which file, and how to get a right one.
 */
export async function loadRecords(
  set: RecordSet,
  split: PublishedSplit,
  options: DirectoryOption,
): Promise<ImageSet> {
  const { entry, name, title, label } = set;
  const folder = recordFolder(set, options);
  const advice = `run: surge-bnn data fetch ${name}`;
  const files = entry.splits[split];
  const absent = files.find((file) => !existsSync(path.join(folder, file.name)));
  if (absent !== undefined) {
    throw new InputError(`${entry.title} is not there: no ${absent.name} in ${folder}; ${advice}`);
  }
  const sums = await readChecksums(folder);
  const count = files.reduce((sum, file) => sum + file.count, 0);
  const length = pictureLength(entry);
  const images = allocateBytes(count * length);
  const labels = allocateBytes(count);
  let done = 0;
  for (const file of files) {
    const bytes = await readRecords(entry, file, folder, sums?.get(file.name), advice);
    const part = images.subarray(done * length);
    for (let i = 0; i < file.count; i++) {
      const record = bytes.subarray(i * recordBytes(entry), (i + 1) * recordBytes(entry));
      checkLabels(entry, record, `${path.join(folder, file.name)}, record ${i}`, advice);
      labels[done + i] = record[label];
      interleave(record.subarray(entry.labels.length), part.subarray(i * length), entry.channels);
    }
    done += file.count;
  }
  const { height, width, channels } = entry;
  const classes = entry.labels[label];
  checkBalance(labels, classes.length, `${title} (${split}) in ${folder}`, advice);
  const origin = `${entry.origin}; ${sums === undefined ? 'no list of checksums beside them' : 'checksums right'}`;
  return makeImageSet({
    name,
    title,
    split,
    classes,
    origin,
    count,
    height,
    width,
    channels,
    images,
    labels,
  });
}

async function readRecords(
  entry: ArchiveEntry,
  file: ArchiveFile,
  folder: string,
  sum: string | undefined,
  advice: string,
): Promise<Uint8Array> {
  const where = path.join(folder, file.name);
  const { content } = await readUnpacked(where, advice);
  const needed = file.count * recordBytes(entry);
  if (content.length !== needed) {
    throw new InputError(
      `${where} holds ${content.length} bytes, but ${file.count} records of ${recordBytes(entry)} ` +
        `bytes are ${needed}; remove it and ${advice}`,
    );
  }
  if (sum !== undefined && md5(content) !== sum) {
    throw new InputError(
      `${where} is damaged: its MD5 is ${md5(content)}, it was unpacked with ${sum}; ${advice}`,
    );
  }
  return content;
}

function checkLabels(entry: ArchiveEntry, record: Uint8Array, where: string, advice: string): void {
  entry.labels.forEach((classes, i) => {
    if (record[i] < classes.length) return;
    throw new InputError(
      `${where} has the label ${record[i]}; allowed: 0 to ${classes.length - 1}; remove the file and ${advice}`,
    );
  });
}

/** CIFAR's classes are all of one size, in each half: files that were mixed up show here. */
function checkBalance(labels: Uint8Array, classes: number, where: string, advice: string): void {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  const share = labels.length / classes;
  const wrong = counts.findIndex((count) => count !== share);
  if (wrong < 0) return;
  throw new InputError(
    `${where} holds ${counts[wrong]} pictures of class ${wrong}, the published files ${share} of each; ` +
      `remove them and ${advice}`,
  );
}

/** Planes to interleaved channels. */
function interleave(planes: Uint8Array, target: Uint8Array, channels: number): void {
  const pixels = planes.length / channels;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < pixels; i++) target[i * channels + c] = planes[c * pixels + i];
  }
}
