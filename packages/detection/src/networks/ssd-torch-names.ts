/** Under which names torchvision keeps the weights of ssd300_vgg16, where they differ from our layers' names. */

/** Places in torchvision's block behind conv4_3 of conv5_1 to conv5_3, which keep VGG-16's own names here. */
const conv5: Readonly<Record<string, string>> = {
  'extra.0.1': 'features.24',
  'extra.0.3': 'features.26',
  'extra.0.5': 'features.28',
};

/**
 * What `importTorchWeights` takes as `names` for a state dict of torchvision's ssd300_vgg16. The detector must be as published: its backbone with
 * {precision: 'full', activation: 'relu', batchNorm: false, shortcuts: false}.
 *
 * @param tensors names in the state dict.
 */
export function ssdTorchNames(tensors: Iterable<string>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of tensors) {
    const [, module, kind] = /^(?:backbone\.)?(.*)\.(weight|bias)$/.exec(name) ?? [];
    if (name === 'backbone.scale_weight') found[name] = 'l2_norm/scale';
    if (module === undefined) continue;
    const layer = conv5[module] ?? module;
    found[name] = kind === 'bias' ? `${layer}.bias/bias` : `${layer}/kernel`;
  }
  return found;
}
