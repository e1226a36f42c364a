/** Names for layers in a graph. */
import { layerCalls } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import type { Layer } from './rule.js';

/**
 * The model's layers in the order of their first call, each once, by names of which no two are the same: TF.js keeps
 * names apart within one model, but two nested ones may both have a "conv". The second is "conv#2".
 */
export function namedLayers(model: Model): readonly Layer[] {
  const layers = [...new Set(layerCalls(model).calls.map(({ layer }) => layer))];
  const taken = new Set<string>();
  return layers.map((self) => {
    let { name } = self;
    for (let n = 2; taken.has(name); n++) name = `${self.name}#${n}`;
    taken.add(name);
    return { name, self };
  });
}
