/** What the person before the page can change: the message is one sentence, and is shown as it is. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
