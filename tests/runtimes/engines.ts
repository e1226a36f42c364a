/** The browsers of this machine. What is missing is skipped, by name. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Engine {
  /** The program, or undefined where it is not there. */
  readonly program: string | undefined;
  /** For the name of the tests: what a skipped one needs. */
  readonly title: string;
}

export const chromium: Engine = {
  program: findProgram('CHROMIUM', [
    'chromium',
    'chromium-browser',
    'google-chrome-stable',
    'google-chrome',
    'chrome',
  ]),
  title: 'Chromium (skipped where it is not there: apt-get install chromium, or CHROMIUM=program)',
};

export const firefox: Engine = {
  program: findProgram('FIREFOX', ['firefox-esr', 'firefox']),
  title: 'Firefox (skipped where it is not there: apt-get install firefox-esr, or FIREFOX=program)',
};

/** @param variable of the environment that names the program; else the first of the names that stands on the PATH. */
function findProgram(variable: string, names: readonly string[]): string | undefined {
  const given = process.env[variable];
  if (given !== undefined && given !== '') return given;
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const places = names.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return places.find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
