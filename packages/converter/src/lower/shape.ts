/** Pools, and layers that only move numbers around or join them. */
import { MaxPool2D } from '@surge-bnn/core';
import { elementsOf } from '../shape.js';
import type { Layer, LowerContext, LowerRule } from './rule.js';
import { cannotConvert, configOf, pairOf } from './rule.js';
import { refuseChannelsFirst } from './float.js';
import { convWindow, namedPadding, windowOf } from './window.js';

const pool =
  (op: 'maxPool2d' | 'averagePool2d'): LowerRule =>
  (layer, inputs, { builder }) => {
    refuseChannelsFirst(layer);
    const config = configOf(layer);
    const picture = pictureOf(layer, inputs[0], builder.edge(inputs[0]).shape);
    const size = pairOf(config['poolSize']);
    const window = convWindow(
      picture,
      [...size, picture[2], picture[2]],
      {
        strides: pairOf(config['strides'] ?? size),
        padding: namedPadding(config['padding'], layer.name),
      },
      layer.name,
    );
    return builder.add({
      name: layer.name,
      op,
      inputs,
      attributes: { window },
      layers: [layer.name],
    });
  };

/** A pool over the whole picture, and the picture of one pixel as a vector. */
const globalPool =
  (op: 'maxPool2d' | 'averagePool2d'): LowerRule =>
  (layer, inputs, { builder }) => {
    refuseChannelsFirst(layer);
    const picture = pictureOf(layer, inputs[0], builder.edge(inputs[0]).shape);
    const window = convWindow(
      picture,
      [picture[0], picture[1], picture[2], picture[2]],
      { padding: 'valid' },
      layer.name,
    );
    const layers = [layer.name];
    const pooled = builder.add({
      name: `${layer.name}/pool`,
      op,
      inputs,
      attributes: { window },
      layers,
    });
    const shape = [picture[2]];
    return builder.add({
      name: layer.name,
      op: 'reshape',
      inputs: [pooled],
      attributes: { shape },
      layers,
    });
  };

export const maxPool2d = pool('maxPool2d');

/** Our own, whose padding may be a number. */
export const surgeMaxPool2d: LowerRule = ({ name, self }, inputs, { builder }) => {
  if (!(self instanceof MaxPool2D)) {
    throw new Error(`layer "${name}" calls itself SurgeMaxPool2D and is none`);
  }
  const window = windowOf(self.geometry([1, ...builder.edge(inputs[0]).shape]));
  const attributes = { window };
  return builder.add({ name, op: 'maxPool2d', inputs, attributes, layers: [name] });
};

export const averagePool2d = pool('averagePool2d');
export const globalMaxPool2d = globalPool('maxPool2d');
export const globalAveragePool2d = globalPool('averagePool2d');

export const flatten: LowerRule = (layer, inputs, context) => {
  refuseChannelsFirst(layer);
  return reshape(layer, inputs, [elementsOf(context.builder.edge(inputs[0]).shape)], context);
};

/** To the shape that TF.js computed; its sizes are known because those of the model's input are. */
export const reshapeLayer: LowerRule = (layer, inputs, context) => {
  const elements = elementsOf(context.builder.edge(inputs[0]).shape);
  const target: unknown = configOf(layer)['targetShape'];
  const sizes = Array.isArray(target)
    ? target.map((size) => (size === null ? -1 : Number(size)))
    : [];
  const known = sizes.filter((size) => size >= 0).reduce((a, b) => a * b, 1);
  const shape = sizes.map((size) => (size < 0 ? elements / known : size));
  return reshape(layer, inputs, shape, context);
};

function reshape(
  layer: Layer,
  inputs: readonly string[],
  shape: readonly number[],
  { builder }: LowerContext,
): string {
  const same = builder.edge(inputs[0]).shape;
  if (same.length === shape.length && same.every((size, i) => size === shape[i])) return inputs[0];
  return builder.add({
    name: layer.name,
    op: 'reshape',
    inputs,
    attributes: { shape },
    layers: [layer.name],
  });
}

/** Layers that do nothing outside of training. */
export const nothing: LowerRule = (_, [input]) => input;

export const add: LowerRule = (layer, inputs, { builder }) => {
  const shapes = inputs.map((name) => builder.edge(name).shape.join('x'));
  if (new Set(shapes).size > 1) {
    throw cannotConvert(layer, `it adds different shapes (${shapes.join(', ')}) to each other`);
  }
  return builder.add({ name: layer.name, op: 'add', inputs, attributes: {}, layers: [layer.name] });
};

export const doubled2d: LowerRule = ({ name }, inputs, { builder }) =>
  builder.add({ name, op: 'double2d', inputs, attributes: {}, layers: [name] });

export const concatenate: LowerRule = (layer, inputs, { builder }) => {
  const rank = builder.edge(inputs[0]).shape.length + 1;
  const axis = Number(configOf(layer)['axis'] ?? -1);
  if (axis !== -1 && axis !== rank - 1) {
    throw cannotConvert(layer, `it joins along axis ${axis}; only the last axis is supported`);
  }
  const node = { name: layer.name, inputs, layers: [layer.name] };
  return builder.add({ ...node, op: 'concat', attributes: {} });
};

function pictureOf(layer: Layer, input: string, shape: readonly number[]): readonly number[] {
  if (shape.length === 3) return shape;
  throw cannotConvert(layer, `its input "${input}" has shape [${shape}] and is no picture`);
}
