/** Plain arrays as JSON: for hardware, C, and whoever writes a reader of their own. */
import type { ExportFormat } from './format.js';

export const integers: ExportFormat = {
  name: 'integers',
  description: 'as JSON of plain arrays: signs, thresholds and the numbers that remain',
  help: `--integers: everything that the model file holds as plain JSON arrays, node by node: signs as +1 and -1, integer thresholds,
int8 and float numbers, windows and shapes (docs/interchange.md). What is computed from them is what the runtime computes, to the
last bit.`,
  example: 'surge-bnn export runs/demo/surge/model.bnn --integers digits.json',
  async write({ source }) {
    const { dumpIntegers, integersJson } = await import('@surge-bnn/runtime');
    const encoder = new TextEncoder();
    return Buffer.concat(
      [...integersJson(dumpIntegers(source))].map((part) => encoder.encode(part)),
    );
  },
  next: (_, { model: { inputShape } }) => [
    `input: ${inputShape.join(' x ')} numbers, channels innermost`,
  ],
};
