/** The prediction: the class, a bar for every class, every output as a number. */
import { percent, ProbabilityBars } from '../../shared/bars.js';
import { find, row } from '../../shared/elements.js';
import { paint } from '../../shared/paint.js';
import type { Prepared } from './prepare.js';
import { probabilitiesOf } from '../../shared/probabilities.js';
import type { Loaded, Outputs } from './protocol.js';

export class ResultView {
  private readonly answer = find('answer', HTMLElement);
  private readonly sure = find('sure', HTMLElement);
  private readonly spoken = find('spoken', HTMLElement);
  private readonly seen = find('seen', HTMLCanvasElement);
  private readonly bars = new ProbabilityBars(find('bars', HTMLElement));
  private readonly remarks = find('remarks', HTMLElement);
  private readonly numbers = find('numbers', HTMLElement);
  private readonly time = find('time', HTMLElement);
  private readonly runs = find('runs', HTMLElement);
  /** The answer once more beside the drawing, where the page is narrow and the prediction stands below it. */
  private readonly brief = find('brief', HTMLElement);

  /** Empty, for another model. */
  prepare({ classes }: Loaded): void {
    this.bars.prepare(classes);
    this.clear();
  }

  /** Nothing is predicted. */
  clear(): void {
    this.answer.textContent = '–';
    this.answer.className = 'none';
    const texts = [this.sure, this.spoken, this.brief, this.runs];
    for (const text of texts) text.textContent = '';
    this.remarks.hidden = true;
    this.time.textContent = '–';
    this.numbers.replaceChildren();
    this.seen.getContext('2d')?.clearRect(0, 0, this.seen.width, this.seen.height);
    this.bars.clear();
  }

  /** What the model is about to read. */
  showSeen({ picture, remarks }: Prepared): void {
    paint(this.seen, picture);
    this.remarks.textContent =
      remarks.length === 0 ? '' : `This picture was ${remarks.join(', ')}.`;
    this.remarks.hidden = remarks.length === 0;
  }

  /** What the model said. Only what is timed is also spoken to screen readers: not every piece of a stroke. */
  show({ outputs, timing }: Outputs, { classes, endsInSoftmax }: Loaded): void {
    const shares = probabilitiesOf(outputs, endsInSoftmax);
    const best = shares.indexOf(Math.max(...shares));
    this.answer.textContent = classes[best];
    this.answer.className = classes[best].length > 2 ? 'long' : '';
    this.sure.textContent = percent(shares[best]);
    this.brief.textContent = `${classes[best]}, ${percent(shares[best])}`;
    this.bars.show(shares);
    this.numbers.replaceChildren(
      ...classes.map((name, i) =>
        row(name, { number: exact(outputs[i]) }, { number: shares[i].toPrecision(6) }),
      ),
    );
    if (timing === undefined) return;
    const { milliseconds, samples, runs } = timing;
    this.time.textContent = `${milliseconds.toPrecision(3)} ms`;
    this.runs.textContent = `median of ${samples} x ${runs} runs`;
    this.spoken.textContent = `Read as ${classes[best]}, ${percent(shares[best])}.`;
  }
}

/** All digits of the float32, and the sign of a zero. */
function exact(value: number): string {
  return Object.is(value, -0) ? '-0' : `${value}`;
}
