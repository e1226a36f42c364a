/** The numbers that the *.torch.py scripts fill weights and pictures with: torch_numbers.py, in TypeScript. */

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Spread evenly over [-1, 1); k tells tensors apart. */
export function numbers(k: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const wave = 43758.5453 * Math.sin(1 + 12.9898 * i + 78.233 * k);
    return 2 * (wave - Math.floor(wave)) - 1;
  });
}
