/** Rows of strings and numbers as aligned text: the first column to the left, the others to the right. */
export function table(head, rows) {
  const lines = [head, ...rows].map((row) => row.map(format));
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const text = (line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return lines.map(text).join('\n');
}

function format(cell) {
  if (typeof cell !== 'number') return cell ?? '-';
  return Number.isFinite(cell) ? cell.toFixed(Math.abs(cell) < 10 ? 2 : 1) : '-';
}
