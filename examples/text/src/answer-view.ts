/** What the model says: a bar for each class, or one for the score; and what it has read. */
import { ProbabilityBars } from '../../shared/bars.js';
import { find, make } from '../../shared/elements.js';
import type { Loaded, Said } from './protocol.js';

export class AnswerView {
  private readonly list = find('bars', HTMLElement);
  private readonly bars = new ProbabilityBars(this.list);
  private readonly score = find('score', HTMLElement);
  private readonly meter = find('meter', HTMLMeterElement);
  private readonly pieces = find('pieces', HTMLElement);
  private readonly remarks = find('remarks', HTMLElement);
  private range: Loaded['range'];

  /** Empty, for what this model says. */
  prepare({ classes, range }: Loaded): void {
    this.range = range;
    this.bars.prepare(classes ?? []);
    this.list.hidden = classes === undefined;
    this.score.parentElement?.toggleAttribute('hidden', range === undefined);
    this.score.textContent = '–';
    this.pieces.replaceChildren();
    this.remarks.hidden = true;
    if (range === undefined) return;
    this.meter.min = range.least;
    this.meter.max = range.most;
    this.meter.value = range.least;
  }

  show({ prediction, pieces }: Said): void {
    if ('class' in prediction) {
      this.bars.show(prediction.probabilities);
      // To the last bit, for whoever looks closely.
      this.list.dataset.probabilities = prediction.probabilities.join();
      this.list.dataset.class = prediction.class;
    } else if (this.range !== undefined) {
      this.score.textContent = `${prediction.score.toFixed(2)} of ${this.range.least} to ${this.range.most}`;
      this.score.dataset.score = String(prediction.score);
      this.meter.value = prediction.score;
    }
    this.pieces.replaceChildren(
      ...pieces.map((piece) => make('li', piece === '[UNK]' ? 'unknown' : '', piece)),
    );
    const { cut, unknown } = prediction;
    const remarks = [
      ...(cut > 0
        ? [`${cut} pieces at the end are too many for this model and were cut off.`]
        : []),
      ...(unknown > 0
        ? [`${unknown === 1 ? 'One piece is' : `${unknown} pieces are`} unknown to it.`]
        : []),
    ];
    this.remarks.textContent = remarks.join(' ');
    this.remarks.hidden = remarks.length === 0;
  }
}
