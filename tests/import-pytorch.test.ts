/** The modules of docs/import.md, the example's file and our networks have the same names; the example runs. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { importTorchWeights, readSafetensors } from '@surge-bnn/converter';
import { buildModel } from '@surge-bnn/models';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { torchFile } from '../examples/import-pytorch/torch-file.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

beforeAll(() => tf.setBackend('cpu'));

function network(name: string) {
  return buildModel(
    { network: name },
    {
      inputBinarizer: 'ste',
      weightBinarizer: 'ste',
      seed: 1,
      inputShape: [28, 28, 1],
      classes: 10,
    },
  );
}

describe('a network from PyTorch', () => {
  it.each([
    ['DigitsCnn', 'digits-cnn'],
    ['Mlp', 'mlp'],
  ])('%s in the docs has the modules that %s has layers with weights', (module, name) => {
    const text = readFileSync(path.join(root, 'docs/import.md'), 'utf8');
    const code = text.split(`class ${module}(nn.Module)`)[1].split('def forward')[0];
    const modules = [...code.matchAll(/self\.(\w+) = /g)].map((match) => match[1]);
    const layers = network(name).layers.filter((layer) => layer.weights.length > 0);
    expect(modules).toEqual(layers.map((layer) => layer.name));
  });

  it("fills digits-cnn from the example's file, all of it", () => {
    const tensors = readSafetensors(torchFile(1));
    const { weights, ignored, remarks } = importTorchWeights(network('digits-cnn'), tensors);
    expect(weights.length + ignored.length).toBe(tensors.size);
    expect(ignored.map((name) => name.split('.')[1])).toEqual(Array(4).fill('num_batches_tracked'));
    expect(remarks).toEqual([]);
  });

  it('becomes a file that computes the same: the example runs', () => {
    const script = path.join(root, 'examples/import-pytorch/import.mjs');
    const output = execFileSync(process.execPath, [script], { encoding: 'utf8' });
    expect(output).toMatch(/binary1\.weight +-> binary1\/kernel +OIHW -> HWIO/);
    expect(output).toContain('proven equal, bit for bit: 500 of 500 pictures');
  });
});
