import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts', 'benchmarks/**/*.test.ts'],
    // Two cores: more workers only slow each other down.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/module.ts', '**/*.d.ts'],
      reporter: ['text-summary', 'html', 'lcov'],
    },
  },
  resolve: {
    // Tests run on the sources: no build stands between an edit and its test.
    alias: [
      {
        find: /^@surge-bnn\/([a-z]+)\/(browser|text)$/,
        replacement: new URL('./packages/', import.meta.url).pathname + '$1/src/$2.ts',
      },
      {
        find: /^@surge-bnn\/([a-z]+)$/,
        replacement: new URL('./packages/', import.meta.url).pathname + '$1/src/index.ts',
      },
    ],
  },
});
