/** What every model file says of itself, word for word; a file that says anything else is of another format. */
import type { EdgeType } from '../graph.js';

export const formatName = 'surge-bnn';

/** The versions that this reader knows. docs/format.md says what changes them. */
export const formatVersions = ['1', '2', '3', '4'] as const;

export type FormatVersion = (typeof formatVersions)[number];

/** The keys of the file's metadata whose value is fixed, besides `format` and `version`. */
export const conventions: Readonly<Record<string, string>> = {
  bits: 'bit 0 is +1, bit 1 is -1; bits of unsigned operands are 0 and 1; least significant bit first; channels innermost',
  padding: 'dense per filter, padded to a byte with 0',
};

/** The keys that hold JSON for people and may be absent. */
export const informativeMetadata = ['training', 'provenance', 'agreement'] as const;

/** The keys that a detector has besides: its plan, and where it has two stages the graph of its tail. */
export const detectorMetadata = ['detector', 'tail'] as const;

/** The key that a text model has besides: its plan. */
export const textMetadata = ['text'] as const;

/** Most bytes of the JSON header: a hundred times what large networks need. */
export const maxHeaderBytes = 2 ** 24;

/** Most numbers on an edge, that is 1 GiB as float32; planned buffers have bounds of their own. */
export const maxElements = 2 ** 28;

/** Most nodes of a graph; the largest networks have a few thousand. */
export const maxNodes = 2 ** 14;

/** Most channels of an input of pixels: each has a table of its 256 values. */
export const maxPixelChannels = 1024;

/** Most axes of an edge or tensor. */
export const maxRank = 8;

export const edgeTypes: readonly EdgeType[] = ['f32', 'i32', 'bits', 'unsigned', 'i8'];
