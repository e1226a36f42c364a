import { readFileSync } from 'node:fs';
import { safetensors } from '@jax-js/loaders';
import { describe, expect, it, vi } from 'vitest';
import { decodeModel } from './read.js';
import { encodeModel, fileSize } from './write.js';
import { models, picture, tiny } from './models.fixture.js';
import { cut, headerOf, withValue } from './surgery.fixture.js';
import type { GraphNode } from '../graph.js';
import type { ModelSource } from './model-source.js';
import { tensorBytes } from './tensors.js';

/** With plain arrays of bytes: a view into a file equals an array of its own. */
function plain({ graph, tensors, metadata }: ModelSource) {
  const listed = [...tensors].map(([name, { bytes, ...spec }]) => ({
    name,
    spec,
    bytes: [...bytes],
  }));
  return { graph, metadata, tensors: listed.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** The same object, its keys and those of its attributes the other way round. */
function reversed(node: GraphNode): GraphNode {
  const turned = (value: object): object => Object.fromEntries(Object.entries(value).reverse());
  return { ...turned(node), attributes: turned(node.attributes) } as GraphNode;
}

describe.each(models)('the file of %s', (_, model) => {
  const source = model();
  const file = encodeModel(source);

  it('gives the model again', () => {
    expect(plain(decodeModel(file))).toEqual(plain(source));
  });

  it('is the same each time, also from what was read', () => {
    expect(encodeModel(model())).toEqual(file);
    expect(encodeModel(decodeModel(file))).toEqual(file);
  });

  it('has the size that fileSize tells', () => {
    const size = fileSize(source);
    const { header, data } = cut(file);
    expect(size).toEqual({
      header: 8 + new TextEncoder().encode(header).length,
      payload: data.length,
      total: file.length,
    });
    const sum = [...source.tensors.values()].reduce((bytes, t) => bytes + tensorBytes(t), 0);
    expect(size.payload).toBe(sum);
    expect(size.header % 8).toBe(0);
  });

  it('opens at any address, in any view, without a copy', () => {
    for (const offset of [1, 2, 3, 8]) {
      const buffer = new ArrayBuffer(file.length + offset + 5);
      const view = new Uint8Array(buffer, offset, file.length);
      view.set(file);
      const decoded = decodeModel(view);
      expect(plain(decoded)).toEqual(plain(source));
      for (const { bytes } of decoded.tensors.values()) expect(bytes.buffer).toBe(buffer);
    }
    expect(plain(decodeModel(Buffer.from(file)))).toEqual(plain(source));
  });

  it('is read by a few lines that know nothing of ours', () => {
    const { data } = cut(file);
    const { metadata, entries } = headerOf(file);
    for (const text of Object.values(metadata)) expect(typeof text).toBe('string');
    let end = 0;
    for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
      expect(data_offsets[0]).toBe(end);
      end = data_offsets[1];
      const tensor = source.tensors.get(name);
      expect({ dtype, shape }).toEqual({ dtype: tensor?.dtype, shape: tensor?.shape });
      expect(data.subarray(...data_offsets)).toEqual(tensor?.bytes);
      expect((data.byteOffset + data_offsets[0]) % ({ U8: 1, F16: 2 }[dtype] ?? 4)).toBe(0);
    }
    expect(end).toBe(data.length);
  });

  it('is read by a safetensors reader of strangers', () => {
    // That reader makes Float16Arrays, which Node 20 has not; here only their bytes are looked at.
    vi.stubGlobal('Float16Array', Uint16Array);
    const { tensors, metadata } = safetensors.parse(Uint8Array.from(file));
    expect(metadata?.format).toBe('surge-bnn');
    expect(Object.keys(tensors).sort()).toEqual([...source.tensors.keys()].sort());
    for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
      const tensor = source.tensors.get(name);
      expect({ dtype, shape }).toEqual({ dtype: tensor?.dtype, shape: tensor?.shape });
      // Its types name arrays that TypeScript's library has not yet.
      const { buffer, byteOffset, byteLength } = data as ArrayBufferView;
      expect(new Uint8Array(buffer, byteOffset, byteLength)).toEqual(tensor?.bytes);
    }
  });
});

describe('the writer', () => {
  it('puts larger elements first and keeps their order otherwise', () => {
    const { entries } = headerOf(encodeModel(picture()));
    expect(Object.entries(entries).map(([name, { dtype }]) => `${name} ${dtype}`)).toEqual([
      'stem.bias F32',
      'stem_norm.a F32',
      'stem_norm.b F32',
      'threshold.thresholds I32',
      'logits.b F32',
      'stem.kernel F16',
      'conv.kernel U8',
      'threshold.flips U8',
      'pool.flips U8',
      'units.kernel U8',
    ]);
  });

  it('keeps tensors whose names JavaScript objects would move or lose', () => {
    const { graph, tensors, metadata } = tiny();
    const rename = new Map(
      [...tensors.keys()].map((name, i) => [name, ['10', '__proto__', '2'][i]]),
    );
    const nodes = graph.nodes.map((node) => ({
      ...node,
      tensors: Object.fromEntries(
        Object.entries(node.tensors).map(([role, name]) => [role, rename.get(name) ?? name]),
      ),
    }));
    const renamed = {
      graph: { ...graph, nodes },
      tensors: new Map([...tensors].map(([name, tensor]) => [rename.get(name) ?? name, tensor])),
      metadata,
    };
    const file = encodeModel(renamed);
    expect(plain(decodeModel(file))).toEqual(plain(renamed));
    expect(encodeModel(decodeModel(file))).toEqual(file);
  });

  it('does not mind the order in which attributes were written down', () => {
    const { graph, tensors, metadata } = picture();
    const nodes = graph.nodes.map((node) => reversed(node));
    const shuffled = { graph: { ...graph, nodes }, tensors, metadata };
    expect(encodeModel(shuffled)).toEqual(encodeModel(picture()));
  });

  it('refuses what the reader would refuse, and metadata that JSON cannot hold', () => {
    const { graph, tensors } = tiny();
    const write = (metadata: object) => () => encodeModel({ graph, tensors, metadata });
    expect(write({ training: { rate: NaN } })).toThrow('metadata "training" holds NaN');
    expect(write({ training: { big: 10n } })).toThrow('holds bigint');
    expect(() => encodeModel({ graph, tensors: new Map(), metadata: {} })).toThrow(
      "not among the file's tensors",
    );
    const short = new Map(
      [...tensors].map(([name, t]) => [name, { ...t, bytes: t.bytes.slice(1) }]),
    );
    expect(() => encodeModel({ graph, tensors: short, metadata: {} })).toThrow(
      'has 2 bytes; U8 [3,1] takes 3',
    );
  });

  it('takes the earliest version that has all that is in a file', () => {
    const versions = models.map(([name, model]) => {
      return `${name} ${headerOf(encodeModel(model())).metadata.version}`;
    });
    expect(versions).toEqual([
      'tiny 1',
      'picture 1',
      'branches 1',
      'int8 2',
      'doubled 3',
      'text 4',
    ]);
    // Nobody has to: what is of version 1 may say that it is of version 2.
    const file = withValue(encodeModel(tiny()), ['__metadata__', 'version'], '2');
    expect(encodeModel(decodeModel(file))).toEqual(encodeModel(tiny()));
  });

  it('leaves a small reader', () => {
    const lines = ['safetensors.ts', 'read.ts'].map(
      (name) => readFileSync(new URL(name, import.meta.url), 'utf8').split('\n').length - 1,
    );
    expect(lines[0] + lines[1]).toBeLessThan(300);
  });
});
