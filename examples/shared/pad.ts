/** The drawing area: strokes of mouse, finger and pen, several at once. What is drawn is the canvas's alpha channel. */
import type { Raster } from './raster.js';

/** Of the canvas's side: what a pen of MNIST's was, about a tenth of the digit's height. */
const strokeShare = 0.075;

interface Point {
  readonly x: number;
  readonly y: number;
}

export class Pad {
  private readonly context: CanvasRenderingContext2D;
  private readonly pens = new Map<number, Point>();
  private shows = false;

  /** @param onChange after each piece of a stroke; `done` when no pen is down any more. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onChange: (done: boolean) => void,
  ) {
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('this browser gives no 2D canvas');
    this.context = context;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.lineWidth = strokeShare * canvas.width;
    // White; the style sheet inverts it where the page is light.
    context.strokeStyle = '#fff';
    canvas.addEventListener('pointerdown', this.begin);
    canvas.addEventListener('pointermove', this.move);
    for (const end of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(end, this.end);
  }

  clear(): void {
    const { width, height } = this.canvas;
    this.context.clearRect(0, 0, width, height);
    this.shows = false;
  }

  /** Shows a digit that was not drawn here; the next stroke begins on an empty pad. */
  show({ height, width, bytes }: Raster): void {
    this.clear();
    const image = new ImageData(width, height);
    bytes.forEach((value, i) => {
      image.data.set([255, 255, 255, value], 4 * i);
    });
    const small = new OffscreenCanvas(width, height);
    small.getContext('2d')?.putImageData(image, 0, 0);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(small, 0, 0, this.canvas.width, this.canvas.height);
    this.shows = true;
  }

  /** One channel: 0 is paper, 255 is ink. */
  ink(): Raster {
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    const bytes = new Uint8Array(width * height);
    for (let i = 0; i < bytes.length; i++) bytes[i] = data[4 * i + 3];
    return { height, width, channels: 1, bytes };
  }

  private readonly begin = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    if (this.shows) this.clear();
    this.canvas.setPointerCapture(event.pointerId);
    const point = this.pointOf(event);
    this.pens.set(event.pointerId, point);
    this.line(point, point);
    this.onChange(false);
  };

  private readonly move = (event: PointerEvent): void => {
    let from = this.pens.get(event.pointerId);
    if (from === undefined) return;
    // All places since the last frame, where the browser kept them: fast strokes stay round.
    const events = event.getCoalescedEvents();
    for (const one of events.length > 0 ? events : [event]) {
      const to = this.pointOf(one);
      this.line(from, to);
      from = to;
    }
    this.pens.set(event.pointerId, from);
    this.onChange(false);
  };

  private readonly end = (event: PointerEvent): void => {
    if (this.pens.delete(event.pointerId)) this.onChange(this.pens.size === 0);
  };

  private line(from: Point, to: Point): void {
    this.context.beginPath();
    this.context.moveTo(from.x, from.y);
    this.context.lineTo(to.x, to.y);
    this.context.stroke();
  }

  private pointOf({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return {
      x: ((clientX - left) / width) * this.canvas.width,
      y: ((clientY - top) / height) * this.canvas.height,
    };
  }
}
