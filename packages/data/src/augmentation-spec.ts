/**
 * Augmentation from plain JSON, as recipes hold it: checked key by key, then turned into one function.
 */
import { InputError, unknownName } from '@surge-bnn/contract';
import { affine, compose, flip, padCrop, shift, type Augmentation } from './augmentation.js';
import { colorJitter, lighting } from './colour.js';
import { randomResizedCrop } from './crop.js';
import type { AugmentationSpec, AugmentationStep, PictureShape } from './types.js';

/** The keys of every kind of step, beside `kind`; the one list behind check and messages. */
const KEYS: Record<AugmentationStep['kind'], readonly string[]> = {
  shift: ['maxPixels'],
  affine: ['degrees', 'scale', 'shear'],
  flip: ['probability'],
  padCrop: ['pixels', 'padding'],
  randomResizedCrop: ['scale', 'ratio'],
  colorJitter: ['brightness', 'contrast', 'saturation', 'hue'],
  lighting: ['std'],
};

/** The kinds of step that `AugmentationSpec` knows. */
export const augmentationKinds = Object.keys(KEYS) as readonly AugmentationStep['kind'][];

/**
 * Checks that a parsed JSON value is an augmentation.
 *
 * @throws InputError naming the step, the wrong key or value, and the allowed ones.
 */
export function checkAugmentation(value: unknown): AugmentationSpec {
  if (!Array.isArray(value)) {
    throw new InputError(
      `an augmentation is a list of steps such as [{"kind": "shift", "maxPixels": 2}], ` +
        `got ${JSON.stringify(value) ?? 'nothing'}`,
    );
  }
  const steps = value.map((step, position) => asJson(checkStep(step, position)));
  for (const step of steps) piece(step); // the pieces check the values
  if (steps.some(({ kind }, i) => kind === 'randomResizedCrop' && i > 0)) {
    throw new InputError('augmentation "randomResizedCrop" must be the first step');
  }
  return steps;
}

/**
 * The function that applies all steps of `spec` in their order to pictures of `shape`.
 *
 * @throws InputError for an unknown key, a value out of range or one that does not fit the pictures.
 */
export function augment(spec: AugmentationSpec, shape: PictureShape): Augmentation {
  const steps = checkAugmentation(spec);
  const smaller = Math.min(shape.height, shape.width);
  for (const step of steps) {
    if ((step.kind === 'colorJitter' || step.kind === 'lighting') && shape.channels !== 3) {
      throw new InputError(
        `augmentation "${step.kind}" needs pictures of 3 channels, these have ${shape.channels}`,
      );
    }
    if (step.kind === 'padCrop' && step.padding === 'reflect' && step.pixels >= smaller) {
      throw new InputError(
        `augmentation "padCrop" cannot reflect ${step.pixels} pixels of a ` +
          `${shape.height} x ${shape.width} picture; allowed: 0 to ${smaller - 1}`,
      );
    }
  }
  return compose(steps.map(piece));
}

function piece(step: AugmentationStep): Augmentation {
  switch (step.kind) {
    case 'shift':
      return shift(step.maxPixels);
    case 'affine':
      return affine(step);
    case 'flip':
      return flip(step.probability);
    case 'padCrop':
      return padCrop(step.pixels, step.padding);
    case 'randomResizedCrop':
      return randomResizedCrop(step.scale, step.ratio);
    case 'colorJitter':
      return colorJitter(step);
    case 'lighting':
      return lighting(step.std);
  }
}

/** Without keys that stand for nothing: a spec is JSON, and a comparison's plan is checked to be. */
function asJson(step: AugmentationStep): AugmentationStep {
  const told = Object.entries(step).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told) as unknown as AugmentationStep;
}

function checkStep(value: unknown, position: number): AugmentationStep {
  const where = `step ${position + 1} of the augmentation`;
  if (!isRecord(value) || typeof value.kind !== 'string') {
    throw new InputError(
      `${where} must be an object with a "kind" (${augmentationKinds.join(', ')}), ` +
        `got ${JSON.stringify(value) ?? 'nothing'}`,
    );
  }
  const kind = augmentationKinds.find((known) => known === value.kind);
  if (kind === undefined) throw unknownName('augmentation', value.kind, augmentationKinds);
  for (const key of Object.keys(value)) {
    if (key !== 'kind' && !KEYS[kind].includes(key)) {
      throw unknownName(`key of augmentation "${kind}"`, key, KEYS[kind]);
    }
  }
  const number = (key: string) => optionalNumber(value[key], key, kind);
  switch (kind) {
    case 'shift':
      return { kind, maxPixels: required(number('maxPixels'), 'maxPixels', kind) };
    case 'affine':
      return { kind, degrees: number('degrees'), scale: number('scale'), shear: number('shear') };
    case 'flip':
      return { kind, probability: number('probability') };
    case 'padCrop': {
      const pixels = required(number('pixels'), 'pixels', kind);
      const padding = value.padding ?? 'zero';
      if (padding !== 'zero' && padding !== 'reflect') {
        throw unknownName(
          'padding of augmentation "padCrop"',
          typeof padding === 'string' ? padding : JSON.stringify(padding),
          ['zero', 'reflect'],
        );
      }
      return { kind, pixels, padding };
    }
    case 'randomResizedCrop':
      return {
        kind,
        scale: optionalRange(value.scale, 'scale', kind),
        ratio: optionalRange(value.ratio, 'ratio', kind),
      };
    case 'colorJitter':
      return {
        kind,
        brightness: number('brightness'),
        contrast: number('contrast'),
        saturation: number('saturation'),
        hue: number('hue'),
      };
    case 'lighting':
      return { kind, std: number('std') };
  }
}

function optionalNumber(value: unknown, key: string, kind: string): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  throw new InputError(
    `${key} of augmentation "${kind}" must be a number, got ${JSON.stringify(value)}`,
  );
}

function optionalRange(
  value: unknown,
  key: string,
  kind: string,
): readonly [number, number] | undefined {
  if (value === undefined) return undefined;
  const numbers: readonly unknown[] = Array.isArray(value) ? value : [];
  const [low, high] = numbers;
  if (numbers.length === 2 && typeof low === 'number' && typeof high === 'number') {
    return [low, high];
  }
  throw new InputError(
    `${key} of augmentation "${kind}" must be a list of two numbers, got ${JSON.stringify(value)}`,
  );
}

function required(value: number | undefined, key: string, kind: string): number {
  if (value === undefined) throw new InputError(`augmentation "${kind}" needs the key "${key}"`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
