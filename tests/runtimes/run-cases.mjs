// @ts-check
// All cases of a folder through the runtime, in whatever engine this is; no dependency but the runtime.
import { load } from '@surge-bnn/runtime';

/**
 * @param {(file: string) => Promise<Uint8Array>} read
 * @param {number} threads
 * @returns {Promise<Uint8Array>} the outputs of all cases in their order, float32
 */
export async function runCases(read, threads) {
  /** @type {{ model: string, input: string }[]} */
  const cases = JSON.parse(new TextDecoder().decode(await read('cases.json')));
  /** @type {number[]} */
  const all = [];
  for (const { model, input } of cases) {
    // A copy, because a view of a larger buffer may not be aligned.
    const bytes = Uint8Array.from(await read(input));
    const numbers = input.endsWith('.f32') ? new Float32Array(bytes.buffer) : bytes;
    const packed = await load(await read(model), { threads });
    all.push(...packed.run(numbers));
    packed.close();
  }
  return new Uint8Array(Float32Array.from(all).buffer);
}
