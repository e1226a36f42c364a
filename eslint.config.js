import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { importDirection } from './scripts/lint/import-direction.mjs';

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'coverage/**',
      'runs/**',
      '.cache/**',
      'docs/api/**',
      // AssemblyScript: TypeScript's syntax, another language (i32, v128, @inline).
      'packages/engine/assembly/**',
      'benchmarks/infer/bare-loop/assembly/**',
      'packages/engine/src/providers/wasm/module*.ts',
      'packages/engine/build/**',
      'packages/runtime/assembly/**',
      'packages/runtime/src/wasm/module.ts',
      'packages/runtime/build/**',
    ],
  },
  {
    // A rule that is wrong here is changed here, for all files; it is not switched off by a comment.
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
  },
  eslint.configs.recommended,
  {
    plugins: { surge: { rules: { 'import-direction': importDirection } } },
    rules: { 'surge/import-direction': 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.check.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Errors print shapes and numbers: `[${shape}]` and `${count}` are the point of the template.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowArray: true, allowNullish: false },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      // An async function without await is how a synchronous body meets an asynchronous interface.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        WebAssembly: 'readonly',
        TextDecoder: 'readonly',
      },
    },
  },
);
