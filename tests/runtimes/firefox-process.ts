/** Firefox without a driver: a headless process with a profile of its own, ended with all its children. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A slow machine starts a browser in a minute. */
export const patience = 240_000;

/** Nothing but the page: no welcome, no updates, no reports, no questions to the network. */
const preferences = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9/',
  'toolkit.telemetry.server': '',
  'toolkit.telemetry.unified': false,
};

/** Opens the address, does what is to be done meanwhile, and ends Firefox with all its processes. */
export async function withFirefox<T>(
  program: string,
  url: string,
  meanwhile: () => Promise<T>,
): Promise<T> {
  const profile = await mkdtemp(path.join(tmpdir(), 'surge-firefox-'));
  const lines = Object.entries(preferences).map(
    ([key, value]) => `user_pref(${JSON.stringify(key)}, ${JSON.stringify(value)});\n`,
  );
  await writeFile(path.join(profile, 'user.js'), lines.join(''));
  const child = spawn(program, ['--headless', '--no-remote', '--profile', profile, url], {
    detached: true, // a process group of its own, so that its children end with it
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.on('data', (text: Buffer) => said.push(text.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    void ended.then((code) => {
      reject(new Error(`Firefox ended by itself (${String(code)}); it said:\n${said.join('')}`));
    });
  });
  // Nobody hears of its end once the page has answered.
  failed.catch(() => undefined);
  try {
    return await Promise.race([meanwhile(), failed, tooLate(said)]);
  } finally {
    endGroup(child);
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function tooLate(said: readonly string[]): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => {
      reject(new Error(`no answer from Firefox; it said:\n${said.join('')}`));
    }, patience - 30_000).unref();
  });
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
