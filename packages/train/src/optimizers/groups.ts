/**
 * Parameter groups: which optimizer, which learning-rate factor and which clip range a parameter gets; and
 * the slots of all parameters, which a checkpoint takes and gives back.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../parameters.js';
import type { Optimizer, OptimizerState } from './optimizer.js';

export interface ParameterGroup {
  readonly name: string;
  /** The first group that matches a parameter has it. */
  matches(parameter: Parameter): boolean;
  readonly optimizer: Optimizer;
  /** Multiplies the schedule's factor. Default 1. */
  readonly learningRateFactor?: number;
  /** Multiplies it once more, parameter by parameter: layer-wise learning rates. */
  factorOf?(parameter: Parameter): number;
  /** Range after each step; 'binarizer' (default): each parameter's own latent range, if it has one. */
  readonly clip?: 'binarizer' | 'none' | readonly [number, number];
}

interface Member {
  readonly parameter: Parameter;
  readonly group: ParameterGroup;
  state: OptimizerState;
}

/** The optimizers of all groups over the parameters of one model. */
export class GroupedOptimizer {
  private readonly members: Member[];

  /** Makes the slots, and turns parameters into what their optimizer works on (Bop: signs). */
  constructor(parameters: readonly Parameter[], groups: readonly ParameterGroup[]) {
    this.members = parameters
      .filter((parameter) => parameter.trainable)
      .map((parameter) => {
        const group = groups.find((candidate) => candidate.matches(parameter));
        if (group === undefined) throw new Error(`no parameter group takes "${parameter.key}"`);
        const { optimizer } = group;
        if (optimizer.prepare !== undefined) {
          const prepared = optimizer.prepare(parameter.variable);
          parameter.variable.assign(prepared);
          prepared.dispose();
        }
        return { parameter, group, state: optimizer.init(parameter.variable) };
      });
  }

  /** The parameters that get gradients. */
  get parameters(): Parameter[] {
    return this.members.map(({ parameter }) => parameter);
  }

  /**
   * One step. A parameter without a gradient (an auxiliary while eta = 0) stays as it is, decay included.
   *
   * @param gradients by parameter key.
   * @param step counted from 1.
   * @param factor the schedule's value.
   */
  step(gradients: ReadonlyMap<string, tf.Tensor>, step: number, factor: number): void {
    for (const member of this.members) {
      const { parameter, group } = member;
      const gradient = gradients.get(parameter.key);
      if (gradient === undefined) continue;
      const before = member.state;
      const next = group.optimizer.update({
        parameter: parameter.variable,
        gradient,
        state: before,
        step,
        factor: factor * (group.learningRateFactor ?? 1) * (group.factorOf?.(parameter) ?? 1),
        clip: clipOf(group, parameter),
      });
      assign(parameter.variable, next.parameter);
      member.state = next.state;
      for (const slot of Object.values(before)) slot.dispose();
    }
  }

  /** The slots by "parameter key/slot". They stay the optimizer's own: do not dispose them. */
  slots(): Map<string, tf.Tensor> {
    return new Map(
      this.members.flatMap(({ parameter, state }) =>
        Object.entries(state).map(([slot, value]) => [`${parameter.key}/${slot}`, value] as const),
      ),
    );
  }

  /** Replaces the slots. `read` returns a new tensor for each "parameter key/slot". */
  restore(read: (name: string, shape: readonly number[]) => tf.Tensor): void {
    for (const member of this.members) {
      const { key, variable } = member.parameter;
      const names = member.group.optimizer.slots;
      const state = names.map((slot) => [slot, read(`${key}/${slot}`, variable.shape)] as const);
      tf.dispose(Object.values(member.state));
      member.state = Object.fromEntries(state);
    }
  }

  dispose(): void {
    for (const { state } of this.members) tf.dispose(Object.values(state));
  }
}

function clipOf(group: ParameterGroup, parameter: Parameter) {
  const clip = group.clip ?? 'binarizer';
  if (clip === 'none') return undefined;
  return clip === 'binarizer' ? parameter.latentRange : clip;
}

/** Variable.assign takes over the tensor's data but not its handle. */
function assign(variable: tf.Variable, value: tf.Tensor): void {
  variable.assign(value);
  value.dispose();
}
