/**
 * Sets in PASCAL VOC's layout, in a folder or in a tar archive that is not compressed:
 *
 *     Annotations/<id>.xml    JPEGImages/<id>.jpg    ImageSets/Main/<list>.txt
 *
 * alone, in one folder (VOC2007, BCCD), or in VOCdevkit/VOC2007 as it is published.
 */
import { InputError, unknownName } from '@surge-bnn/contract';
import { makeDetectionSet, type ReadObject, type ReadPicture } from './columns.js';
import { BoxMender } from './flaws.js';
import type { DetectionSet, FlawOptions } from './types.js';
import { VocFiles } from './voc-files.js';

/** VOC's twenty classes, in the order of the development kit. */
export const vocClasses: readonly string[] = (
  'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person ' +
  'pottedplant sheep sofa train tvmonitor'
).split(' ');

export interface VocOptions extends FlawOptions {
  /** A file of ImageSets/Main, without its ending: train, val, trainval, test. */
  readonly list: string;
  /** The classes in their order; any other is an error. Default: the sorted names of all annotations, whatever list. */
  readonly classes?: readonly string[];
  /** Which year, where the folder or archive holds several (VOCdevkit with VOC2007 and VOC2012). */
  readonly year?: string;
  /** How the set calls itself. Default "voc", and a title with the folder's name. */
  readonly name?: string;
  readonly title?: string;
  readonly origin?: string;
}

/**
 * Reads a list of annotated pictures. Those without objects are in it, too.
 *
 * @param where the folder or archive.
 * @throws InputError with file and line: a list that is missing or empty, a listed picture without its XML or file, what
 * is no annotation, a class that is none of the given ones; in strict sets a box that leaves its picture or has no area.
 */
export async function readVoc(where: string, options: VocOptions): Promise<DetectionSet> {
  const { list, strict = false } = options;
  const files = await VocFiles.open(where, options.year);
  try {
    const ids = await files.listed(list);
    const classes = options.classes ?? (await files.allClasses());
    const mender = new BoxMender(strict);
    const read = new Array<ReadPicture>(ids.length);
    const annotations = await files.annotations(ids.map(({ id, line }) => ({ id, by: line })));
    // One after the other: remarks name the first flaws in the order of the list.
    for (const [i, { id, line }] of ids.entries()) {
      const file = files.picture(id, line);
      const annotation = annotations[i];
      const size = annotation.size ?? { ...(await files.sizeOf(file)), line: 0 };
      const at = files.whereXml(id);
      const objects = annotation.objects.flatMap((object): ReadObject[] => {
        const label = classes.indexOf(object.name);
        const place = `${at}, line ${object.line}`;
        if (label < 0) {
          throw new InputError(`${place}: ${unknownName('class', object.name, classes).message}`);
        }
        const box = object.isFlat
          ? mender.drop(place, 'a box without area', object.box)
          : mender.mend(object.box, size, place);
        if (box === undefined) return [];
        return [{ box, label, difficult: object.difficult, truncated: object.truncated }];
      });
      read[i] = { id, file, width: size.width, height: size.height, line: size.line, objects };
    }
    return makeDetectionSet(where, files.packed, read, {
      name: options.name ?? 'voc',
      title: options.title ?? `${files.title} (VOC layout)`,
      list,
      classes,
      annotations: files.whereXml('*'),
      origin: options.origin ?? `the annotated pictures of ${where}`,
      remarks: mender.remarks(),
    });
  } finally {
    await files.close();
  }
}

/** The names of the lists in ImageSets/Main of a folder or archive, sorted; none: not VOC's layout. */
export async function vocLists(where: string, year?: string): Promise<readonly string[]> {
  const files = await VocFiles.open(where, year);
  await files.close();
  return files.lists;
}
