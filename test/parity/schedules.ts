import { Parameter } from '../../engine/nn/index.js';
import { Adam, AdamW, learningRate, type Optimiser, RMSprop, type Schedule, SGD } from '../../engine/optim/index.js';
import { scope } from '../../engine/scope.js';
import { tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import type { Difference } from './compare.js';
import type { CaseResult } from './ops.js';

/** A course of the learning rate, in the words of the system that it is from. */
export interface GoldenSchedule {
  readonly id: string;
  readonly base_lr: number;
  readonly lr_per_epoch: readonly number[];
  readonly step?: readonly number[];
  readonly factor?: number;
  readonly milestones?: readonly number[];
  readonly step_size?: number;
  readonly gamma?: number;
  readonly warmup_epoch?: number;
  readonly warmup_begin_lr?: number;
  readonly warmup_mode?: 'constant';
  readonly warmup_iters?: number;
  readonly warmup_factor?: number;
  readonly warmup_method?: 'constant' | 'linear';
}

/** An optimiser alone: a parameter after each of five steps on fixed gradients. */
export interface GoldenOptimiser {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly after_each_step: readonly (readonly number[])[];
}

/** The engine's words for it. */
export function scheduleOf(golden: GoldenSchedule): Schedule {
  const milestones = golden.milestones ?? golden.step;
  const gamma = golden.gamma ?? golden.factor!;
  const decay: Schedule = milestones
    ? { kind: 'multiStep', milestones, gamma }
    : { kind: 'step', every: golden.step_size!, gamma };
  if (golden.warmup_epoch) {
    const from = golden.warmup_begin_lr! / golden.base_lr;
    return { ...decay, warmup: { epochs: golden.warmup_epoch, from, mode: golden.warmup_mode, decay: 'instead' } };
  }
  if (golden.warmup_iters) {
    const warmup = { epochs: golden.warmup_iters, from: golden.warmup_factor!, mode: golden.warmup_method };
    return { ...decay, warmup };
  }
  return decay;
}

/** The largest difference of numbers from `relative · |want| + absolute`. */
function within(
  got: ArrayLike<number>,
  want: readonly number[],
  tolerance: { relative: number; absolute: number },
): Difference {
  let absolute = 0;
  let relative = 0;
  let reason: string | undefined = got.length === want.length ? undefined : `${got.length} numbers, not ${want.length}`;
  want.forEach((value, i) => {
    const off = Math.abs(got[i]! - value);
    absolute = Math.max(absolute, off);
    if (value !== 0) relative = Math.max(relative, off / Math.abs(value));
    if (!(off <= tolerance.relative * Math.abs(value) + tolerance.absolute))
      reason ??= `number ${i} is ${got[i]}, not ${value}`;
  });
  return { absolute, relative, l2: relative, reason };
}

const resultOf = (id: string, forward: Readonly<Record<string, Difference>>): CaseResult => {
  const wrong = Object.entries(forward).find(([, { reason }]) => reason);
  return {
    id,
    status: wrong ? 'fail' : 'pass',
    forward,
    gradients: {},
    reason: wrong && `${wrong[0]}: ${wrong[1].reason}`,
  };
};

/** The rates of every epoch; the file has nine digits. */
export function runSchedule(id: string, golden: GoldenSchedule): CaseResult {
  const lr = learningRate(golden.base_lr, scheduleOf(golden));
  const rates = golden.lr_per_epoch.map((_, epoch) => lr(epoch));
  return resultOf(id, { lr: within(rates, golden.lr_per_epoch, { relative: 1e-8, absolute: 0 }) });
}

const KINDS: Readonly<Record<string, new (parameters: readonly Parameter[], options: object) => unknown>> = {
  adam: Adam,
  adamw: AdamW,
  sgd: SGD,
  rmsprop: RMSprop,
};

/** The parameter after every step, to the last digits of float32. */
export function runOptimiser(id: string, { id: name, config, after_each_step }: GoldenOptimiser): Promise<CaseResult> {
  return scope(async () => {
    const { weight_decay, ...rest } = config;
    const options = weight_decay === undefined ? rest : { ...rest, weightDecay: weight_decay };
    const signed = (key: string, scale: number) => fill(`7/optim/${key}`, [24], { kind: 'signed', scale });
    const parameter = new Parameter(tensor(signed('p', 1.5)));
    const optimiser = new KINDS[name.split('-')[0]!]!([parameter], options) as Optimiser<never>;
    const forward: Record<string, Difference> = {};
    for (const [step, want] of after_each_step.entries()) {
      parameter.grad = tensor(signed(`g${step}`, step === 2 ? 1e-4 : 0.5), [24]).keep();
      optimiser.step();
      optimiser.zeroGrad();
      forward[`step ${step}`] = within(await parameter.read(), want, { relative: 1e-6, absolute: 2e-7 });
    }
    return resultOf(id, forward);
  });
}
