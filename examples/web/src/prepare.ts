/** A drawing or a picture becomes the bytes that a model reads, and a list of what was done to it. */
import { centredDigit } from '../../shared/digit.js';
import { borderOf, grey, inverted, placed, resized } from '../../shared/raster.js';
import type { Raster } from '../../shared/raster.js';
import { Refusal } from '../../shared/refusal.js';

/** What a model reads. */
export interface Reads {
  readonly height: number;
  readonly width: number;
  /** 1 or 3. */
  readonly channels: number;
  /** Of handwritten digits, prepared as MNIST's are; else any picture. */
  readonly digits: boolean;
  /** Whether the pictures of the training were light on dark. */
  readonly lightOnDark: boolean;
}

export interface Prepared {
  /** Of exactly the model's shape. */
  readonly picture: Raster;
  /** What was changed, for the person who asks. */
  readonly remarks: readonly string[];
}

/**
 * @param ink of the pad: 0 is paper, 255 is ink.
 * @returns undefined for an empty pad.
 */
export function prepareDrawing(ink: Raster, reads: Reads): Prepared | undefined {
  const picture = centredDigit(ink, reads.width);
  return picture && { picture, remarks: [] };
}

/**
 * A picture of the model's size is taken as it is. Any other is resized to fit inside, the rest filled like its border; of a
 * digit the ink is cut out first and centred as MNIST's is. Grey models that read light on dark get a picture with a light
 * border inverted: the rules of `surge-bnn predict`.
 *
 * @throws Refusal when there is nothing on the picture.
 */
export function preparePicture(given: Raster, reads: Reads): Prepared {
  const remarks: string[] = [];
  let picture = reads.channels === 1 ? grey(given) : given;
  if (picture.bytes.every((value, i) => value === picture.bytes[i % picture.channels])) {
    throw new Refusal('There is nothing on this picture: every pixel is the same.');
  }
  if (reads.channels === 1 && reads.lightOnDark && borderOf(picture)[0] > 127.5) {
    picture = inverted(picture);
    remarks.push('inverted, because its border is light');
  }
  const { height, width } = reads;
  if (picture.height === height && picture.width === width) return { picture, remarks };
  const from = `${picture.height} x ${picture.width}`;
  if (reads.digits) {
    const centred = centredDigit(inkOf(picture), width);
    if (centred === undefined) throw new Refusal('There is no ink on this picture.');
    remarks.push(`ink cut out of ${from} and centred as MNIST's is`);
    return { picture: centred, remarks };
  }
  remarks.push(`resized from ${from} to fit into ${height} x ${width}`);
  return { picture: fitted(picture, height, width), remarks };
}

function fitted(picture: Raster, height: number, width: number): Raster {
  const factor = Math.min(height / picture.height, width / picture.width);
  const inner = {
    height: Math.min(height, Math.max(1, Math.round(picture.height * factor))),
    width: Math.min(width, Math.max(1, Math.round(picture.width * factor))),
  };
  const whole = { top: 0, left: 0, height: picture.height, width: picture.width };
  const small = resized(picture, whole, inner.height, inner.width);
  const top = Math.floor((height - inner.height) / 2);
  const left = Math.floor((width - inner.width) / 2);
  return placed(small, { top, left, height, width }, borderOf(picture));
}

/**
 * The paper of a photograph is not 0, and its grain would be ink everywhere: what is less than a quarter of the way from the
 * border's mean to the lightest pixel is paper, and the rest is stretched to 1 .. 255.
 */
function inkOf(picture: Raster): Raster {
  const [ground] = borderOf(picture);
  const most = picture.bytes.reduce((a, b) => Math.max(a, b), 0);
  const least = ground + (most - ground) / 4;
  const bytes = picture.bytes.map((value) =>
    value <= least ? 0 : Math.max(1, Math.round((255 * (value - least)) / (most - least))),
  );
  return { ...picture, bytes };
}
