/** Ops that bring edges together or give one another shape. */
import type { OnnxRule } from './rule.js';
import { isPicture, ordersDiffer, toChannelsFirst, toChannelsLast } from './rule.js';

/** From left to right, each sum rounded. */
export const add: OnnxRule<'add'> = ({ values, emit }) => {
  const [first, ...rest] = values;
  let sum = first;
  for (const [i, value] of rest.slice(0, -1).entries()) {
    sum = emit.step(`sum${i + 1}`, 'Add', [sum, value]);
  }
  emit.last('Add', [sum, rest[rest.length - 1]]);
};

export const concat: OnnxRule<'concat'> = ({ inputs: [input], values, emit }) => {
  emit.last('Concat', values, { axis: isPicture(input) ? 1 : -1 });
};

/** Rows beside themselves, then each row under itself: pixels become four. */
export const double2d: OnnxRule<'double2d'> = ({ inputs: [input], values: [x], emit }) => {
  const [height, width, channels] = input.shape;
  const pixels = emit.step('pixels', 'Reshape', [
    x,
    emit.integers([0, channels, height * width, 1]),
  ]);
  const wide = emit.step('wide', 'Concat', [pixels, pixels], { axis: 3 });
  const rows = emit.step('rows', 'Reshape', [
    wide,
    emit.integers([0, channels * height, 1, 2 * width]),
  ]);
  const tall = emit.step('tall', 'Concat', [rows, rows], { axis: 2 });
  emit.last('Reshape', [tall, emit.integers([0, channels, 2 * height, 2 * width])]);
};

/** The row-major order that counts is the file's: channels last. A size of 0 keeps the batch axis as it is. */
export const reshape: OnnxRule<'reshape'> = ({ node, inputs: [input], values: [x], emit }) => {
  const to = node.output.shape;
  const from =
    isPicture(input) && ordersDiffer(input.shape)
      ? emit.step('channelsLast', 'Transpose', [x], toChannelsLast)
      : x;
  if (!isPicture(node.output)) {
    emit.last('Reshape', [from, emit.integers([0, ...to])]);
    return;
  }
  const [height, width, channels] = to;
  if (!ordersDiffer(to)) {
    emit.last('Reshape', [from, emit.integers([0, channels, height, width])]);
    return;
  }
  const shaped = emit.step('shaped', 'Reshape', [from, emit.integers([0, ...to])]);
  emit.last('Transpose', [shaped], toChannelsFirst);
};
