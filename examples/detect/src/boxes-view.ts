/** Boxes on the picture, and in the table. */
import { find, make, row } from '../../shared/elements.js';
import { paint } from '../../shared/paint.js';
import type { Raster } from '../../shared/raster.js';
import type { Found } from './protocol.js';

/** @param least what has a lower score is not shown. */
export function showBoxes(picture: Raster, found: Found, least: number): void {
  const canvas = find('photo', HTMLCanvasElement);
  paint(canvas, picture);
  const shown = [...found.scores.keys()].filter((i) => found.scores[i] >= least);
  const context = canvas.getContext('2d');
  if (context !== null) for (const i of [...shown].reverse()) drawBox(context, found, i);
  find('count', HTMLElement).textContent =
    shown.length === 1 ? '1 object' : `${shown.length} objects`;
  find('objects', HTMLElement).replaceChildren(
    ...shown.map((i) => {
      const box = [...found.boxes.subarray(4 * i, 4 * i + 4)];
      const line = row(
        found.names[i],
        { number: `${(100 * found.scores[i]).toFixed(1)} %` },
        { number: box.map((v) => v.toFixed(0)).join(', ') },
      );
      // To the last bit, for whoever looks closely.
      line.dataset.box = box.join();
      line.dataset.score = String(found.scores[i]);
      line.prepend(swatch(found.classes[i]));
      return line;
    }),
  );
}

function drawBox(context: CanvasRenderingContext2D, found: Found, i: number): void {
  const [x1, y1, x2, y2] = found.boxes.subarray(4 * i, 4 * i + 4);
  // As thick on a large picture as on a small one.
  const unit = Math.max(1, context.canvas.width / 400);
  context.strokeStyle = colourOf(found.classes[i]);
  context.lineWidth = 2 * unit;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  const text = `${found.names[i]} ${found.scores[i].toFixed(2)}`;
  context.font = `${12 * unit}px sans-serif`;
  const width = context.measureText(text).width + 6 * unit;
  // Above the box, or inside where there is no room.
  const top = y1 > 16 * unit ? y1 - 16 * unit : y1;
  context.fillStyle = colourOf(found.classes[i]);
  context.fillRect(x1, top, width, 16 * unit);
  context.fillStyle = '#000';
  context.fillText(text, x1 + 3 * unit, top + 12 * unit);
}

/** The class's colour in front of its name. */
function swatch(label: number): HTMLElement {
  const cell = make('td', 'swatch');
  cell.style.background = colourOf(label);
  return cell;
}

/** Far apart for neighbouring classes: the hue turns by the golden angle. */
function colourOf(label: number): string {
  return `hsl(${Math.round((label * 137.508 + 10) % 360)}, 90%, 60%)`;
}
