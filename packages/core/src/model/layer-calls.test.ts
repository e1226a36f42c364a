import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { layerCalls } from './layer-calls.js';

const names = (model: tfl.LayersModel) =>
  layerCalls(model).calls.map(({ layer, inputs, output }) => [layer.name, [...inputs], output]);

it('lists a sequence in its order', () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ name: 'a', units: 3, inputShape: [2] }),
      tfl.layers.reLU({ name: 'b' }),
    ],
  });
  expect(names(model)).toEqual([
    ['a', [0], 1],
    ['b', [1], 2],
  ]);
  expect(layerCalls(model).inputs).toEqual([{ id: 0, shape: [null, 2], dtype: 'float32' }]);
  expect(layerCalls(model).outputs).toEqual([2]);
});

it('opens nested models and lists a shared layer once per call', () => {
  const inner = tfl.sequential({
    name: 'inner',
    layers: [tfl.layers.dense({ name: 'twice', units: 4, inputShape: [4] })],
  });
  const x = tfl.input({ shape: [4] });
  const first = inner.apply(x) as tfl.SymbolicTensor;
  const second = inner.apply(first) as tfl.SymbolicTensor;
  const sum = tfl.layers.add({ name: 'sum' }).apply([x, second]) as tfl.SymbolicTensor;
  expect(names(tfl.model({ inputs: x, outputs: sum }))).toEqual([
    ['twice', [0], 1],
    ['twice', [1], 2],
    ['sum', [0, 2], 3],
  ]);
});

it('refuses a model without layers', () => {
  expect(() => layerCalls(tfl.sequential({ name: 'nothing' }))).toThrow(
    'the model "nothing" has no layers',
  );
});
