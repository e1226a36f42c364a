/**
 * Boxes as annotators leave them, and what becomes of them: a box that leaves its picture is clipped, as torchvision and mmdetection do; what has
 * no area, or none inside, is dropped. Both are counted and said, or refused where the caller is strict.
 */
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { some } from '../pictures/layout.js';

/** x1, y1, x2, y2. */
export type Corners = readonly [number, number, number, number];

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Mends the boxes of a set and keeps account of it. */
export class BoxMender {
  private readonly clipped: string[] = [];
  private readonly dropped: string[] = [];

  constructor(private readonly strict: boolean) {}

  /**
   * The box within its picture, or undefined where nothing of it is left.
   *
   * @param where file and line, for messages.
   * @throws InputError for numbers that are none, and in strict sets for any flaw.
   */
  mend(box: Corners, { width, height }: Size, where: string): Corners | undefined {
    if (!box.every(Number.isFinite)) {
      throw new InputError(`${where}: a box must have four finite numbers, got ${box.join(', ')}`);
    }
    const [x1, y1, x2, y2] = box;
    if (x2 <= x1 || y2 <= y1) return this.drop(where, 'a box without area', box);
    const inside: Corners = [
      Math.max(0, x1),
      Math.max(0, y1),
      Math.min(width, x2),
      Math.min(height, y2),
    ];
    if (inside[2] <= inside[0] || inside[3] <= inside[1]) {
      return this.drop(where, `a box outside its picture of ${width} x ${height}`, box);
    }
    if (inside.every((value, i) => value === box[i])) return box;
    this.refuse(where, `a box that leaves its picture of ${width} x ${height}`, box);
    this.clipped.push(withoutFolder(where));
    return inside;
  }

  /** A box that its format already shows to have no area. */
  drop(where: string, what: string, box: Corners): undefined {
    this.refuse(where, what, box);
    this.dropped.push(withoutFolder(where));
    return undefined;
  }

  /** What was done, in words; of paths the file's name alone, as the words go into records that another machine must repeat. */
  remarks(): string[] {
    const remarks: string[] = [];
    if (this.clipped.length > 0) {
      remarks.push(
        `${this.clipped.length} box(es) that left their pictures clipped: ${some(this.clipped)}`,
      );
    }
    if (this.dropped.length > 0) {
      remarks.push(`${this.dropped.length} box(es) without area dropped: ${some(this.dropped)}`);
    }
    return remarks;
  }

  private refuse(where: string, what: string, box: Corners): void {
    if (!this.strict) return;
    throw new InputError(
      `${where}: ${what}: ${box.join(', ')} (x1, y1, x2, y2, from 0); mend it, or leave strict out to have such boxes clipped or dropped`,
    );
  }
}

/** "/data/bccd.tar, Annotations/1.xml, line 3" without what is another folder on another machine. */
function withoutFolder(where: string): string {
  const [file, ...rest] = where.split(', ');
  return [path.basename(file), ...rest].join(', ');
}
