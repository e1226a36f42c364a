/**
 * The demo's folder. New results grow in `in-progress/` and replace the old ones in the end, so that a
 * demo that is stopped leaves the previous report as it was.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';

export const reportName = 'report.html';
const draft = 'in-progress';

export class DemoFolder {
  private readonly names: readonly string[];

  /** @param runs names of the run folders. */
  constructor(
    readonly place: string,
    runs: readonly string[],
  ) {
    this.names = [...runs, reportName];
  }

  /** Where the new results go for now. */
  get draft(): string {
    return path.join(this.place, draft);
  }

  /** Is there an earlier demo whose results this one will replace? */
  get hasReport(): boolean {
    return existsSync(path.join(this.place, reportName));
  }

  /**
   * An empty draft; what an interrupted demo left in it goes.
   *
   * @throws InputError when the folder holds something that is not the demo's.
   */
  async prepare(): Promise<void> {
    const present = existsSync(this.place) ? await readdir(this.place) : [];
    const foreign = present.find((name) => !this.names.includes(name) && name !== draft);
    if (foreign !== undefined) {
      throw new InputError(
        `${this.place} holds "${foreign}", which is not the demo's; give another folder with --out`,
      );
    }
    await rm(this.draft, { recursive: true, force: true });
    await mkdir(this.draft, { recursive: true });
  }

  /** The draft becomes the demo's result. */
  async publish(): Promise<void> {
    for (const name of this.names) {
      const goal = path.join(this.place, name);
      await rm(goal, { recursive: true, force: true });
      await rename(path.join(this.draft, name), goal);
    }
    await rm(this.draft, { recursive: true });
  }
}
