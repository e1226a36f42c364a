/** The latent transforms. Each is a forward and its vector-Jacobian product. */
import type { LatentTransform } from './binarizer.js';

/** u = v. */
export const noTransform: LatentTransform = {
  name: 'none',
  parameters: [],
  forward: (v) => v.clone(),
  backward: (gradient) => ({ input: gradient.clone(), parameters: [] }),
};
