/**
 * The measurement of one network and method: all contenders live at once, each in its process, and take turns of a
 * few steps, so that a slow moment of the machine hits all of them.
 */
import { median } from '../lib/measure.mjs';
import { isQuiet, quietMoment, watch } from './quiet.mjs';
import { Trainer } from './trainer.mjs';

const turn = 5;
/** Where no turn waits for quiet, only their number makes all suffer alike. */
const busyTurn = 1;
/** A turn that others disturbed is repeated so often, after a wait for quiet of so many seconds at most. */
const repetitions = 4;
const patience = 20;
/** Milliseconds; a longer turn averages over what others do, and is not repeated. */
const longTurn = 30_000;
const profiledSteps = 4;

/**
 * Measures the contenders.
 *
 * @param say called with lines for the reader: what is missing, what is out
 * @param busy true: no turn waits for a quiet moment or is repeated, and turns are of one step
 * @returns one record a contender: its description with seconds, memory, profile; or with `missing`
 */
export async function measure(contenders, { profile, say, busy = false }) {
  const runs = [];
  for (const contender of contenders) {
    const trainer = await Trainer.start(contender.command);
    const run = { contender, trainer, seconds: [], disturbed: 0, busy };
    runs.push(run);
    judge(run, trainer.ready, say);
  }
  for (const run of runs) await request(run, { steps: run.contender.warmup }, say);
  const longest = Math.max(...contenders.map(({ steps }) => steps));
  const each = busy ? busyTurn : turn;
  for (let done = 0; done < longest; done += each) {
    for (const run of runs) {
      const steps = Math.min(each, run.contender.steps - done);
      if (steps <= 0) continue;
      await takeTurn(run, steps, say);
    }
    if (done === (busy ? 2 : 0)) await keepFastest(runs);
  }
  if (profile) {
    // Where a minute of TF.js goes is no question of ours.
    for (const run of runs.filter(({ contender: { steps, profiled = steps > 1 } }) => profiled))
      run.profile = (await quietly(run, { profile: profiledSteps }, say))?.answer;
  }
  await Promise.all(runs.map((run) => run.trainer.end()));
  return runs.map(record);
}

async function takeTurn(run, steps, say) {
  const { leadIn } = run.contender;
  const turnTaken = await quietly(run, { steps: steps + leadIn }, say);
  if (turnTaken === undefined) return;
  const { share, answer } = turnTaken;
  if (!isQuiet(share)) run.disturbed += steps;
  run.seconds.push(...answer.seconds.slice(leadIn));
  run.memory = { peakBytes: answer.peakBytes, heapBytes: answer.heapBytes };
}

/** An answer from a quiet moment, if there is one: the least disturbed of a few attempts counts. Undefined from one that is out. */
async function quietly(run, question, say) {
  let best;
  const attempts = run.busy ? 1 : repetitions;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (run.missing !== undefined || run.dropped !== undefined) return undefined;
    if (!run.busy) await quietMoment(patience);
    const begin = performance.now();
    const others = watch();
    const answer = await request(run, question, say);
    if (answer === undefined) return undefined;
    const share = others(answer.processorSeconds);
    if (best === undefined || share < best.share) best = { share, answer };
    if (isQuiet(share) || performance.now() - begin > longTurn) break;
  }
  return best;
}

/** The answer, or undefined from a contender that is out. */
async function request(run, question, say) {
  if (run.missing !== undefined || run.dropped !== undefined) return undefined;
  const answer = await run.trainer.ask(question);
  return judge(run, answer, say) ? answer : undefined;
}

/** false, and said once, if the process says that it cannot. */
function judge(run, answer, say) {
  if (answer.event !== 'unavailable') return true;
  run.missing = reason(run.contender, answer.why);
  say(`${run.contender.label} is left out: ${run.missing}`);
  return false;
}

function reason({ engine }, why) {
  const absent = engine.startsWith('native') && /does not exist|not built|cannot find/i.test(why);
  return absent ? 'the native engine is not built: npm run build:native' : why;
}

/** Of the spellings and memory formats of one family, the fastest goes on after the first round. */
async function keepFastest(runs) {
  const present = runs.filter((run) => run.missing === undefined);
  for (const family of new Set(present.map((run) => run.contender.family))) {
    const [best, ...others] = present
      .filter((run) => run.contender.family === family)
      .sort((a, b) => Math.min(...a.seconds) - Math.min(...b.seconds));
    for (const run of others) {
      run.dropped = best.contender.label;
      await run.trainer.end();
    }
  }
}

function record({ contender, trainer, seconds, memory, disturbed, profile, missing, dropped }) {
  const { network, method, engine, family, spelling, format, label, threads, batch } = contender;
  const description = { network, method, engine, family, spelling, format, label, threads, batch };
  if (missing !== undefined) return { ...description, missing };
  return {
    ...description,
    median: median(seconds),
    min: Math.min(...seconds),
    max: Math.max(...seconds),
    seconds,
    disturbed,
    ...memory,
    ...(trainer.build && { build: trainer.build }),
    ...(dropped !== undefined && { slowerThan: dropped }),
    ...(trainer.ready.engine?.isa && { isa: trainer.ready.engine.isa }),
    ...(trainer.ready.start && { start: trainer.ready.start }),
    ...(trainer.ready.parameters && { parameters: trainer.ready.parameters }),
    ...(profile && { profile: profileOf(profile) }),
  };
}

function profileOf({ milliseconds, kernels, parts = [] }) {
  return { milliseconds, kernels, parts };
}
