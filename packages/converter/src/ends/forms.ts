/** How the kernel of each float layer is stored, and whether it is summed in floats or in integers. */
import { InputError, unknownName } from '@surge-bnn/contract';
import { linearKinds } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { namedLayers } from '../lower/names.js';

/**
 * - f32         as trained
 * - f16         rounded to float16, widened again to compute
 * - i8-weights  integers from -127 to 127 with a scale for each filter, widened to float32 to compute: a quarter of the
 *               bytes, no calibration
 * - i8          the same, and the layer's inputs become integers, too: sums are of integers. Needs a calibration
 */
export type FloatWeights = 'f32' | 'f16' | 'i8' | 'i8-weights';

export const floatWeightForms: readonly FloatWeights[] = ['f32', 'f16', 'i8', 'i8-weights'];

export interface FormOptions {
  /** Of all float layers. Default 'f32'. */
  readonly floatWeights?: FloatWeights;
  /** Of single layers, by name, in place of that. */
  readonly layerWeights?: Readonly<Record<string, FloatWeights>>;
}

/** The form of every float layer with a kernel, by its name in the graph. */
export type Forms = ReadonlyMap<string, FloatWeights>;

/** @throws InputError for a form that there is not, and for a layer that has none. */
export function formsOf(model: Model, options: FormOptions): Forms {
  const { floatWeights = 'f32', layerWeights = {} } = options;
  checkForm('floatWeights', floatWeights);
  const layers = namedLayers(model).filter(({ self }) => linearKinds.includes(self.getClassName()));
  const forms = new Map(layers.map(({ name }) => [name, floatWeights]));
  for (const [name, form] of Object.entries(layerWeights)) {
    if (!forms.has(name)) throw noFloatLayer(model, name, [...forms.keys()]);
    checkForm(`layerWeights of "${name}"`, form);
    forms.set(name, form);
  }
  return forms;
}

function checkForm(where: string, form: FloatWeights): void {
  if (floatWeightForms.includes(form)) return;
  throw new InputError(
    `${where} must be one of ${floatWeightForms.join(', ')}, got ${JSON.stringify(form)}`,
  );
}

function noFloatLayer(model: Model, name: string, known: readonly string[]): InputError {
  const other = namedLayers(model).find((layer) => layer.name === name);
  if (other === undefined) return unknownName('float layer', name, known);
  return new InputError(
    `layerWeights names "${name}", a ${other.self.getClassName()}, which has no float kernel; layers that have one: ${known.join(', ') || 'none'}`,
  );
}
