import { InputError } from '@surge-bnn/contract';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRecipe } from './load-recipe.js';
import { applyOverrides, parseOverride, parseRecipe } from './recipe.js';

const minimal = {
  data: { name: 'digits' },
  network: 'small',
  optimizer: { name: 'adam', learningRate: 0.01 },
  epochs: 2,
  batchSize: 10,
};

function message(change: Record<string, unknown>): string {
  try {
    parseRecipe({ ...minimal, ...change }, 'r.json');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return 'accepted';
}

describe('parseRecipe', () => {
  it('fills in every default and accepts its own output', () => {
    const recipe = parseRecipe(minimal);
    expect(recipe.network).toEqual({ name: 'small', options: {} });
    expect(recipe.compensator).toBe('none');
    expect(recipe.groups.binary.clip).toBe('binarizer');
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it('spells "surge" out', () => {
    const recipe = parseRecipe({ ...minimal, compensator: 'surge' });
    expect(recipe.compensator).toMatchObject({ eta: 0.1, auxiliary: 'full', lambda: 'adaptive' });
    expect(parseRecipe(recipe)).toEqual(recipe);
  });

  it('gives a fixed lambda no eta', () => {
    const recipe = parseRecipe({ ...minimal, compensator: { lambda: { fixed: 0.2 } } });
    expect(recipe.compensator).not.toHaveProperty('eta');
    expect(message({ compensator: { lambda: { fixed: 0.2 }, eta: 1 } })).toContain('no meaning');
  });

  // change -> everything that the sentence has to say
  const broken: [Record<string, unknown>, string[]][] = [
    [{ epochz: 3 }, ['r.json', 'unknown key "epochz"', 'did you mean "epochs"', 'allowed: name']],
    [{ epochs: undefined }, ['epochs is missing', 'a number']],
    [{ epochs: 0 }, ['epochs must be >= 1, got 0']],
    [{ epochs: 1.5 }, ['epochs', 'whole number', '1.5']],
    [{ batchSize: '64' }, ['batchSize must be a number, got "64"']],
    [
      { optimizer: { name: 'adam', learningRat: 1, learningRate: 1 } },
      ['in optimizer', 'did you mean "learningRate"', 'beta1'],
    ],
    [
      { optimizer: { name: 'adamm', learningRate: 1 } },
      ['optimizer.name', 'did you mean "adam"', 'allowed: sgd, adam, adamw, bop'],
    ],
    [{ optimizer: { learningRate: 1 } }, ['optimizer.name is missing', 'sgd, adam, adamw, bop']],
    [{ optimizer: { name: 'sgd', learningRate: -1 } }, ['optimizer.learningRate must be >= 0']],
    [{ optimizer: { name: 'sgd', learningRate: 1, momentum: 1 } }, ['momentum must be < 1']],
    [{ optimizer: { name: 'bop', gamma: 0.1, threshold: 0 } }, ['groups.binary.optimizer']],
    [{ compensator: 'surg' }, ['compensator', 'did you mean "surge"', 'none']],
    [{ compensator: 3 }, ['compensator must be "none" or "surge" or an object, got 3']],
    [{ compensator: { etta: 1 } }, ['"etta" in compensator', 'did you mean "eta"']],
    [
      { compensator: { auxiliary: 'ful' } },
      ['compensator.auxiliary', '"full"', 'shared', 'frozen'],
    ],
    [{ compensator: { lambda: 'adaptiv' } }, ['compensator.lambda', 'did you mean "adaptive"']],
    [{ compensator: { lambda: { fixd: 1 } } }, ['"fixd" in compensator.lambda', '"fixed"']],
    [{ compensator: { lambda: { movingAverage: 2 } } }, ['movingAverage must be < 1, got 2']],
    [{ compensator: { eta: { type: 'cosin', from: 1, to: 0 } } }, ['eta.type', '"cosine"']],
    [{ compensator: { eta: { type: 'cosine', from: 1 } } }, ['compensator.eta.to is missing']],
    [{ compensator: { scope: { frst: 1 } } }, ['"frst" in compensator.scope', '"first"']],
    [{ schedule: { type: 'cosine', from: 1, too: 0, to: 0 } }, ['"too" in schedule', '"to"']],
    [
      { schedule: { type: 'warmup', over: 0.1, then: { type: 'linaer' } } },
      ['schedule.then.type', '"linear"'],
    ],
    [{ groups: { binry: {} } }, ['"binry" in groups', '"binary"']],
    [{ groups: { binary: { clip: 'binariser' } } }, ['groups.binary.clip', '"binarizer"']],
    [{ accumulate: 20 }, ['accumulate 20', 'batch of 10']],
    [
      { engine: { binaryGradients: 'float16' } },
      ['engine.binaryGradients cannot be "float16"', 'allowed: float32, bfloat16'],
    ],
    [{ engine: { threads: 0 } }, ['engine.threads must be >= 1, got 0']],
    [{ engine: { threads: 1.5 } }, ['engine.threads must be a whole number, got 1.5']],
    [{ compensator: { auxiliary: 'lowRank' } }, ['compensator.auxiliary', '"lowRank"', 'frozen']],
    [{ compensator: { auxiliary: { form: 'lowRank' } } }, ['compensator.auxiliary.rank']],
    [
      { compensator: { auxiliary: { form: 'grouped', groups: 0 } } },
      ['compensator.auxiliary.groups must be >= 1, got 0'],
    ],
    [
      { compensator: { auxiliary: { form: 'grouped', groups: 2 }, initial: 'copy' } },
      ['compensator.initial "copy" has no meaning', "which has not W's shape"],
    ],
    [{ compensator: { normScope: 'chanel' } }, ['normScope', '"channel"', 'sample']],
    [
      { compensator: { normScope: 'sample', lambda: { movingAverage: 0.5 } } },
      ['compensator.normScope "sample" has no meaning beside lambda'],
    ],
    [{ binarizer: { name: 'ir-net', strt: -1 } }, ['r.json', '"strt"', 'did you mean "start"']],
    [{ binarizer: { name: 'ir-net', start: '-1' } }, ['"ir-net": start is the exponent of ten']],
    [{ binarizer: { name: 'ste', start: 1 } }, ['"ste" has no settings, got "start"']],
    [{ binarizer: { nam: 'ste' } }, ['binarizer.name']],
    [
      { compensator: { auxiliary: 'shared', initial: 'copy' } },
      ['compensator.initial "copy" has no meaning beside auxiliary "shared"'],
    ],
    [{ groups: { binary: { clip: [1, -1] } } }, ['clip must be [low, high]', 'got [1, -1]']],
    [{ schedule: -1 }, ['schedule must stay >= 0, but it comes to -1']],
    [
      { compensator: { eta: { type: 'linear', from: 0.1, to: -0.5 } } },
      ['compensator.eta must stay >= 0, but it comes to -0.5'],
    ],
    [{ engine: { backend: 'wasn' } }, ['engine.backend', '"wasm"', 'native', 'tfjs']],
    [{ binarizer: 'stee' }, ['r.json', 'unknown binarizer "stee"', '"ste"']],
    [{ network: { nam: 'x' } }, ['network', '"name"']],
    [{ augmentation: [{ kind: 'shft', maxPixels: 2 }] }, ['augmentation', '"shift"']],
  ];
  it.each(broken)('refuses %j', (change, parts) => {
    const text = message(change);
    for (const part of parts) expect(text).toContain(part);
    expect(text).not.toContain('\n');
  });

  it('refuses what is no object', () => {
    expect(() => parseRecipe([], 'r.json')).toThrow('r.json: the recipe must be an object, got []');
  });
});

describe('applyOverrides', () => {
  const recipe = parseRecipe(minimal);

  it('sets nested values and checks them', () => {
    const changed = applyOverrides(recipe, { 'optimizer.learningRate': 0.5, epochs: 9 });
    expect(changed.optimizer).toMatchObject({ name: 'adam', learningRate: 0.5 });
    expect(changed.epochs).toBe(9);
    expect(recipe.epochs).toBe(2);
    expect(() => applyOverrides(recipe, { 'optimizer.lr': 1 })).toThrow('unknown key "lr"');
    expect(() => applyOverrides(recipe, { 'epochs.x': 1 })).toThrow(InputError);
  });

  it('keeps the name of a network that is given its options after it', () => {
    const changed = applyOverrides(recipe, { network: 'mlp', 'network.options.width': 2 });
    expect(changed.network).toEqual({ name: 'mlp', options: { width: 2 } });
  });

  it('switches compensator and optimizer', () => {
    const surge = applyOverrides(recipe, { compensator: 'surge', 'compensator.eta': 0.3 });
    expect(surge.compensator).toMatchObject({ eta: 0.3 });
    expect(applyOverrides(surge, { compensator: 'none' }).compensator).toBe('none');
    expect(() => applyOverrides(recipe, { 'compensator.eta': 1 })).toThrow('set compensator');
    const sgd = applyOverrides(recipe, { 'optimizer.name': 'sgd', 'optimizer.momentum': 0.5 });
    expect(sgd.optimizer).toEqual({
      name: 'sgd',
      learningRate: 0.01,
      momentum: 0.5,
      nesterov: false,
      weightDecay: 0,
    });
  });

  it('gives a method settings after its name, and takes them away with it', () => {
    const changed = applyOverrides(recipe, { binarizer: 'ir-net', 'binarizer.start': -1 });
    expect(changed.binarizer).toEqual({ name: 'ir-net', start: -1 });
    expect(parseRecipe(changed)).toEqual(changed);
    expect(applyOverrides(changed, { binarizer: 'ste' }).binarizer).toBe('ste');
  });

  it('reads key=value', () => {
    expect(parseOverride('a.b=0.5')).toEqual(['a.b', 0.5]);
    expect(parseOverride('binarizer=ste')).toEqual(['binarizer', 'ste']);
    expect(parseOverride('s={"first":2}')).toEqual(['s', { first: 2 }]);
    expect(() => parseOverride('epochs')).toThrow('key=value');
  });
});

describe('loadRecipe', () => {
  it('names a missing file and broken JSON', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'recipe-'));
    const path = join(folder, 'r.json');
    await expect(loadRecipe(path)).rejects.toThrow('there is no recipe file');
    await writeFile(path, '{"epochs": ');
    await expect(loadRecipe(path)).rejects.toThrow('is not valid JSON');
    await writeFile(path, JSON.stringify(minimal));
    expect(await loadRecipe(path)).toEqual(parseRecipe(minimal));
  });
});

describe('a recipe that extends another', () => {
  const base = {
    name: 'base',
    data: { name: 'digits' },
    network: { name: 'digits-small', options: { width: 4 } },
    optimizer: { name: 'adam', learningRate: 0.1, beta1: 0.5 },
    epochs: 2,
    batchSize: 4,
  };
  const write = async (files: Readonly<Record<string, unknown>>) => {
    const folder = await mkdtemp(join(tmpdir(), 'extends-'));
    for (const [name, json] of Object.entries(files)) {
      await writeFile(join(folder, `${name}.json`), JSON.stringify(json));
    }
    return (name: string) => join(folder, `${name}.json`);
  };

  it('says what differs: objects key by key, another kind as a whole', async () => {
    const path = await write({
      base,
      own: { extends: 'base', name: 'own', optimizer: { learningRate: 0.2 }, epochs: 3 },
      last: { extends: './own.json', optimizer: { name: 'sgd', learningRate: 1 } },
    });
    const own = await loadRecipe(path('own'));
    expect(own).toMatchObject({ name: 'own', epochs: 3, batchSize: 4 });
    expect(own.optimizer).toMatchObject({ name: 'adam', learningRate: 0.2, beta1: 0.5 });
    expect(own.network).toEqual(base.network);
    const last = await loadRecipe(path('last'));
    expect(last).toMatchObject({ name: 'own', epochs: 3 });
    expect(last.optimizer).toMatchObject({ name: 'sgd', learningRate: 1, momentum: 0.9 });
  });

  it.each([
    ['itself', { one: { extends: 'two' }, two: { extends: 'one' } }, /extends itself/],
    ['what is not there', { one: { extends: 'none' } }, /none\.json, which .*one\.json extends/],
    ['no name', { one: { extends: 3 } }, /must be the name of a recipe .* got 3/],
  ])('is refused when it extends %s', async (_, files, message) => {
    const path = await write(files);
    await expect(loadRecipe(path('one'))).rejects.toThrow(message);
  });
});
