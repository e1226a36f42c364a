/** Ops that bring edges together or give one another shape. */
import { quote } from '../format/json.js';
import { regroupBits } from '../kernels/bits.js';
import { addArrays, doublePicture, placeChannels } from '../kernels/joining.js';
import { AttributeReader, noAttributes } from './attributes.js';
import { asFloats, asNumbers, asWords } from './buffers.js';
import {
  channelsOf,
  checkType,
  elementsOf,
  misfit,
  numbers,
  operands,
  pictureOf,
  positionsOf,
  sameShape,
} from './edges.js';
import type { OpDefinition } from './op.js';

/** Most edges that a node joins. */
const mostJoined = 1024;

export const add: OpDefinition<'add'> = {
  op: 'add',
  arity: [2, mostJoined],
  attributes: noAttributes,
  infer: (node, inputs) => {
    const [{ shape }] = inputs;
    for (const input of inputs) {
      checkType(node, input, numbers);
      if (sameShape(input.shape, shape)) continue;
      throw misfit(node, `it adds the shapes ${quote(shape)} and ${quote(input.shape)}`);
    }
    return { type: 'f32', shape };
  },
  tensors: () => ({}),
  prepare: () => () => (inputs, out) => {
    const sum = asFloats(out);
    addArrays(asNumbers(inputs[0]), asNumbers(inputs[1]), sum);
    for (let k = 2; k < inputs.length; k++) addArrays(sum, asNumbers(inputs[k]), sum);
  },
  kernel: (_, inputs) => `add ${inputs.length}`,
};

export const concat: OpDefinition<'concat'> = {
  op: 'concat',
  arity: [2, mostJoined],
  attributes: noAttributes,
  infer: (node, inputs) => {
    const positions = inputs[0].shape.slice(0, -1);
    let channels = 0;
    for (const input of inputs) {
      checkType(node, input, numbers);
      channels += channelsOf(input);
      if (sameShape(input.shape.slice(0, -1), positions)) continue;
      const shapes = `${quote(inputs[0].shape)} and ${quote(input.shape)}`;
      throw misfit(node, `it joins the shapes ${shapes}, which differ before the last axis`);
    }
    return { type: 'f32', shape: [...positions, channels] };
  },
  tensors: () => ({}),
  prepare: ({ output }, edges) => {
    const channels = edges.map(channelsOf);
    const all = channelsOf(output);
    return () => (inputs, out) => {
      const joined = asFloats(out);
      for (let k = 0, first = 0; k < inputs.length; k++) {
        placeChannels(asNumbers(inputs[k]), channels[k], joined, all, first);
        first += channels[k];
      }
    };
  },
  kernel: (_, inputs) => `join ${inputs.length}`,
};

export const double2d: OpDefinition<'double2d'> = {
  op: 'double2d',
  arity: [1, 1],
  attributes: noAttributes,
  infer: (node, [input]) => {
    checkType(node, input, numbers);
    const [height, width, channels] = pictureOf(node, input);
    return { type: 'f32', shape: [2 * height, 2 * width, channels] };
  },
  tensors: () => ({}),
  prepare: (_, [{ shape }]) => {
    const [, width, channels] = shape;
    return () =>
      ([x], out) =>
        doublePicture(asNumbers(x), width, channels, asFloats(out));
  },
  kernel: () => 'double',
};

export const reshape: OpDefinition<'reshape'> = {
  op: 'reshape',
  arity: [1, 1],
  attributes: (given, where) => {
    return { shape: new AttributeReader(given, where, ['shape']).shape('shape') };
  },
  infer: (node, [input]) => {
    const output = { type: input.type, shape: node.attributes.shape };
    if (elementsOf(output) !== elementsOf(input)) {
      const sizes = `${elementsOf(input)} into ${elementsOf(output)}`;
      throw misfit(
        node,
        `it cannot turn ${quote(input.shape)} into ${quote(output.shape)}: ${sizes}`,
      );
    }
    return output;
  },
  tensors: () => ({}),
  prepare: ({ output }, [input]) => {
    const [from, to] = [channelsOf(input), channelsOf(output)];
    const rows = positionsOf(input);
    const moves = operands.includes(input.type) && from !== to;
    if (!moves)
      return () =>
        ([x], out) =>
          out.set(x);
    return () =>
      ([x], out) =>
        regroupBits(asWords(x), rows, from, asWords(out), to);
  },
  kernel: () => 'reshape',
};
