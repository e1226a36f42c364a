/** What does not fit is refused as a whole, and told by name. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { attachCompensator, layers, surge } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { everyWeight, everyWeightModel } from './every-weight.fixture.js';
import { importTorchWeights } from './import-torch-weights.js';
import type { ImportOptions } from './import-torch-weights.js';
import type { ForeignTensor } from './read-safetensors.js';
import * as torch from './torch-reference.fixture.js';

beforeAll(() => tf.setBackend('cpu'));

type Tensors = Map<string, ForeignTensor>;

const float = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/** The message of the refusal, which must leave the model as it was. */
function refusal(tensors: Tensors, options?: ImportOptions, model: Model = everyWeightModel()) {
  const weights = () => model.weights.map((weight) => [...weight.read().dataSync()]);
  const before = weights();
  try {
    importTorchWeights(model, tensors, options);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect(weights()).toEqual(before);
    return (error as InputError).message;
  }
  throw new Error('not refused');
}

/** The refusal of the good state dict after a change. */
function changed(change: (tensors: Tensors) => void, options?: ImportOptions): string {
  const tensors = torch.asTensors(everyWeight());
  change(tensors);
  return refusal(tensors, options);
}

describe('importTorchWeights refuses', () => {
  it('everything at once, with names, shapes and the nearest name', () => {
    const message = changed((tensors) => {
      const take = (name: string): ForeignTensor => {
        const tensor = tensors.get(name);
        if (tensor === undefined) throw new Error(name);
        tensors.delete(name);
        return tensor;
      };
      tensors.set('norm0.runing_var', take('norm0.running_var'));
      tensors.set('binary1.bias', { dtype: 'F32', shape: [6], bytes: float(1, 2, 3, 4, 5, 6) });
      tensors.set('stem.weight', { ...take('stem.weight'), shape: [3, 3, 3, 4] });
      tensors.set('dw.bias', { ...take('dw.bias'), dtype: 'F8_E4M3' });
      tensors.set('norm3.weight', { dtype: 'F32', shape: [5], bytes: float(1, 2, NaN, 4, 5) });
      tensors.set('norm3.bias', {
        dtype: 'F64',
        shape: [5],
        bytes: new Uint8Array(Float64Array.of(1, 1e300, 3, 4, 5).buffer),
      });
      tensors.set('norm3.running_var', { dtype: 'F32', shape: [5], bytes: float(1, -2, 3, 4, 5) });
      tensors.set('head.bias', { dtype: 'F32', shape: [3], bytes: float(1, 2) });
      tensors.set('act1.pr_prelu.weight', { ...take('act1.pr_prelu.weight'), shape: [2, 4] });
    });
    expect(message).toMatch(/^the PyTorch weights do not fit the model "every-weight":\n/);
    for (const line of [
      'missing is "norm0.running_var" [4], the movingVariance of layer "norm0"; did you mean "norm0.runing_var"?',
      'no layer takes "norm0.runing_var" [4]; did you mean "norm0.running_var"?',
      'no layer takes "binary1.bias" [6]',
      '"stem.weight" has shape [3, 3, 3, 4]; the kernel of layer "stem" needs [4, 3, 3, 3]',
      '"dw.bias" is of type F8_E4M3; allowed: F32, F64, F16, BF16',
      '"norm3.weight" holds NaN at [2]',
      '"norm3.bias" holds 1e+300 at [1], which float32 cannot',
      '"norm3.running_var" holds -2; a variance is not negative',
      '"head.bias" has 8 bytes instead of 12',
      '"act1.pr_prelu.weight" has shape [2, 4]; the alpha of layer "act1" needs [8] or [1]',
    ]) {
      expect(message.split('\n  ')).toContain(line);
    }
    expect(message.split('\n')).toHaveLength(11);
  });

  it('names that lead nowhere', () => {
    const stay = () => undefined;
    const names = { x: 'stme', 'features.0': 'stem', y: 'stem', stem: 'dw' };
    const message = changed(stay, { names });
    expect(message).toContain(
      'names gives "x" to "stme", which is no layer with weights; did you mean "stem"?',
    );
    expect(message).toContain('names gives both "features.0" and "y" to "stem"');
    expect(message).toContain('missing is "features.0.weight" [4, 3, 3, 3]');
    expect(message).toContain('no layer takes "dw.weight" [8, 1, 3, 3]');
    expect(changed(stay, { names: { stem: 'dw' } })).toContain(
      'missing is "(no module for layer stem).weight"',
    );
    expect(changed(stay, { ignore: ['hed'] })).toContain('ignore names "hed", which is not there');
    expect(changed(stay, { prefix: 'module.' })).toContain(
      '"stem.weight" does not begin with "module."',
    );
    expect(changed(stay, { epsilon: 0 })).toBe(
      'importTorchWeights: epsilon must be above 0, got 0',
    );
  });

  it('a prefix that it was not told of, with a hint', () => {
    const tensors = torch.asTensors(everyWeight());
    const prefixed = new Map([...tensors].map(([name, tensor]) => [`net.${name}`, tensor]));
    expect(refusal(prefixed)).toContain('names begin with "net."; if all do, give prefix: "net."');
  });

  it.each<[string, string, () => tfl.layers.Layer[]]>([
    [
      'an order that nobody knows',
      'layer "d" reads features through layer "turn" (Permute), behind which their order in PyTorch is not known',
      () => [
        tfl.layers.permute({ name: 'turn', dims: [3, 1, 2], inputShape: [2, 3, 4] }),
        tfl.layers.flatten(),
        tfl.layers.dense({ name: 'd', units: 2 }),
      ],
    ],
    [
      'a picture made of a vector',
      'layer "d" reads features through layer "view" (Reshape), behind which',
      () => [
        tfl.layers.reshape({ name: 'view', targetShape: [2, 3, 4], inputShape: [24] }),
        tfl.layers.conv2d({ name: 'd', filters: 2, kernelSize: 1 }),
      ],
    ],
    [
      'a kind that it does not know',
      'layer "d" is of kind Conv2DTranspose, which cannot be imported; importable kinds: Conv2D, ',
      () => [
        tfl.layers.conv2dTranspose({ name: 'd', filters: 2, kernelSize: 1, inputShape: [2, 3, 4] }),
      ],
    ],
    [
      'channels first',
      'layer "d" has dataFormat channelsFirst; only channelsLast is supported',
      () => [
        tfl.layers.maxPooling2d({
          name: 'd',
          poolSize: 1,
          dataFormat: 'channelsFirst',
          inputShape: [2, 3, 4],
        }),
      ],
    ],
    [
      'a batch norm over another axis',
      'layer "d" normalizes axis 1; only the last axis is supported',
      () => [tfl.layers.batchNormalization({ name: 'd', axis: 1, inputShape: [2, 3, 4] })],
    ],
  ])('%s', (_, message, list) => {
    expect(refusal(new Map(), {}, tfl.sequential({ layers: list() }))).toContain(message);
  });

  it('a compensator, and a layer that is called on two orders', () => {
    const compensated = tfl.sequential({
      layers: [layers.binaryDense({ name: 'd', units: 2, inputShape: [2] })],
    });
    attachCompensator(compensated, surge({ eta: 0.1 }));
    expect(refusal(new Map(), {}, compensated)).toContain('layer "d" has a compensator');

    const picture = tfl.input({ shape: [2, 2, 2] });
    const vector = tfl.input({ shape: [8] });
    const shared = layers.prelu({ name: 'shared' });
    const model = tfl.model({
      inputs: [picture, vector],
      outputs: [
        shared.apply(tfl.layers.flatten().apply(picture)) as tfl.SymbolicTensor,
        shared.apply(vector) as tfl.SymbolicTensor,
      ],
    });
    const tensors = torch.asTensors(new Map([['shared.weight', torch.randomArray(1, [8])]]));
    expect(refusal(tensors, {}, model)).toContain(
      'layer "shared" is called on inputs whose features have different orders in PyTorch',
    );
  });
});
