/**
 * Colours as CSS variables, so that one SVG serves light and dark. The hues are those of Okabe and Ito,
 * which the usual kinds of colour blindness keep apart; series differ in dash and shape as well.
 */

const light = ['#0072b2', '#d55e00', '#007f5f', '#a8327e', '#8a6d00', '#3f6fd1', '#6b4c9a', '#555'];
const dark = ['#56b4e9', '#f28e4b', '#2fc497', '#e58ac2', '#e6c229', '#8fa8ff', '#c3a5f0', '#bbb'];

/** The light scheme's, for files that have no page around them. */
export const lightSeries: readonly string[] = light;

export const seriesColors: readonly string[] = light.map((_, i) => `var(--series${i})`);
export const seriesShapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross'] as const;
/** The first is a full line. */
export const seriesDashes: readonly (readonly number[])[] = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
];

/** Definitions of the series colours for one scheme. */
export function colorVariables(scheme: 'light' | 'dark'): string {
  return (scheme === 'light' ? light : dark).map((c, i) => `--series${i}: ${c};`).join(' ');
}
