/** docs/format.md says what the code does: its ops, attributes and roles are the op table's, its example is a real file. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Edge, GraphNode, NodeOf, OpName } from '../graph.js';
import { everyModel } from '../execute/every-model.fixture.js';
import { quantizeArray } from '../kernels/int8.js';
import { opTable } from '../ops/table.js';
import { compactMetadata } from './compact.js';
import {
  conventions,
  formatVersions,
  maxElements,
  maxHeaderBytes,
  maxNodes,
  maxPixelChannels,
} from './convention.js';
import { maxJsonValues } from './json.js';
import { mostPixels } from './plan-reader.js';
import { mostBoxes, mostClasses } from './read-plan.js';
import { mostTextPieces } from './read-text-plan.js';
import { smallPlan, smallSingleShotPlan } from './detectors.fixture.js';
import { pairPlan } from './texts.fixture.js';
import { mostPieces, mostVocabularyBytes } from './vocabulary.js';
import { textRoles } from '../text/plan.js';
import { documented, models } from './models.fixture.js';
import { cut } from './surgery.fixture.js';
import { encodeModel } from './write.js';

const page = readFileSync(new URL('../../../../docs/format.md', import.meta.url), 'utf8');

/** The part of the page under a heading, up to the next of its level or above. */
function section(heading: string): string {
  const level = heading.indexOf(' ');
  const from = page.indexOf(`\n${heading}\n`);
  if (from === -1) throw new Error(`docs/format.md has no heading "${heading}"`);
  const rest = page.slice(from + heading.length + 2);
  const next = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return next === -1 ? rest : rest.slice(0, next);
}

/** Cells of the rows of all tables in a text, without the heads. */
function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|--'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

/** Names in the second column of an op's table, by the kind in the first. */
function named(op: string, kinds: readonly string[]): string[] {
  return rows(section(`### ${op}`))
    .filter(([kind]) => kinds.includes(kind))
    .map(([, name]) => name.replaceAll('`', ''))
    .sort();
}

const ops = Object.keys(opTable).sort();

/** The nodes of an op in the models of the tests, each with the edges that it reads. */
function examplesOf(op: string): { node: GraphNode; inputs: Edge[] }[] {
  return models.flatMap(([, model]) => {
    const { graph } = model();
    const [{ name, shape }] = graph.inputs;
    const edges = new Map<string, Edge>([[name, { type: 'f32', shape }]]);
    for (const node of graph.nodes) edges.set(node.name, node.output);
    return graph.nodes
      .filter((node) => node.op === op)
      .map((node) => ({ node, inputs: node.inputs.flatMap((read) => edges.get(read) ?? []) }));
  });
}

function rolesOf<Op extends OpName>(node: NodeOf<Op>, inputs: readonly Edge[]) {
  return Object.entries(opTable[node.op].tensors(node, inputs));
}

it('names every op of the table and no other', () => {
  const headings = [...section('## 7. Ops').matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
  expect(headings.filter((heading) => heading !== 'Windows').sort()).toEqual(ops);
});

describe.each(ops)('%s', (op) => {
  const examples = examplesOf(op);

  it('has an example', () => expect(examples).not.toEqual([]));

  it('has the attributes of the page', () => {
    for (const { node } of examples) {
      expect(Object.keys(node.attributes).sort()).toEqual(named(op, ['attribute']));
    }
  });

  it('has the tensors of the page', () => {
    const roles = examples.flatMap(({ node, inputs }) => rolesOf(node, inputs));
    const names = (optional: boolean) => [
      ...new Set(
        roles.filter(([, spec]) => (spec.optional ?? false) === optional).map(([role]) => role),
      ),
    ];
    expect(names(false).sort()).toEqual(named(op, ['tensor']));
    expect(names(true).sort()).toEqual(named(op, ['tensor, optional']));
  });
});

it('tells the fixed metadata and the limits', () => {
  const told = rows(section('## 2. Metadata and versions'));
  for (const [key, value] of Object.entries(conventions)) {
    expect(told).toContainEqual([`\`${key}\``, `\`${value}\``]);
  }
  const versions = formatVersions.map((version) => `\`${version}\``).join(' or ');
  expect(told).toContainEqual(['`version`', versions]);
  expect(rows(section('### Compressed header')).slice(1, 4)).toEqual(
    Object.entries(compactMetadata).map(([key, value]) => [`\`${key}\``, `\`${value}\``]),
  );
  const limits = [maxElements, maxHeaderBytes, maxNodes, maxPixelChannels, maxJsonValues];
  limits.push(mostBoxes, mostClasses, mostPixels, mostTextPieces, mostPieces, mostVocabularyBytes);
  for (const limit of limits) {
    expect(page).toContain(limit.toLocaleString('en'));
  }
});

it.each([
  ['two stages', smallPlan, [smallPlan.proposals, smallPlan.regions, smallPlan.detections]],
  ['one stage', smallSingleShotPlan, [smallSingleShotPlan.defaultBoxes]],
])('names every key of a detector’s plan, of %s', (kind, plan, groups) => {
  const text = section(`### The plan of ${kind}`);
  const keys = rows(text).map(([key]) => key.replaceAll('`', ''));
  expect(keys.slice(1).sort()).toEqual(Object.keys(plan).sort());
  for (const key of groups.flatMap((group) => Object.keys(group)))
    expect(text).toContain(`\`${key}\``);
});

it('names every key of a text model’s plan, and every role of its tensors', () => {
  const text = section('### The plan of a text model');
  const keys = rows(text).map(([key]) => key.replaceAll('`', ''));
  const expected = ['key', ...Object.keys(pairPlan), 'role', ...textRoles];
  expect(keys.sort()).toEqual(expected.sort());
});

describe('the example', () => {
  const file = encodeModel(documented());
  const blocks = [...section('## 8. A whole file').matchAll(/^```text\n(.*?)^```$/gms)].map(
    ([, text]) => text,
  );

  it('has the header that the writer writes', () => {
    expect(blocks[0].replaceAll('\n', '')).toBe(cut(file).header.trimEnd());
  });

  it('has the bytes that the writer writes', () => {
    const shown = new Map<number, number>();
    for (const line of blocks[1].trimEnd().split('\n')) {
      const [offset, hex] = line.split(/ {2,}/);
      for (const [i, byte] of hex.split(' ').entries()) {
        shown.set(parseInt(offset, 16) + i, parseInt(byte, 16));
      }
    }
    for (const [at, byte] of shown) expect([at, file[at]]).toEqual([at, byte]);
    // All but the text of the header.
    const { data } = cut(file);
    expect(shown.size).toBe(16 + data.length);
    expect(shown.has(file.length - 1)).toBe(true);
  });

  it('computes what the page computes', () => {
    const text = section('## 8. A whole file');
    const [, numbers] = /^ {4}x {2,}(.*?) {2,}rows/m.exec(text) ?? [];
    const x = Float32Array.from(numbers.split(','), Number);
    const y = everyModel(documented()).run(x);
    expect(text).toContain(`0.5 * 0 + 1 = ${y[0]};  -1 * 2 + 0 = ${y[1]}`);
  });

  it('has the integers of quantize', () => {
    const [, factor, given, made] =
      /^ {4}factor (\S+) {2,}x {2,}(.*?) {2,}i8 {2,}(.*)$/m.exec(section('### quantize')) ?? [];
    const out = new Int8Array(5);
    quantizeArray(Float32Array.from(given.split(','), Number), Number(factor), out);
    expect([...out].join(', ')).toBe(made);
  });

  it('has the kernel of section 3', () => {
    const bytes = [...section('### Example').matchAll(/= 0x(..)$/gm)].map(([, hex]) =>
      parseInt(hex, 16),
    );
    expect(bytes).toEqual([...(documented().tensors.get('conv.kernel')?.bytes ?? [])]);
    const bits = rows(section('### Example')).filter(([head]) => head === 'bit');
    expect(bits.flatMap((row) => byteValues(row.slice(1).join('')))).toEqual(bytes);
  });
});

/** Bytes of a string of bits, least significant first. */
function byteValues(bits: string): number[] {
  return (bits.match(/.{8}/g) ?? []).map((byte) => parseInt([...byte].reverse().join(''), 2));
}
