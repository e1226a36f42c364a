/** AGS and DPGC on plain numbers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkForm, checkScaling, etaAt } from './options.js';
import type { ScalingOptions } from './options.js';
import { branchWeights, lambdaOf, statisticsOf } from './scaler.js';
import { inScope, surge } from './surge.js';

const scaling = (options: ScalingOptions = {}) =>
  checkScaling({ ...('lambda' in options ? {} : { eta: 0.3 }), ...options }, 'test');

const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

describe('lam', () => {
  it('is eta |g_b| / (|g_a| + 1e-8)', () => {
    const { lambda } = lambdaOf(scaling(), 0.3, { normA: 4, normB: 2 }, {}, 'l');
    expect(lambda).toBeCloseTo((0.3 * 2) / (4 + 1e-8), 12);
  });

  it('keeps |g_b + lam g_a| within (1 +- eta) |g_b|', () => {
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (normA, normB, cosine, eta) => {
          const { lambda } = lambdaOf(scaling({ eta }), eta, { normA, normB }, {}, 'l');
          const squared = normB ** 2 + 2 * lambda * cosine * normA * normB + (lambda * normA) ** 2;
          const total = Math.sqrt(Math.max(0, squared));
          expect(total).toBeLessThanOrEqual((1 + eta) * normB * (1 + 1e-9));
          expect(total).toBeGreaterThanOrEqual((1 - eta) * normB * (1 - 1e-6) - 1e-9);
        },
      ),
    );
  });

  it('is 0 and counted where a norm is 0, and leaves the moving average alone', () => {
    const s = scaling({ eta: 1, lambda: { movingAverage: 0.5 } });
    const state = {};
    expect(lambdaOf(s, 1, { normA: 1, normB: 8 }, state, 'l').lambda).toBeCloseTo(8, 6);
    expect(lambdaOf(s, 1, { normA: 0, normB: 8 }, state, 'l')).toEqual({
      lambda: 0,
      skipped: true,
    });
    expect(lambdaOf(s, 1, { normA: 1, normB: 0 }, state, 'l')).toEqual({
      lambda: 0,
      skipped: true,
    });
    expect(lambdaOf(s, 1, { normA: 1, normB: 4 }, state, 'l').lambda).toBeCloseTo(6, 6);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });

  it('refuses a norm that is not finite, naming the layer', () => {
    expect(() => lambdaOf(scaling(), 1, { normA: NaN, normB: 1 }, {}, 'conv3')).toThrow(
      /layer "conv3": a gradient norm is not finite/,
    );
  });
});

describe('the weights of the branches', () => {
  const measure = { normB: 3, normA: 5, inner: -6, clipped: 0.25 };

  it('are 1 and lam, with the auxiliary gradient scaled or not', () => {
    expect(branchWeights(scaling(), 0.2, measure)).toEqual({
      binary: 1,
      auxiliary: 0.2,
      auxiliaryGradient: 0.2,
    });
    const unscaled = scaling({ scaleAuxiliaryGradient: false });
    expect(branchWeights(unscaled, 0.2, measure).auxiliaryGradient).toBe(1);
  });

  it('are a gain alone for the control: the length of the sum, the direction of g_b', () => {
    const gb = [1, 2, 2];
    const ga = [-4, 0, 3];
    const inner = gb.reduce((s, g, i) => s + g * ga[i], 0);
    const lambda = 0.7;
    const sum = Math.hypot(...gb.map((g, i) => g + lambda * ga[i]));
    const w = branchWeights(scaling({ gainOnly: true }), lambda, {
      normB: Math.hypot(...gb),
      normA: Math.hypot(...ga),
      inner,
      clipped: 0,
    });
    expect(w.auxiliary).toBe(0);
    expect(w.binary).toBeCloseTo(sum / 3, 12);
  });

  it('come with the cosine', () => {
    expect(statisticsOf(measure, 0.1, false).cosine).toBeCloseTo(-0.4, 12);
    expect(statisticsOf({ ...measure, normA: 0 }, 0, true).cosine).toBe(0);
  });
});

describe('options', () => {
  // Options arrive from JSON as well, where no type checker stands in between.
  const untyped = (text: string) => JSON.parse(text) as ScalingOptions;

  it.each([
    ['{"eta": -1}', /eta must be a finite number >= 0, got -1/],
    ['{}', /eta is missing/],
    ['{"etta": 1}', /unknown option of here "etta" \(did you mean "eta"\?\)/],
    ['{"eta": 1, "normScope": "chanel"}', /did you mean "channel"/],
    [
      '{"normScope": "channel", "lambda": {"fixed": 1}}',
      /normScope 'channel' has no meaning beside lambda \{"fixed":1\}; allowed there: layer/,
    ],
    [
      '{"eta": 1, "normScope": "sample", "lambda": {"movingAverage": 0.5}}',
      /normScope 'sample' has no meaning beside lambda/,
    ],
    ['{"eta": 1, "lambda": "adaptiv"}', /lambda must be 'adaptive', \{fixed/],
    ['{"eta": 1, "lambda": {"movingAverage": 1}}', /movingAverage: number in \[0, 1\)/],
    ['{"eta": 1, "lambda": {"fixed": 0.5}}', /eta has no meaning beside lambda \{fixed\}/],
    ['{"eta": 1, "auxiliaryInput": "signed"}', /must be 'raw' or 'transformed'/],
    ['{"eta": 1, "epsilon": 0}', /epsilon must be a number > 0/],
  ])('%s is refused', (text, message) => {
    expect(() => checkScaling(untyped(text), 'here')).toThrow(message);
  });

  it('name an auxiliary form, with what goes with it and nothing else', () => {
    const form = (text: string) => () => surge(JSON.parse(text) as Parameters<typeof surge>[0]);
    expect(form('{"eta": 1, "form": "grouped"}')).toThrow(/needs groups, a whole number >= 1/);
    expect(form('{"eta": 1, "form": "lowRank", "rank": 0.5}')).toThrow(/needs rank.*got 0.5/);
    expect(form('{"eta": 1, "rank": 2}')).toThrow(/rank has no meaning beside the form 'full'/);
    expect(form('{"eta": 1, "form": "lowRank", "rank": 2, "initial": "copy"}')).toThrow(
      /a lowRank auxiliary has not W's shape/,
    );
    expect(() => checkForm('ful', 'l')).toThrow(/did you mean "full"/);
  });

  it('may schedule eta by p', () => {
    expect(etaAt((p) => 0.5 * (1 - p), 0.5, 'l')).toBe(0.25);
    expect(() => etaAt(() => NaN, 0.5, 'l')).toThrow(/eta must be a finite number/);
  });

  it('of surge are checked as a whole', () => {
    expect(surge({ eta: 0.1, initial: 'copy', scope: { last: 2 } })).toEqual({
      eta: 0.1,
      initial: 'copy',
      scope: { last: 2 },
    });
    expect(() => surge({ eta: 0.1, form: 'shared', initial: 'copy' })).toThrow(/shared/);
    expect(() => surge({ eta: 1, form: 'frozen', scaleAuxiliaryGradient: false })).toThrow(
      /a frozen auxiliary has no gradient that could be scaled/,
    );
    expect(() => surge({ eta: 0.1, scope: { first: 0 } })).toThrow(/scope must be/);
  });

  it('choose layers', () => {
    const layers = ['a', 'b', 'c'].map((name) => ({ name }));
    const names = (scope: Parameters<typeof inScope>[1]) =>
      inScope(layers, scope).map((l) => l.name);
    expect(names('all')).toEqual(['a', 'b', 'c']);
    expect(names({ first: 1 })).toEqual(['a']);
    expect(names({ last: 2 })).toEqual(['b', 'c']);
    expect(names({ names: ['c', 'a'] })).toEqual(['a', 'c']);
    expect(() => names({ last: 4 })).toThrow(/asks for more than the 3 binary layers/);
    expect(() => names({ names: ['d'] })).toThrow(
      /no binary layer is called "d"; allowed: a, b, c/,
    );
  });
});
