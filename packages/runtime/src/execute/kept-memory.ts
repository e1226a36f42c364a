/** Kernels whose memory is taken once and used again by the program after: a detector's or a text model's body has a program for each size of its inputs. */
import type { KernelSet, Machine } from '../program/kernel-set.js';

export class KeptMemory {
  private machine: Machine | undefined;

  constructor(private readonly kernels: KernelSet) {}

  /** To be used by one program at a time: starting the next ends the one before. Memory grows where it is too small. */
  get kernelSet(): KernelSet {
    const { name, bitBlocks, floatLanes, threads } = this.kernels;
    return { name, bitBlocks, floatLanes, threads, start: (bytes) => this.start(bytes) };
  }

  /** What is taken now. */
  get bytes(): number {
    return this.machine?.buffer.byteLength ?? 0;
  }

  close(): void {
    this.machine?.close?.();
    this.machine = undefined;
  }

  private start(bytes: number): Machine {
    const { machine } = this;
    if (machine !== undefined && machine.buffer.byteLength >= bytes) {
      new Uint8Array(machine.buffer).fill(0);
      return withoutClose(machine);
    }
    this.close();
    this.machine = this.kernels.start(bytes);
    return withoutClose(this.machine);
  }
}

function withoutClose(machine: Machine): Machine {
  return {
    buffer: machine.buffer,
    run: (program, from, to) => {
      machine.run(program, from, to);
    },
  };
}
