/**
 * The annotations of the indoor set in VOC's XML. Its origin, github.com/Cartucho/mAP, has a text file a picture, one object a line: class, left,
 * top, right, bottom. What VOC tells besides (pose, truncated, difficult) is not known and has VOC's defaults.
 */
import { InputError } from '@surge-bnn/contract';

/** A picture's size in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * One annotation as VOC's XML, corners as the text has them.
 *
 * @param id the picture's name without its ending.
 * @param text the origin's file.
 * @throws InputError with the line that is no object.
 */
export function indoorXml(id: string, text: string, { width, height }: Size): string {
  const objects = text
    .split('\n')
    .map((line) => line.trim())
    .flatMap((line, i) => (line === '' ? [] : objectXml(line, `${id}.txt, line ${i + 1}`)));
  return [
    '<annotation>',
    '\t<folder>indoor</folder>',
    `\t<filename>${id}.jpg</filename>`,
    '\t<size>',
    `\t\t<width>${width}</width>`,
    `\t\t<height>${height}</height>`,
    '\t\t<depth>3</depth>',
    '\t</size>',
    '\t<segmented>0</segmented>',
    ...objects,
    '</annotation>',
    '',
  ].join('\n');
}

function objectXml(line: string, where: string): readonly string[] {
  const parts = /^([\w-]+) (\d+) (\d+) (\d+) (\d+)$/.exec(line);
  if (parts === null) {
    throw new InputError(
      `${where}: an object is "class left top right bottom", the class one word, the corners whole numbers, got "${line}"`,
    );
  }
  const [, name, left, top, right, bottom] = parts;
  return [
    '\t<object>',
    `\t\t<name>${name}</name>`,
    '\t\t<pose>Unspecified</pose>',
    '\t\t<truncated>0</truncated>',
    '\t\t<difficult>0</difficult>',
    '\t\t<bndbox>',
    `\t\t\t<xmin>${left}</xmin>`,
    `\t\t\t<ymin>${top}</ymin>`,
    `\t\t\t<xmax>${right}</xmax>`,
    `\t\t\t<ymax>${bottom}</ymax>`,
    '\t\t</bndbox>',
    '\t</object>',
  ];
}
