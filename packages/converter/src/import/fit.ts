/** A tensor of PyTorch's in the shape and the order of our weight. */
import { elementsOf } from '../shape.js';
import type { ForeignTensor } from './read-safetensors.js';
import type { TargetWeight } from './target-weights.js';
import { float32Values } from './tensor-values.js';

export interface Fitted {
  readonly values: Float32Array;
  readonly change: string;
  /** Sentences that begin behind the tensor's name. */
  readonly remarks: readonly string[];
}

/**
 * The weight's values, or what is wrong with the tensor.
 * @param epsilon of the batch norm that PyTorch trained; absent: the layer's.
 */
export function fitted(
  tensor: ForeignTensor,
  { layer, weight, rule, layouts, shape, epsilon: own }: TargetWeight,
  epsilon: number | undefined,
): Fitted | string {
  const layout = layouts.find((candidate) => candidate.shape.join() === tensor.shape.join());
  if (layout === undefined) {
    const allowed = layouts.map((candidate) => `[${candidate.shape.join(', ')}]`).join(' or ');
    return `has shape [${tensor.shape.join(', ')}]; the ${weight} of layer "${layer}" needs ${allowed}`;
  }
  const given = float32Values(tensor);
  if (typeof given === 'string') return given;
  const values = Float32Array.from(
    { length: elementsOf(shape) },
    (_, i) => given[layout.source(i)],
  );
  const changes = layout.change === 'none' ? [] : [layout.change];
  const remarks: string[] = [];
  if (rule.meaning === 'negated') {
    changes.push('negated');
    values.forEach((value, i) => (values[i] = 0 - value)); // 0 - 0 is +0
  }
  if (rule.meaning === 'variance') {
    const negative = values.find((value) => value < 0);
    if (negative !== undefined) return `holds ${negative}; a variance is not negative`;
    if (epsilon !== undefined && own !== undefined && epsilon !== own) {
      // The layer adds its own epsilon, so the variance brings what is left of PyTorch's.
      const gap = epsilon - own;
      changes.push(`${gap > 0 ? '+' : '-'} ${Math.abs(gap)} for epsilon ${epsilon}`);
      values.forEach((value, i) => (values[i] = value + gap));
    }
  }
  const zeros = rule.meaning === 'latent' ? values.filter((value) => value === 0).length : 0;
  if (zeros > 0) {
    remarks.push(`holds ${zeros} zero(s), whose sign is +1 here; torch.sign has 0 for them`);
  }
  return { values, change: changes.join(', ') || 'none', remarks };
}
