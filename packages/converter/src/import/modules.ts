/** From our layers to the names that their weights have in a state dict. */
import { nearest } from '@surge-bnn/contract';

/** Where a weight's tensor is to be found, given the tensors' names. */
export class ModuleNames {
  /** Modules by the layer that they are, and by "layer/weight". */
  private readonly moduleOf = new Map<string, string>();
  private readonly given: ReadonlySet<string>;

  /**
   * @param names PyTorch module -> our layer, or -> "layer/weight" for a module (or a tensor) that is one weight of it.
   * @param weights of our layers.
   * @param problems what is wrong with `names` is added here.
   */
  constructor(
    names: Readonly<Record<string, string>>,
    weights: readonly { readonly layer: string; readonly weight: string }[],
    problems: string[],
  ) {
    this.given = new Set(Object.keys(names));
    const targets = new Set(weights.flatMap(({ layer, weight }) => [layer, `${layer}/${weight}`]));
    for (const [module, target] of Object.entries(names)) {
      const other = this.moduleOf.get(target);
      if (!targets.has(target)) {
        const near = suggestion(target, targets);
        problems.push(
          `names gives "${module}" to "${target}", which is no layer with weights${near}`,
        );
      } else if (other !== undefined) {
        problems.push(`names gives both "${other}" and "${module}" to "${target}"`);
      } else {
        this.moduleOf.set(target, module);
      }
    }
  }

  /** The module of a layer: what `names` says, else the layer's own name, unless `names` gives that to another layer. */
  layerModule(layer: string): string {
    const own = this.given.has(layer) ? `(no module for layer ${layer})` : layer;
    return this.moduleOf.get(layer) ?? own;
  }

  /** The tensor's full name. @param path behind the module of the whole layer. */
  tensor(
    layer: string,
    weight: string,
    path: string,
    known: { has(name: string): boolean },
  ): string {
    const own = this.moduleOf.get(`${layer}/${weight}`);
    const leaf = path.slice(path.lastIndexOf('.') + 1);
    if (own !== undefined) return known.has(own) ? own : `${own}.${leaf}`;
    return `${this.layerModule(layer)}.${path}`;
  }
}

/** '; did you mean "x"?', or nothing. */
export function suggestion(given: string, among: Iterable<string>): string {
  const near = nearest(given, among);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
