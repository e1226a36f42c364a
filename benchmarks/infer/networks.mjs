/** The measured networks: the packed one and its float twin, with random weights from a seed. */
import { networkList } from '@surge-bnn/models';

/**
 * Options of the float twins. They are the networks that people run: relu, which every runtime computes with the convolution in front
 * of it, and of ImageNet's ResNet-18 exactly He et al.'s, which is torchvision's.
 */
const twins = {
  'resnet-20': { activation: 'relu', shortcut: 'block', downsample: 'conv' },
  'vgg-small': { activation: 'relu' },
  'cifar-resnet-18': { activation: 'relu', downsample: 'conv' },
  'imagenet-resnet-18': { activation: 'relu', shortcut: 'block', downsample: 'conv' },
  'reactnet-a': {},
};

export const networks = Object.keys(twins);
/** Those of the page. */
export const usual = networks.filter((name) => name !== 'resnet-20');

/** Inputs of the largest batch that is measured. */
export const examples = 8;

/**
 * How `buildModel` is told a network.
 *
 * @param kind 'packed' or 'float'
 */
export function specOf(name, kind) {
  const { inputShape, classes } = networkList.find((network) => network.name === name);
  const options = kind === 'float' ? { ...twins[name], precision: 'full' } : {};
  return { spec: { network: name, options }, inputShape, classes };
}
