import { expect, it } from 'vitest';
import { describeNodes } from '../execute/describe.js';
import { PackedModel } from '../execute/packed-model.js';
import { branches, int8, picture } from '../format/models.fixture.js';

it('tells bits of weights and activations where something is multiplied with weights, and nowhere else', () => {
  const kinds = [picture, branches, int8].flatMap((model) =>
    describeNodes(model()).flatMap(({ name, kind }) => (kind ? [`${name} ${kind}`] : [])),
  );
  expect(kinds).toEqual([
    'stem 16w/32a',
    'conv 1w/1a',
    'units 1w/1a',
    'conv 1w/1a',
    'weights 1w/32a',
    'dense float',
    'stem 8w/8a',
    'weights 8w/32a',
    'dense 8w/8a',
    'logits 8w/32a',
  ]);
});

it('a description without preparing is that of the model', () => {
  for (const model of [picture, branches, int8]) {
    expect(describeNodes(model())).toEqual(PackedModel.from(model()).describe().nodes);
  }
});
