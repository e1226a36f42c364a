/** The body of a detector of one stage: its numbers are classes and moves of default boxes. */
import { classDetections } from '../boxes/class-detections.js';
import { defaultBoxes } from '../boxes/default-boxes.js';
import { detectionBytes } from '../boxes/detections.js';
import { edgeOf, edgesOf } from '../execute/describe.js';
import type { MemoryBudget } from '../execute/executor.js';
import type { MakeExecutor } from '../execute/make-executor.js';
import { singleShotOutputs } from '../format/check-single-shot.js';
import type { SingleShotSource } from '../format/model-source.js';
import type { Numbers } from '../kernels/float-conv.js';
import { finite, type Body } from './body.js';

/** Bytes of a box. */
const boxBytes = 16;

/** @throws ModelFileError where there is not as much memory. */
export function singleShotBody(
  { body, plan, tensors }: SingleShotSource,
  make: MakeExecutor,
  { most, besides = 0 }: MemoryBudget,
): Body {
  const { size, defaultBoxes: rule, detections } = plan;
  const classes = plan.classes.length + 1;
  const edges = edgesOf(body);
  const shapes = body.outputs.map((name) => edgeOf(edges, name).shape);
  const maps = singleShotOutputs(shapes, plan).logits.map(
    ([rows, columns]) => [rows, columns] as const,
  );
  const count = singleShotOutputs(shapes, plan).deltas.reduce(
    (sum, [rows, columns, numbers]) => sum + (rows * columns * numbers) / 4,
    0,
  );
  // Default boxes; deltas and the boxes that they make; logits and probabilities.
  const ofBox = 3 * boxBytes + 2 * 4 * classes;
  const bytes = count * ofBox + detectionBytes(count, classes, detections);
  const executor = make({ graph: body, tensors }, { most, besides: besides + bytes });
  const outputs = singleShotOutputs(executor.outputs, plan);
  const steps = maps.map(
    ([rows, columns], k) =>
      rule.strides[k] ?? ([size.height / rows, size.width / columns] as const),
  );
  const defaults = defaultBoxes({ ...rule, steps }, maps, size);
  const logits = new Float32Array(count * classes);
  const deltas = new Float32Array(4 * count);
  return {
    ...size,
    executor,
    memoryBytes: executor.memoryBytes + bytes,
    see: (picture) => {
      const start = performance.now();
      join(outputs.logits, logits);
      join(outputs.deltas, deltas);
      const options = { ...detections, weights: rule.weights };
      const found = finite('the body', () =>
        classDetections(defaults, { logits, deltas }, classes, picture, options),
      );
      const times = { proposals: 0, regions: 0, tail: 0, detections: performance.now() - start };
      return { found, times };
    },
  };
}

/** One behind the other, sums of bits as floats. */
function join(parts: readonly Numbers[], out: Float32Array): void {
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
}
