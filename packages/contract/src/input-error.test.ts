import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkKeys, InputError, nearest, unknownName } from './input-error.js';

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

describe('checkKeys', () => {
  it('refuses what nobody reads, and what is no object', () => {
    expect(() => checkKeys({ epochs: 1 }, ['epochs'], 'train')).not.toThrow();
    expect(() => checkKeys({ x: 1 }, ['epochs'], 'train', ['x'])).not.toThrow();
    expect(() => checkKeys({ epoch: undefined }, ['epochs'], 'train', ['x'])).toThrow(
      'unknown option of train "epoch" (did you mean "epochs"?); allowed: epochs',
    );
    for (const given of [undefined, null, 3, 'epochs']) {
      expect(() => checkKeys(given, ['epochs'], 'train')).toThrow(InputError);
    }
  });
});
