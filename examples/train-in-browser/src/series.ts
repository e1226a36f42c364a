/** The points of a curve. However long a training is, there are not more than some hundred: neighbours are merged then. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export class Series {
  private kept: Point[] = [];
  /** Points that each kept one stands for, and those of the next. */
  private share = 1;
  private waiting: Point[] = [];

  /** @param most even, and how many are kept at most. */
  constructor(private readonly most = 600) {}

  add(point: Point): void {
    this.waiting.push(point);
    if (this.waiting.length < this.share) return;
    this.kept.push(meanOf(this.waiting));
    this.waiting = [];
    if (this.kept.length < this.most) return;
    const pairs = Array.from({ length: this.most / 2 }, (_, i) =>
      this.kept.slice(2 * i, 2 * i + 2),
    );
    this.kept = pairs.map(meanOf);
    this.share *= 2;
  }

  /** From left to right, also what waits to be merged. */
  get points(): readonly Point[] {
    return this.waiting.length === 0 ? this.kept : [...this.kept, meanOf(this.waiting)];
  }

  get last(): Point | undefined {
    return this.waiting.at(-1) ?? this.kept.at(-1);
  }
}

function meanOf(points: readonly Point[]): Point {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  return { x: mean(({ x }) => x), y: mean(({ y }) => y) };
}
