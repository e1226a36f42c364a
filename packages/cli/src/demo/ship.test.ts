import { describe, expect, it } from 'vitest';
import { equality } from './ship.js';

describe('equality', () => {
  const labels = Uint8Array.of(1, 0, 1);
  const trained = Float32Array.of(0, 2, 3, 1, -1, 0);

  it('holds for the same bits, also where they are no number', () => {
    const same = equality(Float32Array.from(trained), trained, { count: 3, labels });
    expect(same).toEqual({ images: 3, equalOutputs: 3, equalPredictions: 3, accuracy: 1 });
    const broken = Float32Array.of(NaN, 1);
    expect(equality(broken, broken, { count: 1, labels })).not.toHaveProperty('difference');
  });

  it('tells -0 from 0, counts images, and names the first difference', () => {
    const packed = Float32Array.of(-0, 2, 3, 4, -1, 0);
    expect(equality(packed, trained, { count: 3, labels })).toEqual({
      images: 3,
      equalOutputs: 1,
      equalPredictions: 2,
      accuracy: 2 / 3,
      difference: 'output 0 of image 0 is -0 instead of 0',
    });
  });

  it('refuses outputs of another number', () => {
    const few = trained.subarray(0, 4);
    expect(() => equality(few, trained, { count: 3, labels })).toThrow('4 outputs, not 6');
  });
});
