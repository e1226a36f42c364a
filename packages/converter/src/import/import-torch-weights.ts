/** Weights that PyTorch trained, brought into a model of ours. */
import * as tf from '@tensorflow/tfjs-core';
import { checkKeys, InputError } from '@surge-bnn/contract';
import type { Model } from '@surge-bnn/core';
import { assignWeight } from '../assign-weight.js';
import { fitted } from './fit.js';
import type { Fitted } from './fit.js';
import { ModuleNames, suggestion } from './modules.js';
import type { ForeignTensor } from './read-safetensors.js';
import { targetWeights } from './target-weights.js';
import type { TargetWeight } from './target-weights.js';

export interface ImportOptions {
  /**
   * PyTorch module -> our layer, where they have different names: `{ 'features.0': 'stem' }`. A module that is one
   * weight of a layer goes to "layer/weight"; so ReActNet's activation is
   * `{ move12: 'act1/shiftBefore', prelu1: 'act1/alpha', move13: 'act1/shiftAfter' }`.
   */
  readonly names?: Readonly<Record<string, string>>;
  /** What all names in the file begin with, "module." for one; `names`, `ignore` and the report are without it. */
  readonly prefix?: string;
  /** Tensors, or modules with all that is in them, that are left out knowingly. */
  readonly ignore?: readonly string[];
  /** The epsilon that the network's batch norms were trained with. Absent: each layer's own (1e-5 in ours and in PyTorch). */
  readonly epsilon?: number;
}

/** Which tensor went where. */
export interface ImportedWeight {
  readonly tensor: string;
  readonly dtype: string;
  readonly layer: string;
  readonly weight: string;
  /** Our shape. */
  readonly shape: readonly number[];
  /** What happened to the order of its numbers ('OIHW -> HWIO') and to the numbers ('negated'); 'none' for nothing. */
  readonly change: string;
}

export interface ImportReport {
  readonly weights: readonly ImportedWeight[];
  /** Tensors that are known and not needed: `num_batches_tracked`, and what `ignore` names. */
  readonly ignored: readonly string[];
  /** What fits, but should be known. */
  readonly remarks: readonly string[];
}

/**
 * Fills the model's weights from a PyTorch state dict: `<module>.weight`, `.bias`, `.running_mean`, `.running_var`, where a
 * module is a layer of the same name or the one that `names` gives. Kernels change their layout, and everything behind a
 * flatten of a picture gets its features from [channels, height, width] into [height, width, channels]. Types F32, F16,
 * BF16 and F64. Every tensor is accounted for, and nothing is written unless all fits.
 *
 * Weights are all that a state dict has; that the model computes what the PyTorch module computed is the architecture's
 * matter. Above all padding: 'same' follows TensorFlow, which at stride 2 pads an even picture only below and to the right,
 * while PyTorch's `padding=1` pads all four sides. For that, give `binaryConv2d` the number (`padding: 1`); TF.js's conv2d has
 * no such option and needs `tfl.layers.zeroPadding2d` and 'valid'. docs/import.md goes through all differences.
 *
 * @throws InputError with everything that does not fit: missing, unused and misshapen tensors, unknown types, numbers that
 * are not finite, layers that cannot be filled.
 */
export function importTorchWeights(
  model: Model,
  tensors: ReadonlyMap<string, ForeignTensor>,
  options: ImportOptions = {},
): ImportReport {
  checkKeys(options, ['names', 'prefix', 'ignore', 'epsilon'], 'importTorchWeights');
  const { names = {}, prefix = '', ignore = [], epsilon } = options;
  if (epsilon !== undefined && !(epsilon > 0 && epsilon < Infinity)) {
    throw new InputError(`importTorchWeights: epsilon must be above 0, got ${epsilon}`);
  }
  const problems: string[] = [];
  const targets = targetWeights(model, problems);
  const modules = new ModuleNames(names, targets, problems);
  const left = withoutPrefix(tensors, prefix, problems);
  const ignored = takeIgnored(left, ignore, problems);
  const { found, missing } = match(targets, modules, left);
  ignored.push(...takeCounters(targets, modules, left));

  const weights: { imported: ImportedWeight; target: TargetWeight; fit: Fitted }[] = [];
  for (const [name, { target, tensor }] of found) {
    const { layer, weight, shape } = target;
    const fit = fitted(tensor, target, epsilon);
    if (typeof fit === 'string') {
      problems.push(`"${name}" ${fit}`);
      continue;
    }
    const { dtype } = tensor;
    const imported = { tensor: name, dtype, layer, weight, shape, change: fit.change };
    weights.push({ imported, target, fit });
  }
  problems.push(...unmatched(missing, left));
  if (problems.length > 0) {
    if (found.size === 0) problems.push(...prefixHint(missing, left));
    const list = problems.map((problem) => `\n  ${problem}`).join('');
    throw new InputError(`the PyTorch weights do not fit the model "${model.name}":${list}`);
  }
  tf.tidy(() => {
    for (const { target, fit } of weights) {
      assignWeight(target.variable, tf.tensor(fit.values, [...target.shape]));
    }
  });
  return {
    weights: weights.map(({ imported }) => imported),
    ignored,
    remarks: weights.flatMap(({ imported, fit }) =>
      fit.remarks.map((remark) => `"${imported.tensor}" ${remark}`),
    ),
  };
}

type Tensors = Map<string, ForeignTensor>;

function withoutPrefix(
  tensors: ReadonlyMap<string, ForeignTensor>,
  prefix: string,
  problems: string[],
): Tensors {
  const entries = [...tensors].filter(([name]) => name.startsWith(prefix));
  for (const [name] of tensors) {
    if (!name.startsWith(prefix)) problems.push(`"${name}" does not begin with "${prefix}"`);
  }
  return new Map(entries.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** Takes them out of `left`. */
function takeIgnored(left: Tensors, ignore: readonly string[], problems: string[]): string[] {
  return ignore.flatMap((name) => {
    const found = [...left.keys()].filter((key) => key === name || key.startsWith(`${name}.`));
    if (found.length === 0) {
      problems.push(`ignore names "${name}", which is not there${suggestion(name, left.keys())}`);
    }
    for (const key of found) left.delete(key);
    return found;
  });
}

/** Takes what the weights need out of `left`. */
function match(targets: readonly TargetWeight[], modules: ModuleNames, left: Tensors) {
  const found = new Map<string, { target: TargetWeight; tensor: ForeignTensor }>();
  const missing = new Map<string, TargetWeight>();
  for (const target of targets) {
    const name = modules.tensor(target.layer, target.weight, target.rule.path, left);
    const tensor = left.get(name);
    if (tensor === undefined) missing.set(name, target);
    else found.set(name, { target, tensor });
    left.delete(name);
  }
  return { found, missing };
}

/** Batches that a batch norm has seen; its momentum makes them needless. Takes them out of `left`. */
function takeCounters(targets: readonly TargetWeight[], modules: ModuleNames, left: Tensors) {
  const norms = targets.filter(({ rule }) => rule.meaning === 'variance');
  return norms
    .map(({ layer }) => `${modules.layerModule(layer)}.num_batches_tracked`)
    .filter((name) => left.delete(name));
}

function unmatched(missing: ReadonlyMap<string, TargetWeight>, left: Tensors): string[] {
  const wanted = [...missing].map(([name, { layer, weight, layouts }]) => {
    const shape = layouts[0].shape.join(', ');
    const near = suggestion(name, left.keys());
    return `missing is "${name}" [${shape}], the ${weight} of layer "${layer}"${near}`;
  });
  const needless = [...left].map(([name, { shape }]) => {
    const near = suggestion(name, missing.keys());
    return `no layer takes "${name}" [${shape.join(', ')}]${near}`;
  });
  return [...wanted, ...needless];
}

/** When nothing fits, the names may only be longer than ours. */
function prefixHint(missing: ReadonlyMap<string, TargetWeight>, left: Tensors): string[] {
  for (const wanted of missing.keys()) {
    for (const name of left.keys()) {
      if (!name.endsWith(`.${wanted}`)) continue;
      const prefix = name.slice(0, -wanted.length);
      return [`names begin with "${prefix}"; if all do, give prefix: "${prefix}"`];
    }
  }
  return [];
}
