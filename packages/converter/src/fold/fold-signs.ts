/**
 * Replaces "sum -> batch norm, activations, max pools -> sign" by "sum -> threshold -> max pools on bits", where that is
 * the same for every sum that can occur (threshold.ts has the derivation).
 */
import type { GraphNode, StoredTensor } from '@surge-bnn/runtime';
import { freeName } from '../free-name.js';
import type { Draft } from '../graph-builder.js';
import { storedFlags, storedIntegers } from '../stored.js';
import { elementOf } from './element.js';
import { isSum, productsOf } from './products.js';
import { withoutUnused } from './rewrite.js';
import { channelThreshold } from './threshold.js';
import type { ChainLink, ChannelThreshold, NoThreshold } from './threshold.js';

/** A sign that stays on floats although it stands behind a binary layer. */
export interface UnfoldedSign {
  readonly sign: string;
  readonly why: string;
}

export interface Folded {
  readonly draft: Draft;
  readonly unfolded: readonly UnfoldedSign[];
}

type SignNode = Extract<GraphNode, { op: 'sign' }>;

export function foldSigns(draft: Draft): Folded {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]));
  const tensors = new Map(draft.tensors);
  const unfolded: UnfoldedSign[] = [];
  const names = new Set(byName.keys());
  const context: FoldContext = {
    tensors,
    freeName: (wanted) => freeName(names, wanted),
  };
  /** Where what a sign made now comes from. */
  const instead = new Map<string, string>();
  const nodes = draft.nodes.flatMap((given): readonly GraphNode[] => {
    const node = { ...given, inputs: given.inputs.map((name) => instead.get(name) ?? name) };
    if (node.op !== 'sign' || node.attributes.values === 'f32') return [node];
    const chain = chainBefore(node, byName);
    if (chain === undefined || chain.links.length === 0) return [node];
    const folded = mustStandLast(chain)
      ? thresholdLast(node, chain, context)
      : thresholdFirst(node, chain, context);
    if (typeof folded === 'string') {
      unfolded.push({ sign: node.name, why: folded });
      return [node];
    }
    instead.set(node.name, folded[folded.length - 1].name);
    return folded;
  });
  return { draft: withoutUnused({ ...draft, nodes, tensors }), unfolded };
}

interface FoldContext {
  /** The graph's; new ones are added. */
  readonly tensors: Map<string, StoredTensor>;
  /** A name for a new node, as wanted or with a number. */
  readonly freeName: (wanted: string) => string;
}

interface Chain {
  /** The binary layer whose sums start the chain. */
  readonly sums: GraphNode;
  /** K: products per sum. */
  readonly products: number;
  /** From the sums to the sign, both excluded. */
  readonly links: readonly GraphNode[];
}

/** The functions between a binary layer, or attention, and the sign; undefined when something else feeds the sign. */
function chainBefore(sign: SignNode, byName: ReadonlyMap<string, GraphNode>): Chain | undefined {
  const links: GraphNode[] = [];
  for (let node = byName.get(sign.inputs[0]); node !== undefined;) {
    if (isSum(node)) {
      return { sums: node, products: productsOf(node, byName), links };
    }
    if (!linkOps.has(node.op)) return undefined;
    links.unshift(node);
    node = byName.get(node.inputs[0]);
  }
  return undefined;
}

const linkOps: ReadonlySet<string> = new Set([
  'affine',
  'prelu',
  'clip',
  'relu',
  'sigmoid',
  'tanh',
  'gelu',
  'maxPool2d',
  'reshape',
]);

/**
 * Whether the threshold needs more channels than the sums have: a function behind a flatten has its own numbers for
 * every position. Then sums are pooled and reshaped as integers and compared at the end.
 */
function mustStandLast({ sums, links }: Chain): boolean {
  const channels = sums.output.shape.at(-1);
  return links.some((link) => isElement(link) && link.output.shape.at(-1) !== channels);
}

/**
 * Right behind the sums; pools and reshapes then work on bits.
 * @returns the nodes in place of the sign, whose last one makes what the sign made, or why there are none.
 */
function thresholdFirst(
  sign: SignNode,
  { sums, products, links }: Chain,
  { tensors, freeName }: FoldContext,
): readonly GraphNode[] | string {
  const moved = links.filter((link) => !isElement(link));
  const pools = moved.filter((link) => link.op === 'maxPool2d');
  const channels = sums.output.shape.at(-1) ?? 1;
  if (pools.some((pool) => pool.output.shape.at(-1) !== channels)) {
    return 'a max pool stands behind a reshape that changes the channels';
  }
  if (pools.length > 0 && sign.attributes.values === 'unsigned') {
    return 'a max pool stands between the sums and a sign with the values 0 and 1';
  }
  const found = thresholds(chainOf(links, tensors), products, channels, (_, c) => c);
  if (typeof found === 'string') return found;
  const type = sign.attributes.values;
  const { shape } = sums.output;
  const made = [thresholdNode(sign, links, sums.name, shape, found, tensors)];
  for (const link of moved) {
    const shared = {
      name: freeName(`${link.name}/bits`),
      inputs: [made[made.length - 1].name],
      output: { type, shape: link.output.shape },
      layers: link.layers,
    };
    if (link.op === 'maxPool2d') {
      const flips = found.map(({ poolMinimum }) => poolMinimum[pools.indexOf(link)]);
      const key = `${shared.name}/flips`;
      tensors.set(key, storedFlags(flips));
      made.push({ ...link, ...shared, tensors: { flips: key } });
    } else if (link.op === 'reshape') {
      made.push({ ...link, ...shared });
    }
  }
  return made;
}

/** In the place of the sign, behind pools and reshapes of the integer sums. */
function thresholdLast(
  sign: SignNode,
  { sums, products, links }: Chain,
  { tensors, freeName }: FoldContext,
): readonly GraphNode[] | string {
  const lastPool = links.findLastIndex((link) => link.op === 'maxPool2d');
  if (lastPool > 0 && links.slice(0, lastPool).some(isElement)) {
    return 'a max pool stands between two functions, with a flatten behind it';
  }
  const channels = links.at(-1)?.output.shape.at(-1) ?? 1;
  const sizes = links.filter(isElement).map((link) => link.output.shape.at(-1) ?? 1);
  // In row-major order entry e of an array has channel e mod C, for each C that divides the last one, too.
  if (sizes.some((size) => channels % size !== 0)) {
    return 'a reshape between the sums and the sign mixes channels';
  }
  const elements = chainOf(links.filter(isElement), tensors);
  const found = thresholds(elements, products, channels, (i, c) => c % sizes[i]);
  if (typeof found === 'string') return found;
  const made: GraphNode[] = [];
  let from = sums.name;
  for (const link of links) {
    if (link.op !== 'maxPool2d' && link.op !== 'reshape') continue;
    const name = freeName(`${link.name}/sums`);
    const output = { type: 'i32', shape: link.output.shape } as const;
    made.push({ ...link, name, inputs: [from], output });
    from = name;
  }
  made.push(thresholdNode(sign, links, from, sign.output.shape, found, tensors));
  return made;
}

function isElement({ op }: GraphNode): boolean {
  return op !== 'maxPool2d' && op !== 'reshape';
}

function chainOf(
  links: readonly GraphNode[],
  tensors: ReadonlyMap<string, StoredTensor>,
): ChainLink[] {
  return links.flatMap((link): ChainLink[] => {
    if (link.op === 'maxPool2d') return [{ kind: 'maxPool' }];
    const f = elementOf(link, tensors);
    return f === undefined ? [] : [{ kind: 'element', f }];
  });
}

/** @param channelAt channel of the chain's element `i` for channel c of the threshold. */
function thresholds(
  chain: readonly ChainLink[],
  products: number,
  channels: number,
  channelAt: (i: number, c: number) => number,
): readonly ChannelThreshold[] | string {
  const found: ChannelThreshold[] = [];
  const failed = new Map<NoThreshold, number>();
  for (let c = 0; c < channels; c++) {
    const own = chain.map((link, i): ChainLink => {
      if (link.kind === 'maxPool') return link;
      return { kind: 'element', f: (x) => link.f(x, channelAt(i, c)) };
    });
    const one = channelThreshold(own, products, c);
    if (typeof one === 'string') failed.set(one, (failed.get(one) ?? 0) + 1);
    else found.push(one);
  }
  if (failed.size === 0) return found;
  return [...failed]
    .map(([why, count]) => `the function of ${count} of ${channels} channels is ${why}`)
    .join(', ');
}

function thresholdNode(
  sign: SignNode,
  links: readonly GraphNode[],
  input: string,
  shape: readonly number[],
  found: readonly ChannelThreshold[],
  tensors: Map<string, StoredTensor>,
): GraphNode {
  const { name } = sign;
  const keys = { thresholds: `${name}/thresholds`, flips: `${name}/flips` };
  tensors.set(keys.thresholds, storedIntegers(Int32Array.from(found, (one) => one.threshold)));
  tensors.set(keys.flips, storedFlags(found.map((one) => one.flip)));
  const layers = links.filter(isElement).flatMap((link) => link.layers);
  return {
    name,
    op: 'threshold',
    inputs: [input],
    attributes: { values: sign.attributes.values === 'unsigned' ? 'unsigned' : 'bits' },
    tensors: keys,
    output: { type: sign.attributes.values === 'unsigned' ? 'unsigned' : 'bits', shape },
    layers: [...new Set([...layers, ...sign.layers])],
  };
}
