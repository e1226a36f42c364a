import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError, nearest, unknownName } from './input-error.js';

describe('nearest', () => {
  it.each([
    ['minst', ['digits', 'mnist', 'fashion-mnist'], 'mnist'],
    ['sruge', ['none', 'surge'], 'surge'],
    ['STE', ['ste', 'identity'], 'ste'],
    ['batchsize', ['epochs', 'batchSize'], 'batchSize'],
    ['aprox-sign', ['approx-sign', 'swish-sign'], 'approx-sign'],
    ['resnet', ['ste', 'identity'], undefined],
  ])('%s among %j is %s', (given, allowed, expected) => {
    expect(nearest(given, allowed)).toBe(expected);
  });

  it('finds every name itself', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), {
      minLength: 1,
      selector: (s) => s.toLowerCase(),
    });
    fc.assert(
      fc.property(names, (allowed) => {
        for (const name of allowed) expect(nearest(name, allowed)).toBe(name);
      }),
    );
  });
});

describe('unknownName', () => {
  it('is a mistake of the user, with the hint and what is allowed', () => {
    const error = unknownName('engine', 'wsam', ['wasm', 'tfjs']);
    expect(error).toBeInstanceOf(InputError);
    expect(error.exitCode).toBe(2);
    expect(error.message).toBe('unknown engine "wsam" (did you mean "wasm"?); allowed: wasm, tfjs');
    expect(unknownName('engine', 'gpu', ['wasm']).message).toBe(
      'unknown engine "gpu"; allowed: wasm',
    );
  });
});
