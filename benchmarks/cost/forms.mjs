/** What is measured: full precision, STE, and the forms of SURGE's auxiliary weights; the one list of them. */

/** `compensator` is what a recipe says. */
export const forms = [
  { name: 'full precision', method: 'fp' },
  { name: 'STE', method: 'ste' },
  { name: 'SURGE', method: 'surge', compensator: {} },
  surge('SURGE, grouped in 4', { form: 'grouped', groups: 4 }),
  surge('SURGE, low rank 8', { form: 'lowRank', rank: 8 }),
  surge('SURGE, shared', 'shared'),
  surge('SURGE, frozen', 'frozen'),
];

function surge(name, auxiliary) {
  return { name, method: 'surge', compensator: { auxiliary } };
}
