/** The two packed models: their size, what was proven of them, the files themselves, and what they read in a drawing. */
import { load } from '@surge-bnn/runtime';
import type { PackedModel } from '@surge-bnn/runtime';
import { ProbabilityBars } from '../../shared/bars.js';
import { centredDigit } from '../../shared/digit.js';
import { find, make } from '../../shared/elements.js';
import { Pad } from '../../shared/pad.js';
import { probabilitiesOf } from '../../shared/probabilities.js';
import { pictureOf } from './pictures.js';
import { networkNames } from './protocol.js';
import type { Digit, Done, Shipped } from './protocol.js';

const side = 28;

export class PackedView {
  private readonly section = find('packed', HTMLElement);
  private readonly files = find('files', HTMLElement);
  private readonly answers = find('answers', HTMLElement);
  private readonly spoken = find('spoken', HTMLElement);
  private readonly hint = find('hint', HTMLElement);
  private readonly clearButton = find('clear', HTMLButtonElement);
  private readonly pad: Pad;
  private models: readonly PackedModel[] = [];
  private readers: readonly { answer: HTMLElement; bars: ProbabilityBars }[] = [];
  private addresses: readonly string[] = [];
  private frame: number | undefined;

  constructor() {
    this.pad = new Pad(find('pad', HTMLCanvasElement), (done) => {
      this.hint.hidden = true;
      this.clearButton.disabled = false;
      this.frame ??= window.requestAnimationFrame(() => {
        this.frame = undefined;
        this.read();
      });
      if (!done) return;
      this.read();
      this.speak();
    });
    this.clearButton.addEventListener('click', () => {
      this.clear();
    });
  }

  /** The digits that can be taken instead of drawing one. */
  offerSamples(samples: readonly Digit[]): void {
    find('samples', HTMLElement).replaceChildren(
      ...samples.map((digit) => {
        const button = make('button', 'sample');
        button.type = 'button';
        button.setAttribute('aria-label', `Sample: ${digit.label}`);
        button.append(pictureOf(digit));
        button.addEventListener('click', () => {
          this.pad.show({ height: side, width: side, channels: 1, bytes: digit.pixels });
          this.hint.hidden = true;
          this.clearButton.disabled = false;
          this.predict(digit.pixels);
          this.speak();
        });
        return button;
      }),
    );
  }

  /** The models of a training that is over. Those of one before are forgotten. */
  async show({ networks, step, stopped }: Done): Promise<void> {
    this.hide();
    this.models = await Promise.all(networks.map(({ bytes }) => load(bytes)));
    this.addresses = networks.map(({ bytes }) => URL.createObjectURL(new Blob([bytes])));
    find('trained', HTMLElement).textContent = stopped
      ? `Stopped after ${step.toLocaleString('en')} steps; this is what was learnt until then.`
      : `Trained for ${step.toLocaleString('en')} steps.`;
    this.files.replaceChildren(...networks.map((network, i) => this.fileCard(network, i)));
    const readers = networkNames.map((name) => {
      const card = make('div', 'reader');
      const answer = make('p', 'answer', '–');
      const list = make('ol', 'bars');
      list.setAttribute('aria-label', `Probability of every class, ${name}`);
      card.append(make('h3', '', name), answer, list);
      return { card, answer, bars: new ProbabilityBars(list) };
    });
    readers.forEach(({ bars }, i) => {
      bars.prepare(this.models[i].classes ?? []);
    });
    this.readers = readers;
    this.answers.replaceChildren(...readers.map(({ card }) => card));
    this.section.hidden = false;
    this.clear();
  }

  hide(): void {
    this.section.hidden = true;
    for (const model of this.models) model.close();
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.models = [];
    this.addresses = [];
  }

  private fileCard({ bytes, correct, of, equal, floatBytes }: Shipped, i: number): HTMLElement {
    const card = make('div', 'file');
    const name = networkNames[i];
    const link = make('a', 'button', `Download ${name.toLowerCase()}.bnn`);
    link.href = this.addresses[i];
    link.download = `${name.toLowerCase()}.bnn`;
    const facts = make('ul');
    const count = of.toLocaleString('en');
    const proof =
      equal === of
        ? `All outputs on ${count} test digits equal the trained network's, bit for bit.`
        : `Only ${equal.toLocaleString('en')} of ${count} test digits give the trained network's outputs: a defect.`;
    facts.append(
      make(
        'li',
        'accuracy',
        `${((100 * correct) / of).toFixed(2)} % of ${count} test digits right`,
      ),
      make(
        'li',
        'size',
        `${kilobytes(bytes.length)}; its weights in float32: ${kilobytes(floatBytes)}`,
      ),
      make('li', 'proof', proof),
    );
    card.append(make('h3', '', name), facts, link);
    return card;
  }

  private clear(): void {
    if (this.frame !== undefined) window.cancelAnimationFrame(this.frame);
    this.frame = undefined;
    this.pad.clear();
    this.hint.hidden = false;
    this.clearButton.disabled = true;
    this.spoken.textContent = '';
    for (const { answer, bars } of this.readers) {
      answer.textContent = '–';
      bars.clear();
    }
  }

  /** What is drawn, prepared as MNIST's pictures are. */
  private read(): void {
    const picture = centredDigit(this.pad.ink(), side);
    if (picture !== undefined) this.predict(picture.bytes);
  }

  private predict(pixels: Uint8Array): void {
    this.models.forEach((model, i) => {
      const shares = probabilitiesOf(model.run(pixels), false);
      const best = shares.indexOf(Math.max(...shares));
      const { answer, bars } = this.readers[i];
      answer.textContent = model.classes?.[best] ?? `${best}`;
      bars.show(shares);
    });
  }

  /** For screen readers, once a stroke. */
  private speak(): void {
    const words = this.readers.map(({ answer }, i) => `${networkNames[i]}: ${answer.textContent}`);
    this.spoken.textContent = `Read as ${words.join(', ')}.`;
  }
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
