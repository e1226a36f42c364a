/** What rewriting a graph takes. */
import type { Draft } from '../graph-builder.js';

/** How many nodes read each edge; the graph's output counts as one. */
export function readerCounts({ nodes, output }: Draft): ReadonlyMap<string, number> {
  const counts = new Map([[output, 1]]);
  for (const name of nodes.flatMap(({ inputs }) => inputs)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** What the output does not depend on is gone. */
export function withoutUnused(draft: Draft): Draft {
  const used = new Set([draft.output]);
  const nodes = draft.nodes
    .toReversed()
    .filter((node) => {
      if (!used.has(node.name)) return false;
      for (const input of node.inputs) used.add(input);
      return true;
    })
    .toReversed();
  const keys = new Set(nodes.flatMap((node) => Object.values(node.tensors)));
  const tensors = new Map([...draft.tensors].filter(([key]) => keys.has(key)));
  return { ...draft, nodes, tensors };
}
