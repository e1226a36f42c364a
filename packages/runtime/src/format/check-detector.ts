/** Whether a detector's graphs make sense, by themselves and with its plan: asked of a stranger's file and of what is to be written. */
import type { DetectorPlan, TwoStagePlan } from '../detector/plan.js';
import type { Edge, Graph } from '../graph.js';
import { ModelFileError, within } from '../model-file-error.js';
import { checkName, checkParts } from './check-graph.js';
import { checkSingleShot } from './check-single-shot.js';
import { checkValues } from './check-values.js';
import { checkReading, checkWork } from './check-work.js';
import { parseJson, quote, writeJson } from './json.js';
import type { DetectorSource } from './model-source.js';
import { mostLevels } from './plan-reader.js';
import { mostClasses, readPlan } from './read-plan.js';

/** @throws ModelFileError saying what is wrong, where, and what is allowed. */
export function checkDetector(source: DetectorSource): void {
  const { plan, body, tail, tensors } = source;
  checkHasTail(plan, tail !== undefined);
  // A plan that was not read is held to the same.
  readPlan(parseJson(writeJson(plan, 'the detector'), 'the detector'));
  checkPlan(plan);
  const graphs = tail === undefined ? [body] : [body, tail];
  checkParts(graphs, tensors);
  checkValues(graphs, tensors);
  for (const graph of graphs) {
    if (graph.classes === undefined) continue;
    throw new ModelFileError('a graph of a detector names classes; its plan does');
  }
  if (source.tail === undefined) {
    checkSingleShot(body.inputs[0], edgesOf(body), source.plan);
    return;
  }
  checkBody(body, source.plan);
  within('the tail', () => checkTail(source.tail, body, source.plan));
}

/** @throws ModelFileError where a detector of two stages has no tail, or one of one stage has one. */
export function checkHasTail({ kind }: DetectorPlan, hasTail: boolean): void {
  if (hasTail === (kind === 'two-stage')) return;
  const what = hasTail ? 'the unknown key "tail"' : 'no "tail"';
  throw new ModelFileError(`the file's metadata has ${what}; its detector is ${kind}`);
}

function checkPlan(plan: DetectorPlan): void {
  const { classes } = plan;
  if (classes.length < 1 || classes.length > mostClasses) {
    throw new ModelFileError(
      `the detector has ${classes.length} classes; allowed: 1 to ${mostClasses}`,
    );
  }
  for (const name of classes) checkName(name, 'class');
  if (plan.kind === 'single-shot') return;
  const { length } = plan.anchors;
  if (length >= 1 && length <= mostLevels) return;
  throw new ModelFileError(
    `the detector has anchors for ${length} levels; allowed: 1 to ${mostLevels}`,
  );
}

/** What a body's outputs are for. */
export interface BodyOutputs<T> {
  readonly maps: readonly T[];
  readonly objectness: readonly T[];
  readonly deltas: readonly T[];
}

/** @param outputs of the body, as many as the plan asks for. */
export function bodyOutputs<T>(
  outputs: readonly T[],
  { regions: { maps }, anchors: { length } }: TwoStagePlan,
): BodyOutputs<T> {
  return {
    maps: outputs.slice(0, maps),
    objectness: outputs.slice(maps, maps + length),
    deltas: outputs.slice(maps + length),
  };
}

function checkBody(body: Graph, plan: TwoStagePlan): void {
  checkWork(plan);
  const [{ name, shape, pixels }] = body.inputs;
  const { multiple } = plan;
  const [height, width] = shape;
  if (
    shape.length !== 3 ||
    shape[2] !== 3 ||
    pixels === undefined ||
    height % multiple !== 0 ||
    width % multiple !== 0
  ) {
    throw new ModelFileError(
      `the body's input ${quote(name)} is ${quote(shape)}${pixels === undefined ? ' without pixels' : ''}; allowed: ` +
        `[height, width, 3] with pixels, height and width multiples of ${multiple}`,
    );
  }
  const flat = body.nodes.find(({ op }) => op === 'reshape');
  if (flat !== undefined) {
    throw new ModelFileError(
      `node ${quote(flat.name)} is a reshape, which wants pictures of one size; a detector's body has none`,
    );
  }
  const { maps, anchors } = { maps: plan.regions.maps, anchors: plan.anchors };
  const wanted = maps + 2 * anchors.length;
  if (body.outputs.length !== wanted) {
    throw new ModelFileError(
      `the body has ${body.outputs.length} outputs; allowed: ${wanted}, ${maps} maps, then an objectness for each of ${anchors.length} levels, then as many deltas`,
    );
  }
  const outputs = bodyOutputs(edgesOf(body), plan);
  const channels = outputs.maps[0].shape[2];
  for (const edge of outputs.maps) {
    if (edge.shape.length === 3 && edge.shape[2] === channels) continue;
    throw new ModelFileError(
      `a map of the body is ${quote(edge.shape)}; allowed: [height, width, ${channels}], as the first has`,
    );
  }
  checkLevels(outputs, plan);
  checkReading(outputs.maps, plan);
}

/** @throws ModelFileError where the outputs of a level do not fit its anchors; the body's on any picture are asked. */
export function checkLevels(
  { objectness, deltas }: BodyOutputs<Edge>,
  { anchors }: Pick<TwoStagePlan, 'anchors'>,
): void {
  anchors.forEach(({ sizes, ratios }, level) => {
    const perPixel = sizes.length * ratios.length;
    const said = objectness[level].shape;
    const [height, width] = said;
    const wanted = [height, width, 4 * perPixel];
    if (
      said.length === 3 &&
      said[2] === perPixel &&
      JSON.stringify(deltas[level].shape) === JSON.stringify(wanted)
    ) {
      return;
    }
    throw new ModelFileError(
      `level ${level} has an objectness ${quote(said)} and deltas ${quote(deltas[level].shape)}; allowed: ` +
        `[height, width, ${perPixel}] and [height, width, ${4 * perPixel}], for its ${perPixel} anchors of a pixel`,
    );
  });
}

function checkTail(tail: Graph, body: Graph, plan: TwoStagePlan): void {
  const [{ name, shape, pixels }] = tail.inputs;
  const { bins } = plan.regions;
  const [map] = edgesOf(body);
  const wanted = [bins, bins, map.shape[2]];
  if (pixels !== undefined || JSON.stringify(shape) !== JSON.stringify(wanted)) {
    throw new ModelFileError(
      `input ${quote(name)} is ${quote(shape)}${pixels === undefined ? '' : ' with pixels'}; allowed: ${quote(wanted)}, the bins of a region, without pixels`,
    );
  }
  const rows = plan.classes.length + 1;
  const outputs = edgesOf(tail).map((edge) => edge.shape);
  if (JSON.stringify(outputs) === JSON.stringify([[rows], [4 * rows]])) return;
  throw new ModelFileError(
    `its outputs are ${quote(outputs)}; allowed: [[${rows}],[${4 * rows}]], logits and deltas of the background and ${plan.classes.length} classes`,
  );
}

/** The edges of a graph's outputs. */
function edgesOf({ nodes, outputs }: Graph): Edge[] {
  return outputs.flatMap((name) => nodes.find((node) => node.name === name)?.output ?? []);
}
