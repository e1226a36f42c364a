/** The settings as a form. */
import { Refusal } from '../../shared/refusal.js';
import { find } from '../../shared/elements.js';
import type { Ready } from './protocol.js';
import { engineNames, threadsHere } from './settings.js';
import type { EngineName, Settings } from './settings.js';

const titles: Readonly<Record<EngineName, string>> = {
  'surge-wasm': 'surge-wasm: WebAssembly',
  webgl: 'webgl: TF.js on the GPU',
  webgpu: 'webgpu: TF.js on the GPU',
};

export class SettingsForm {
  private readonly fields = find('fields', HTMLFieldSetElement);
  private readonly engine = find('engine', HTMLSelectElement);
  private readonly threads = find('threads', HTMLSelectElement);
  private here: Ready | undefined;

  constructor() {
    this.engine.addEventListener('change', () => {
      this.offerThreads();
    });
  }

  /** Offers the engines and threads that there are. What was chosen stays, if it is still there. */
  offer(here: Ready): void {
    // A worker that takes the place of another finds what the person has set.
    if (this.here === undefined) {
      for (const [id, value] of Object.entries(here.defaults)) {
        find(id, HTMLInputElement).value = `${value}`;
      }
    }
    this.here = here;
    const { value } = this.engine;
    this.engine.replaceChildren(
      ...here.engines.map(({ name, problem }) => {
        const option = new Option(
          problem === undefined ? titles[name] : `${name} (not here)`,
          name,
        );
        option.disabled = problem !== undefined;
        option.title = problem ?? '';
        option.selected = name === value;
        return option;
      }),
    );
    this.offerThreads();
  }

  set enabled(on: boolean) {
    this.fields.disabled = !on;
  }

  /** @throws Refusal for a number that cannot be. */
  read(): Settings {
    if (this.here === undefined) throw new Refusal('The worker is not ready yet.');
    const engine = this.engineName();
    const chosen = Number(this.threads.value);
    return {
      engine,
      threads: chosen > 0 ? chosen : threadsHere(engine, this.here).auto,
      epochs: numberOf('epochs'),
      batchSize: numberOf('batchSize'),
      eta: numberOf('eta'),
      seed: numberOf('seed'),
    };
  }

  private engineName(): EngineName {
    const { value } = this.engine;
    return engineNames.find((name) => name === value) ?? engineNames[0];
  }

  private offerThreads(): void {
    if (this.here === undefined) return;
    const { most, auto } = threadsHere(this.engineName(), this.here);
    const { value } = this.threads;
    const counts = Array.from({ length: most }, (_, i) => new Option(`${i + 1}`, `${i + 1}`));
    this.threads.replaceChildren(new Option(`auto (${auto})`, ''), ...counts);
    this.threads.value = Number(value) <= most ? value : '';
  }
}

/** @throws Refusal naming the field and what it takes. */
function numberOf(id: string): number {
  const input = find(id, HTMLInputElement);
  if (input.validity.valid && input.value !== '') return input.valueAsNumber;
  const { min, max, step } = input;
  const kind = step === 'any' ? 'a number' : 'a whole number';
  const range = max === '' ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new Refusal(`${input.labels?.[0].textContent.trim() ?? id} must be ${kind} ${range}.`);
}
