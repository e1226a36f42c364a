/** Digits as small pictures. */
import { make } from '../../shared/elements.js';
import { paint } from '../../shared/paint.js';
import type { Digit } from './protocol.js';

const side = 28;

/** A canvas with the digit; its label is what screen readers say. */
export function pictureOf({ pixels, label }: Digit): HTMLCanvasElement {
  const canvas = make('canvas');
  canvas.setAttribute('role', 'img');
  paintDigit(canvas, { pixels, label });
  return canvas;
}

export function paintDigit(canvas: HTMLCanvasElement, { pixels, label }: Digit): void {
  paint(canvas, { height: side, width: side, channels: 1, bytes: pixels });
  canvas.setAttribute('aria-label', `${label}`);
}

/** The pictures of a batch in one row, whose canvases stay and are painted anew. */
export class PictureStrip {
  constructor(private readonly place: HTMLElement) {}

  show(digits: readonly Digit[]): void {
    const { children } = this.place;
    digits.forEach((digit, i) => {
      const there = children.item(i);
      if (there instanceof HTMLCanvasElement) paintDigit(there, digit);
      else this.place.append(pictureOf(digit));
    });
    while (children.length > digits.length) children.item(digits.length)?.remove();
  }
}
