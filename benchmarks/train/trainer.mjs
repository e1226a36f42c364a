/**
 * A contender's process as an object. Both sides speak lines of JSON: the process says {event: 'ready'} once its
 * network stands (or 'unavailable' and why), then answers each request in turn.
 *
 *   {"steps": 2}     {"event": "times", "seconds": [..], "processorSeconds": .., "peakBytes": .., "heapBytes": ..}
 *   {"profile": 2}   {"event": "profile", "kernels": [{"kernel", "count", "milliseconds"}], "milliseconds": .., "processorSeconds": ..}
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Trainer {
  /** Starts the process; `ready` is its first answer. It never rejects: what went wrong is an answer, too. */
  static async start([file, args]) {
    const trainer = new Trainer(file, args);
    trainer.ready = await trainer.next();
    return trainer;
  }

  constructor(file, args) {
    this.answers = [];
    this.waiting = undefined;
    this.complaints = '';
    this.child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr.on('data', (text) => {
      this.complaints = (this.complaints + text).slice(-4000);
    });
    // Writing to a process that has died: its end is told by 'close'.
    this.child.stdin.on('error', () => {});
    this.child.on('error', (error) => this.take({ event: 'unavailable', why: error.message }));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line);
      if (answer.event === 'build') this.build = answer;
      else this.take(answer);
    });
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        const last = this.complaints.trim().split('\n').at(-1);
        this.take({
          event: 'unavailable',
          why: `its process ended (${signal ?? `exit code ${code}`}): ${last || 'no message'}`,
        });
        resolve();
      });
    });
  }

  /** One request and its answer. */
  ask(request) {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    return this.next();
  }

  async end() {
    this.child.stdin.end();
    await this.ended;
  }

  next() {
    const answer = this.answers.shift();
    if (answer !== undefined) return answer;
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  take(answer) {
    const waiting = this.waiting;
    this.waiting = undefined;
    if (waiting === undefined) this.answers.push(answer);
    else waiting(answer);
  }
}
