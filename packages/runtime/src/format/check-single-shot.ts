/** Whether a body without a tail fits the plan of its detector: one input of the plan's size, logits and deltas for each map. */
import { defaultBoxesPerPixel } from '../boxes/default-boxes.js';
import type { SingleShotPlan } from '../detector/plan.js';
import type { Edge, GraphInput } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { quote } from './json.js';

/** What such a body's outputs are for, map by map. */
export interface SingleShotOutputs<T> {
  readonly logits: readonly T[];
  readonly deltas: readonly T[];
}

/** @param outputs of the body, as many as the plan asks for. */
export function singleShotOutputs<T>(
  outputs: readonly T[],
  { defaultBoxes: { ratios } }: SingleShotPlan,
): SingleShotOutputs<T> {
  return { logits: outputs.slice(0, ratios.length), deltas: outputs.slice(ratios.length) };
}

/**
 * @param outputs the edges that the body returns.
 * @throws ModelFileError saying what does not fit, and what is allowed.
 */
export function checkSingleShot(
  { name, shape, pixels }: GraphInput,
  outputs: readonly Edge[],
  plan: SingleShotPlan,
): void {
  const { size, defaultBoxes, classes } = plan;
  const wanted = [size.height, size.width, 3];
  if (pixels === undefined || !same(shape, wanted)) {
    throw new ModelFileError(
      `the body's input ${quote(name)} is ${quote(shape)}${pixels === undefined ? ' without pixels' : ''}; allowed: ${quote(wanted)} with pixels, as the plan's size says`,
    );
  }
  const maps = defaultBoxes.ratios.length;
  if (outputs.length !== 2 * maps) {
    throw new ModelFileError(
      `the body has ${outputs.length} outputs; allowed: ${2 * maps}, logits for each of ${maps} maps, then as many deltas`,
    );
  }
  const { logits, deltas } = singleShotOutputs(outputs, plan);
  for (let map = 0; map < maps; map++) {
    const boxes = defaultBoxesPerPixel(defaultBoxes, map);
    const said = logits[map].shape;
    const [height, width] = said;
    const scores = boxes * (classes.length + 1);
    const isMap = said.length === 3 && said[2] === scores;
    if (isMap && same(deltas[map].shape, [height, width, 4 * boxes])) continue;
    throw new ModelFileError(
      `map ${map} has logits ${quote(said)} and deltas ${quote(deltas[map].shape)}; allowed: [height, width, ${scores}] and [height, width, ${4 * boxes}], ` +
        `for its ${boxes} boxes of a pixel and ${classes.length} classes`,
    );
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
