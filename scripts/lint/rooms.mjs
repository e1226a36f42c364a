// @ts-check
/**
 * The one table of who may import whom. A room is a folder under packages/; an import may only point
 * at the rooms of its row. A package folder without a row is an error of the lint rule and of its test,
 * so a new package starts here.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const ROOMS = {
  contract: [],
  engine: ['contract', 'runtime'],
  core: ['contract', 'runtime'],
  data: ['runtime', 'contract'],
  models: ['core', 'contract'],
  detection: ['models', 'core', 'runtime', 'contract'],
  language: ['core', 'runtime', 'contract'],
  train: ['detection', 'language', 'converter', 'models', 'data', 'core', 'engine', 'contract'],
  runtime: [],
  converter: ['language', 'core', 'runtime', 'contract'],
  cli: [
    'train',
    'detection',
    'language',
    'models',
    'data',
    'converter',
    'core',
    'engine',
    'runtime',
    'contract',
  ],
};

/**
 * Entries of a room beside its own name, as its package.json exports them: `@surge-bnn/train/browser`. That of runtime is apart because it
 * has a dependency, and runtime's own has none.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const ENTRIES = {
  data: ['browser'],
  runtime: ['text'],
  train: ['browser'],
};

/** The name under which a room is imported. */
export const SCOPE = '@surge-bnn/';
