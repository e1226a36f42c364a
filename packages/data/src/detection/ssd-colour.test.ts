import { describe, expect, it } from 'vitest';
import { colorJitter } from '../colour.js';
import { randomStream } from '../random.js';
import { ssdColour, type SsdColour } from './ssd-colour.js';

const shape = { height: 2, width: 3, channels: 3 };
const source = Float32Array.from({ length: 18 }, (_, i) => 10 + 13 * i);
const change = (colour: SsdColour, seed: number) => {
  const target = new Float32Array(18);
  ssdColour(colour)(source, target, shape, randomStream(seed, 'x'));
  return [...target];
};

describe("SSD's colours", () => {
  const amounts = { brightness: 0.125, contrast: 0.5, saturation: 0.5, hue: 0.05 };

  it('with probability 1 are those of colorJitter, with probability 0 none', () => {
    for (let seed = 0; seed < 5; seed++) {
      const jittered = new Float32Array(18);
      colorJitter(amounts)(source, jittered, shape, randomStream(seed, 'x'));
      expect(change(amounts, seed)).toEqual([...jittered]);
      expect(change({ ...amounts, probability: 0 }, seed)).toEqual([...source]);
    }
  });

  it('with probability 1/2 each kind comes in half of the cases', () => {
    const brighter = (seed: number) => change({ brightness: 0.125, probability: 0.5 }, seed);
    const changed = Array.from({ length: 400 }, (_, seed) => brighter(seed)).filter(
      (pixels) => pixels[0] !== source[0],
    );
    expect(changed.length).toBeGreaterThan(160);
    expect(changed.length).toBeLessThan(240);
    // One factor within 0.875 .. 1.125 for all.
    for (const pixels of changed) {
      const factor = pixels[0] / source[0];
      expect(factor >= 0.875 && factor <= 1.125).toBe(true);
      pixels.forEach((value, i) => expect(value).toBeCloseTo(Math.min(255, factor * source[i]), 2));
    }
  });

  it('exchanged channels are the same order in every pixel; all six orders come', () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const pixels = change({ exchange: 1 }, seed);
      const order = [0, 1, 2].map((c) => source.subarray(0, 3).indexOf(pixels[c]));
      orders.add(order.join());
      pixels.forEach((value, i) => expect(value).toBe(source[i - (i % 3) + order[i % 3]]));
    }
    expect(orders.size).toBe(6);
  });

  it('refuses probabilities and amounts out of range', () => {
    expect(() => ssdColour({ probability: 2 })).toThrow(/probability .* in 0 to 1, got 2/);
    expect(() => ssdColour({ exchange: -1 })).toThrow(/exchange .* in 0 to 1, got -1/);
    expect(() => ssdColour({ hue: 1 })).toThrow(/hue .* must be 0 to 0\.5/);
  });
});
