/** What is loaded and what runs: file, kernels, threads. */
import { find, row } from '../../shared/elements.js';
import type { ListedModel } from './models.js';
import type { Loaded } from './protocol.js';

/** A model that is loaded, and where it is from. */
export interface CurrentModel {
  readonly name: string;
  readonly fileBytes: number;
  readonly loaded: Loaded;
  /** Where it is one of the list. */
  readonly listed?: ListedModel;
}

export function showModel({ fileBytes, loaded, listed }: CurrentModel): void {
  const { reads, classes, kernels, nodes, threads, cores, isolated } = loaded;
  const text = (id: string, value: string) => {
    find(id, HTMLElement).textContent = value;
  };
  const shape = `${reads.height} x ${reads.width}, ${reads.channels === 1 ? 'grey' : 'colour'}`;
  const { accuracy } = listed ?? {};
  const right =
    accuracy === undefined
      ? ''
      : ` ${((100 * accuracy.correct) / accuracy.of).toFixed(2)} % of ${accuracy.of.toLocaleString('en')} ${accuracy.what} right.`;
  text('about', `Reads ${shape}, knows ${classes.length} classes.${right}`);
  text('size', `${(fileBytes / 1000).toFixed(1)} kB`);
  text('kernels', kernelsText(loaded));
  text('engine', kernels);
  text('threads', `${threads} of ${cores} cores`);
  // Without the headers for it a page has no shared memory, which threads need.
  text('isolated', isolated ? 'cross-origin isolated' : 'not cross-origin isolated');
  find('nodes', HTMLElement).replaceChildren(
    ...nodes.map(({ name, kernel, output, bytes }) =>
      row(name, kernel, `${output.type} ${output.shape.join(' x ')}`, {
        number: bytes.toLocaleString('en'),
      }),
    ),
  );
}

const products: ReadonlySet<string> = new Set(['binaryConv2d', 'binaryDense', 'conv2d', 'dense']);

/** Kinds of kernels of the layers that multiply, and how many of each: "3 xor-popcount, 1 float conv". */
function kernelsText({ nodes }: Loaded): string {
  const counts = new Map<string, number>();
  for (const { op, kernel } of nodes) {
    if (!products.has(op)) continue;
    // "xor-popcount 3x3/2, pad +1": what stands before the numbers.
    const [kind] = kernel.split(/,| \d/);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}
