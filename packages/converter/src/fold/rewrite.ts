/** What rewriting a graph takes. */
import type { Draft } from '../graph-builder.js';

/** How many nodes read each edge; each output of the graph counts as one. */
export function readerCounts({ nodes, outputs }: Draft): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of [...outputs, ...nodes.flatMap(({ inputs }) => inputs)]) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** What no output depends on is gone. */
export function withoutUnused(draft: Draft): Draft {
  const used = new Set(draft.outputs);
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
