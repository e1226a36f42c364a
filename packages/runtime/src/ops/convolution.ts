/** What convolutions of bits and of floats have in common. */
import type { PadValue, Window } from '../graph.js';
import type { Named } from './edges.js';
import { misfit } from './edges.js';

export const padValues: readonly PadValue[] = [0, 1, -1];

/** @throws ModelFileError unless each group has as many channels and as many filters as the others. */
export function checkGroups(node: Named, channels: number, filters: number, groups: number): void {
  if (channels % groups === 0 && filters % groups === 0) return;
  throw misfit(
    node,
    `its ${groups} groups must divide ${channels} input channels and ${filters} filters`,
  );
}

/** "pad +1", where there is padding. */
export function padText({ pads }: Window, padValue: PadValue): readonly string[] {
  if (pads.every((pad) => pad === 0)) return [];
  return [`pad ${padValue > 0 ? '+' : ''}${padValue}`];
}
