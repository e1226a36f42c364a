/**
 * The answering half of a contender's process whose "step" is a sample of many calls: the lines of ../train/trainer.mjs. What a sample is, is the caller's.
 */
import { createInterface } from 'node:readline';

const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);

/** How long something takes. */
export async function milliseconds(work) {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/**
 * Serves until nobody asks any more, and ends the process.
 *
 * @param open gives {start, sample, profile}: what the 'ready' line tells, a function whose seconds are those of a sample, and where there
 * is one a function of a number of samples that gives a profile
 */
export async function serveSamples(open) {
  try {
    const { start, sample, profile } = await open();
    say({ event: 'ready', start });
    for await (const line of createInterface({ input: process.stdin })) {
      const request = JSON.parse(line);
      if (request.profile === undefined) {
        say(await timed(() => times(sample, request.steps)));
      } else {
        say(await timed(() => profile(request.profile)));
      }
    }
  } catch (error) {
    // A defect keeps its stack, for the parent to show the last line of and for whoever runs the child by hand.
    console.error(error.stack);
    say({ event: 'unavailable', why: error.message });
  }
  process.exit(0);
}

async function times(sample, steps) {
  const seconds = [];
  for (let i = 0; i < steps; i++) seconds.push(await sample());
  return { event: 'times', seconds, peakBytes: 1024 * process.resourceUsage().maxRSS };
}

/** An answer with the processor's seconds that it took. */
async function timed(work) {
  const before = process.cpuUsage();
  const answer = await work();
  const { user, system } = process.cpuUsage(before);
  return { ...answer, processorSeconds: (user + system) / 1e6 };
}
