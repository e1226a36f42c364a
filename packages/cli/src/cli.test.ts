import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nativeReport } from '@surge-bnn/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, start, tinyRecipe } from './cli.fixture.js';

const { built, runnable } = await nativeReport();

let folder: string;
let tiny: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'surge-cli-'));
  tiny = path.join(folder, 'tiny.json');
  await writeFile(tiny, JSON.stringify(tinyRecipe));
  await writeFile(path.join(folder, 'broken.json'), '{ "epochs": 3,');
  await writeFile(path.join(folder, 'unknown.json'), JSON.stringify({ ...tinyRecipe, epoch: 3 }));
  const plan = { name: 'p', recipe: tinyRecipe, seeds: [1], arms: { a: 'none' } };
  await writeFile(path.join(folder, 'good-plan.json'), JSON.stringify(plan));
  const broken = { ...plan, arms: { a: 'none', b: 3 } };
  await writeFile(path.join(folder, 'plan.json'), JSON.stringify(broken));
  await mkdir(path.join(folder, 'taken'));
  await writeFile(path.join(folder, 'taken/config.json'), JSON.stringify(tinyRecipe));
  await writeFile(path.join(folder, 'taken/summary.json'), '{}');
  await mkdir(path.join(folder, 'foreign'));
  await writeFile(path.join(folder, 'foreign/thesis.tex'), '');
});
afterAll(() => rm(folder, { recursive: true }));

/** "{}" in an argument stands for the test's folder. */
const inFolder = (args: string): string[] => args.split(' ').map((a) => a.replace('{}', folder));

describe('a mistake of the user is one clear sentence and exit code 2', () => {
  it.concurrent.each([
    ['trian x', ["unknown command 'trian'", 'Did you mean train?']],
    ['train', ["missing required argument 'recipe'"]],
    ['train digits-small --binariser ste', ["'--binariser'", 'Did you mean --binarizer?']],
    ['train digits-smal', ['no recipe "digits-smal"', 'did you mean "digits-small"', 'mnist']],
    ['train {}/broken.json', ['broken.json is not valid JSON']],
    ['train {}/unknown.json', ['unknown key "epoch"', 'did you mean "epochs"', 'allowed: ']],
    ['train {}/tiny.json --epochs many', ['--epochs must be a whole number >= 1, got "many"']],
    ['train {}/tiny.json --epochs 0', ['--epochs must be a whole number >= 1, got "0"']],
    ['train {}/tiny.json --eta -1', ['--eta must be a number >= 0, got "-1"']],
    ['train {}/tiny.json --compensator sruge', ['did you mean "surge"', 'none']],
    ['train {}/tiny.json --compensator none --eta 1', ['compensator.eta', 'is "none"']],
    ['train {}/tiny.json --set epochz=1', ['unknown key "epochz"', 'did you mean "epochs"']],
    ['train {}/tiny.json --set epochs', ['--set needs key=value']],
    ['train {}/tiny.json --engine wsam', ['engine.backend', 'did you mean "wasm"']],
    ['train {}/tiny.json --out {}/a --binarizer stee', ['"stee"', 'did you mean "ste"']],
    [
      'train {}/tiny.json --out {}/b1 --engine wasm --threads 65',
      ['threads: 65', 'allowed: 1 to 64'],
    ],
    ['train {}/tiny.json --out {}/b2 --threads 300', ['engine threads: 300 is not possible on']],
    ['train {}/tiny.json --threads 0', ['--threads must be a whole number >= 1, got "0"']],
    ['train {}/tiny.json --threads -1', ['--threads must be a whole number >= 1, got "-1"']],
    ['train {}/tiny.json --threads 1.5', ['--threads must be a whole number >= 1, got "1.5"']],
    [
      'train {}/tiny.json --engine wasm --set engine.binaryGradients=bfloat16 --out {}/b3',
      ['binaryGradients: "bfloat16" is not possible on surge-wasm; allowed: float32'],
    ],
    ['train {}/tiny.json --out {}/taken', ['taken already holds a run', '--resume', '--force']],
    ['train {}/tiny.json --binarizer ir-net --set binarizer.strat=1', ['"strat"', '"start"']],
    ['train {}/tiny.json --binarizer recu --set binarizer=ste', ['--binarizer and --set']],
    ['compare {}/tiny.json --binarizers ste --set binarizer.x=1', ['--set binarizer has no place']],
    ['train {}/tiny.json --out {}/c --resume', ['no run to resume']],
    ['train {}/tiny.json --set initialFrom={}/x --out {}/f1', ['initialFrom: there is no run in']],
    [
      'train {}/tiny.json --set distillation={"teacher":"nowhere"} --out {}/f2',
      ['distillation.teacher: there is no run in nowhere', 'finished run'],
    ],
    ['train {}/tiny.json --set stages=[{"name":"a"}]', ['stages.0.epochs is missing']],
    [
      'train {}/tiny.json --set stages=[{"epochs":1}] --epochs 2',
      ['epochs: 2 are not the 1 of the stages'],
    ],
    ['evaluate {}/taken --checkpoint averagd', ['did you mean "averaged"']],
    ['train {}/taken', ['is a folder', '--resume']],
    ['train mnist --out {}/d', ['surge-bnn data fetch mnist']],
    ['compare {}/tiny.json --binarizers ste,,x', ['--binarizers takes names separated by commas']],
    ['compare {}/tiny.json --seeds 3-1', ['--seeds', 'runs backwards']],
    ['compare {}/tiny.json --compensators none --eta 1', ['--eta has nothing to act on']],
    ['compare {}/tiny.json --compensators sruge --out {}/e', ['did you mean "surge"']],
    ['compare {}/tiny.json --compensators fixed=x', ['lam must be a number']],
    ['compare {}/tiny.json --arm short', ['--arm needs name:key=value', 'got "short"']],
    ['compare {}/tiny.json --arm a:epochz=3', ['arm "a"', 'did you mean "epochs"']],
    ['compare {}/good-plan.json --binarizers ste', ['--binarizers has no place', '"arms"']],
    ['compare {}/plan.json', ['plan.json: arms.b must be a string or an object, got 3']],
    ['evaluate {}/nowhere', ['there is no run folder']],
    ['evaluate {}', ['is no run folder']],
    ['evaluate {}/taken --checkpoint lst', ['checkpoint "lst"', 'did you mean "last"']],
    ['summary {}/foreign', ['is no run folder']],
    ['data fetch mnits', ['data set "mnits"', 'did you mean "mnist"']],
    ['data cifar01', ['data set "cifar01"', 'did you mean "cifar10"']],
    ['demo --recipe {}/tiny.json --out {}/foreign', ['"thesis.tex"', 'another folder']],
  ])('%s', async (args, parts) => {
    // No data set of this computer may answer for a missing one.
    const env = { SURGE_BNN_DATA: path.join(folder, 'no-data') };
    const { code, out, err } = await start(inFolder(args), env).done;
    for (const part of parts) expect(err).toContain(part);
    expect(err).toMatch(/^surge-bnn: [^\n]+\n$/);
    expect(err).not.toMatch(/\n {4}at |InputError|undefined/);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

describe.skipIf(!built)('the native engine (needs npm run build:native)', () => {
  it.each(['nonsense', runnable.includes('neon') ? 'avx2' : 'neon'])(
    'refuses SURGE_ISA=%s in one sentence with exit code 2, and doctor explains it',
    async (isa) => {
      const env = { SURGE_ISA: isa };
      const args = ['train', tiny, '--out', path.join(folder, 'isa')];
      const { code, out, err } = await start(args, env).done;
      expect(err).toMatch(/^surge-bnn: SURGE_ISA=[^\n]+; allowed here: [^\n]*portable\n$/);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      const doctor = await start(['doctor'], env).done;
      expect(doctor.code).toBe(1);
      expect(doctor.out).toContain(err.trim().replace('surge-bnn: ', ''));
      expect(doctor.out).toContain('unset SURGE_ISA');
    },
  );

  it('trains with more threads than cores, and says so', async () => {
    const out = path.join(folder, 'threads');
    const many = ['--engine', 'native', '--threads', '9', '--epochs', '1'];
    const { code, err } = await cli('train', tiny, '--out', out, ...many);
    expect(code).toBe(0);
    expect(err).toMatch(/on surge-native \(\w+\) with 9 threads\n9 threads share \d+ core/);
    const summary = await readFile(path.join(out, 'summary.json'), 'utf8');
    expect(JSON.parse(summary)).toMatchObject({
      engine: { backend: 'surge-native', threads: 9, isa: runnable[0] },
    });
  });

  it('is told by doctor as JSON', async () => {
    const { out } = await cli('doctor', '--json');
    expect(JSON.parse(out)).toMatchObject({
      engine: { backend: 'surge-native', isa: runnable[0] },
      native: { built: true, isa: runnable[0], runnable },
    });
  });
});

describe('help and information', () => {
  it.concurrent.each([
    ...['train', 'compare', 'evaluate', 'convert', 'predict', 'summary', 'methods', 'doctor'],
    'demo',
    'networks',
    'export',
  ])('%s --help teaches with an example or says what it ends with', async (verb) => {
    const { code, out, err } = await cli(verb, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/Examples?:\n {2}\$ surge-bnn|exit code/);
  });

  it('without a verb prints the help and asks for one by its exit code', async () => {
    const { code, err } = await cli();
    expect(code).toBe(2);
    expect(err).toContain('Start here:');
  });

  it('methods, data list, summary and doctor print JSON with --json, tables without', async () => {
    const verbs = [['methods'], ['data', 'list'], ['summary', tiny], ['doctor']];
    for (const verb of verbs) {
      const [plain, json] = await Promise.all([cli(...verb), cli(...verb, '--json')]);
      expect([plain.code, json.code, json.err]).toEqual([0, 0, '']);
      expect(plain.out.split('\n').length).toBeGreaterThan(3);
      expect(() => JSON.parse(json.out) as unknown).not.toThrow();
    }
  });

  it('does not mind a reader who leaves early', async () => {
    const run = start(['doctor']);
    run.process.stdout?.destroy();
    const { code, err } = await run.done;
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});

describe('a run', () => {
  it('trains, is evaluated to the accuracy of its log, and is not overwritten', async () => {
    const out = path.join(folder, 'run');
    const trained = await cli('train', tiny, '--out', out, '--json');
    expect(trained).toMatchObject({ code: 0, err: '' });
    const summary = JSON.parse(trained.out) as { status: string; last: { accuracy: number } };
    expect(summary.status).toBe('finished');
    const evaluated = await cli('evaluate', out, '--json');
    expect(JSON.parse(evaluated.out)).toMatchObject({ accuracy: summary.last.accuracy });
    const report = await readFile(path.join(out, 'report.html'), 'utf8');
    expect(report).toContain('binary2');
    const again = await cli('train', tiny, '--out', out);
    expect(again.code).toBe(2);
    expect((await cli('train', tiny, '--out', out, '--force', '--quiet')).code).toBe(0);
  });

  it('says what it needs of the memory, and leaves nothing where 32-bit addresses cannot hold that', async () => {
    const out = path.join(folder, 'memory');
    const wasm = ['--engine', 'wasm', '--epochs', '1'];
    const { code, err } = await cli('train', tiny, '--out', out, ...wasm);
    expect(code).toBe(0);
    expect(err).toMatch(/^needs [\d.]+ MB of memory; [\d.]+ GB are there$/m);
    const { memory } = JSON.parse(await readFile(path.join(out, 'summary.json'), 'utf8')) as {
      memory: { bytes: number; limit: number };
    };
    expect(memory).toMatchObject({ limit: 2 ** 32, images: 32 });
    expect(memory.bytes).toBeLessThan(1e8);

    const absurd = ['--set', 'batchSize=2000000', '--set', 'network.options.width=64'];
    const where = path.join(folder, 'absurd');
    const refused = await cli('train', 'digits-small', '--out', where, ...wasm, ...absurd);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(
      /^surge-bnn: the run needs [\d.]+ GB of memory and surge-wasm.* has 4\.29 GB: each of 8,000 images .*--set batchSize=\d+\)[^\n]*\n$/,
    );
    await expect(readFile(path.join(where, 'config.json'))).rejects.toThrow('ENOENT');
  });

  it('takes a method by its name and its settings beside it', async () => {
    const out = path.join(folder, 'settings');
    const method = ['--binarizer', 'ir-net', '--set', 'binarizer.start=-1', '--stop-after', '1'];
    expect(await cli('train', tiny, '--out', out, '--quiet', ...method)).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(path.join(out, 'config.json'), 'utf8'))).toMatchObject({
      binarizer: { name: 'ir-net', start: -1 },
    });
  });

  it('stops at Ctrl-C with a checkpoint, exit code 130, and the way to go on', async () => {
    const out = path.join(folder, 'stopped');
    const run = start(['train', tiny, '--out', out, '--epochs', '200']);
    await run.said('epoch   1/200');
    run.process.kill('SIGINT');
    const { code, out: text, err } = await run.done;
    expect(code).toBe(130);
    expect(err).toContain('checkpoint is being written');
    expect(text).toContain(`surge-bnn train ${out} --resume`);
    const resumed = await cli('train', out, '--resume', '--stop-after', '199');
    // However far it came: it goes on, or has nothing left to do before epoch 199.
    expect(resumed.code).toBe(0);
    expect(resumed.err).toContain('going on at step');
    const wrong = await cli('train', tiny, '--out', out, '--resume', '--epochs', '3');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('epochs is 3, the run has 200');
  });
});

describe('the demo', () => {
  it('writes a report, keeps it when stopped, and replaces it when run again', async () => {
    const out = path.join(folder, 'demo');
    const report = path.join(out, 'report.html');
    const args = ['demo', '--recipe', tiny, '--out', out];
    const first = await cli(...args);
    expect(first).toMatchObject({ code: 0 });
    const engine = built ? 'surge-native \\(\\w+\\)' : 'surge-wasm';
    for (const label of ['STE  ', 'SURGE']) {
      expect(first.err).toMatch(new RegExp(`^${label}  .* steps on ${engine} with 1 thread$`, 'm'));
    }
    expect(first.out).toMatch(/SURGE +binary2 +[\d.e-]+ +-?[\d.]+ +[\d.]+ % +[\d.]+ %/);
    expect(first.out).toContain('of the multiply-adds take one-bit operands');
    expect(first.out).toContain('80 of 80 predictions equal, the outputs of 80 bit for bit');
    const shipped = await cli('evaluate', path.join(out, 'surge/model.bnn'));
    expect(shipped).toMatchObject({ code: 0 });
    const before = await readFile(report, 'utf8');

    const stopped = start([...args, '--epochs', '100']);
    await stopped.said('epoch   1/100');
    stopped.process.kill('SIGINT');
    expect((await stopped.done).code).toBe(130);
    expect(await readFile(report, 'utf8')).toBe(before);

    const again = await cli(...args, '--json', '--epochs', '1');
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(again.out)).toMatchObject({
      runs: [{ label: 'STE' }, { label: 'SURGE' }],
      shipped: { file: 'surge/model.bnn', fresh: { images: 80, equalOutputs: 80 } },
    });
    expect(await readFile(report, 'utf8')).not.toBe(before);
  });
});
