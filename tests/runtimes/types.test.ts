/** The types that come with the package, as a strict consumer's compiler sees them, without skipLibCheck. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectWithRuntime } from './installed.js';

const consumer = `
import { load, ModelFileError } from '@surge-bnn/runtime';
import type { LoadOptions, ModelDescription, ModelInput, PackedModel } from '@surge-bnn/runtime';
import { loadText } from '@surge-bnn/runtime/text';

const options: LoadOptions = { maxMemoryBytes: 2 ** 20 };

export async function classOf(file: string | URL, picture: Uint8ClampedArray): Promise<string> {
  const model: PackedModel = await load(file, options);
  const input: ModelInput = picture;
  const logits: Float32Array = model.run(input);
  const best: number = logits.indexOf(Math.max(...logits));
  return model.classes?.[best] ?? String(best);
}

export function kernelsOf(description: ModelDescription): readonly string[] {
  return description.nodes.map(({ name, kernel, output }) => name + kernel + output.shape.join());
}

export async function opinionOf(text: string): Promise<string> {
  const said = (await loadText('sst2.bnn', options)).predict(text);
  return 'class' in said ? said.class : said.score.toFixed(2);
}

export function sentenceOf(error: unknown): string | undefined {
  return error instanceof ModelFileError ? error.message : undefined;
}

export async function mistakes(model: PackedModel): Promise<void> {
  // @ts-expect-error pictures are no lists
  model.run([1, 2, 3]);
  // @ts-expect-error shapes are not to be changed
  model.inputShape[0] = 1;
  // @ts-expect-error a number is no place
  await load(42);
  // @ts-expect-error an unknown option
  await load('model.bnn', { colour: 'red' });
}
`;

const { ESNext, Node16, NodeNext } = ts.ModuleKind;
const resolutions = ts.ModuleResolutionKind;

describe('a strict TypeScript consumer', () => {
  let project: string;
  beforeAll(async () => {
    project = await projectWithRuntime({ 'consumer.ts': consumer });
  });
  afterAll(() => rm(project, { recursive: true }));

  it.each([
    ['bundler', { module: ESNext, moduleResolution: resolutions.Bundler }],
    ['node16', { module: Node16, moduleResolution: resolutions.Node16 }],
    ['nodenext', { module: NodeNext, moduleResolution: resolutions.NodeNext }],
  ])('compiles under moduleResolution %s', (_, resolution) => {
    const program = ts.createProgram([path.join(project, 'consumer.ts')], {
      ...resolution,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
      noEmit: true,
    });
    const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
      file: file?.fileName,
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
    expect(found).toEqual([]);
  });
});
