const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes as people read them: "512 B", "13.5 kB", "1.42 MB" (powers of ten). */
export function bytesText(value: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  if (power === 0) return `${value} B`;
  const scaled = value / 1000 ** power;
  return `${scaled < 100 ? scaled.toPrecision(3) : scaled.toFixed(0)} ${units[power]}`;
}
