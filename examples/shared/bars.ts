/** A bar for the probability of every class, in a list. */
import { make } from './elements.js';

/** So many classes stand in the order of the model; more are sorted, the most probable first. */
const mostUnsorted = 10;

interface Bar {
  readonly line: HTMLElement;
  readonly value: HTMLElement;
}

export class ProbabilityBars {
  private bars: readonly Bar[] = [];

  constructor(private readonly list: HTMLElement) {}

  /** Empty, for these classes. */
  prepare(classes: readonly string[]): void {
    this.bars = classes.map((name) => {
      const line = make('li');
      const track = make('span', 'track');
      track.append(make('span', 'bar'));
      const value = make('span', 'value', '–');
      line.append(make('span', 'name', name), track, value);
      return { line, value };
    });
    this.list.classList.toggle(
      'short',
      classes.every((name) => name.length <= 2),
    );
    this.clear();
  }

  clear(): void {
    for (const { line, value } of this.bars) {
      line.style.setProperty('--share', '0');
      line.classList.remove('best');
      value.textContent = '–';
    }
    this.list.replaceChildren(...this.bars.map(({ line }) => line));
  }

  /** @param shares one for each class, in [0, 1]. */
  show(shares: readonly number[]): void {
    const best = shares.indexOf(Math.max(...shares));
    this.bars.forEach(({ line, value }, i) => {
      line.style.setProperty('--share', shares[i].toFixed(4));
      line.classList.toggle('best', i === best);
      value.textContent = percent(shares[i]);
    });
    if (this.bars.length <= mostUnsorted) return;
    const order = this.bars.map((_, i) => i).sort((a, b) => shares[b] - shares[a]);
    this.list.replaceChildren(...order.map((i) => this.bars[i].line));
  }
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
