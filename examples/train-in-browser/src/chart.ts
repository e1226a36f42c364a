/** A live chart: some curves over the steps, drawn as SVG once a frame, with a legend that tells the latest values in words. */
import { make } from '../../shared/elements.js';
import { Series } from './series.js';

export interface ChartOptions {
  readonly title: string;
  readonly format: (y: number) => string;
  /** Of the axis. Default: from the smallest to the largest value. */
  readonly low?: number;
  readonly high?: number;
  /** The axis shows powers of ten. */
  readonly logarithmic?: boolean;
}

interface Line {
  readonly name: string;
  readonly series: Series;
  readonly path: SVGPathElement;
  readonly value: HTMLElement;
}

/** Of the drawing's own coordinates; the page stretches it. */
const [width, height] = [400, 160];

export class Chart {
  private readonly svg = element('svg');
  private readonly legend = make('ul', 'legend');
  private readonly top = make('span', 'top');
  private readonly bottom = make('span', 'bottom');
  private readonly right = make('span', 'right');
  private lines: readonly Line[] = [];
  private steps = 1;
  private frame: number | undefined;

  constructor(
    place: HTMLElement,
    private readonly options: ChartOptions,
  ) {
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.svg.setAttribute('role', 'img');
    const plot = make('div', 'plot');
    plot.append(this.svg, this.top, this.bottom, this.right);
    place.append(make('h3', '', options.title), this.legend, plot);
    this.begin([], 1);
  }

  /** Empty, for these curves over so many steps. */
  begin(names: readonly string[], steps: number): void {
    this.steps = steps;
    this.lines = names.map((name, i) => {
      const path = element('path');
      path.setAttribute('class', `line line-${i}`);
      const value = make('span', 'value', '–');
      return { name, series: new Series(), path, value };
    });
    this.svg.replaceChildren(...this.lines.map(({ path }) => path));
    this.legend.replaceChildren(
      ...this.lines.map(({ name, value }, i) => {
        const entry = make('li');
        entry.append(make('span', `key line-${i}`), `${name} `, value);
        return entry;
      }),
    );
    this.draw();
  }

  /** One value for each curve. Drawn when the page is next seen. */
  add(step: number, values: readonly number[]): void {
    this.lines.forEach(({ series }, i) => {
      series.add({ x: step, y: values[i] });
    });
    this.frame ??= window.requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  private draw(): void {
    const { format, title } = this.options;
    const all = this.lines.flatMap(({ series }) => series.points.map(({ y }) => y));
    const [low, high] = axisOf(all, this.options);
    const [from, to] = [this.scaled(low), this.scaled(high)];
    for (const { series, path, value } of this.lines) {
      const points = series.points.map(({ x, y }) => {
        const share = (this.scaled(y) - from) / (to - from);
        return `${((x / this.steps) * width).toFixed(2)},${((1 - share) * height).toFixed(2)}`;
      });
      // A single point is a line of no length, whose ends are round.
      const end = points.length === 1 ? 'h0' : '';
      path.setAttribute('d', points.length === 0 ? '' : `M${points.join('L')}${end}`);
      const { last } = series;
      value.textContent = last === undefined ? '–' : format(last.y);
    }
    this.top.textContent = all.length === 0 ? '' : format(high);
    this.bottom.textContent = all.length === 0 ? '' : format(low);
    this.right.textContent = all.length === 0 ? '' : `step ${this.steps.toLocaleString('en')}`;
    const words = this.lines.map(({ name, value }) => `${name} ${value.textContent}`);
    this.svg.setAttribute('aria-label', [`Curves of ${title}`, ...words].join(', '));
  }

  private scaled(y: number): number {
    return this.options.logarithmic === true ? Math.log10(Math.max(y, 1e-12)) : y;
  }
}

/** The ends of the axis for these values. */
export function axisOf(
  values: readonly number[],
  { low, high, logarithmic = false }: Omit<ChartOptions, 'title' | 'format'>,
): readonly [number, number] {
  const finite = values.filter((y) => Number.isFinite(y) && (!logarithmic || y > 0));
  if (finite.length === 0) return [low ?? 0.1, high ?? 1];
  const least = low ?? finite.reduce((a, b) => Math.min(a, b));
  const most = high ?? finite.reduce((a, b) => Math.max(a, b));
  if (most > least) return [least, most];
  // A level line stands in the middle, or at the end of the axis that is given.
  const half = Math.abs(least) / 2 || 1;
  const around = logarithmic ? [least / 2, 2 * least] : [least - half, least + half];
  return [low ?? around[0], high ?? around[1]];
}

function element<Tag extends keyof SVGElementTagNameMap>(tag: Tag): SVGElementTagNameMap[Tag] {
  return document.createElementNS('http://www.w3.org/2000/svg', tag);
}
