/**
 * TF.js finds layer classes by name when it loads a model. Nothing registers on import: making a layer registers
 * its class, and `registerLayers()` registers all of them before a saved model is loaded.
 */
import { serialization } from '@tensorflow/tfjs-core';

type LayerClass = Parameters<typeof serialization.registerClass>[0];

const registered = new Set<LayerClass>();

export function registerOnce(layerClass: LayerClass): void {
  if (registered.has(layerClass)) return;
  registered.add(layerClass);
  serialization.registerClass(layerClass);
}
