import { backward } from '../../engine/autograd.js';
import { Counter, type Module, type Parameter } from '../../engine/nn/index.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, type TensorData, tensor, write } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import type { GoldenValue } from './case.js';
import { compare, type Difference, TINY, type Tolerance } from './compare.js';
import { type GoldenModel, ruleOf } from './model-golden.js';
import type { CaseResult } from './ops.js';
import { nudged, resultOf, settle } from './settle.js';

/** What training gives: outputs by the file's names, and losses of which `total` is differentiated. */
export interface TrainStep {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly losses: Readonly<Record<string, Tensor>>;
}

export type Inputs = Readonly<Record<string, Tensor>>;

/** A model of a golden file, built by its system. */
export interface SystemModel {
  readonly model: Module;
  /** Names, shapes and types of the original's state dict, in its order. */
  names(): [string, readonly number[], string][];
  /** Outputs in evaluation. `inputs` has all inputs of the file by their names, `input` is the first. */
  evaluate(input: Tensor, inputs: Inputs): Readonly<Record<string, Tensor>>;
  train(input: Tensor, labels: readonly number[] | null, inputs: Inputs): TrainStep;
  /** The system's optimiser, where the file makes steps. */
  optimiser?(): Stepper;
  /** What is trained beside the model, by the file's names. */
  readonly others?: Readonly<Record<string, Tensor>>;
}

/** An optimiser, or several that step together: the model's is the first. */
export interface Stepper {
  readonly groups: readonly { readonly lr: number }[];
  step(): void;
}

/** Builds the model of a file. */
export type SystemBuilder = (golden: GoldenModel) => SystemModel;

type Differences = Record<string, Difference>;

/** Of a whole gradient's length: what float32 leaves of terms that cancel. */
const ROUNDING = 1e-6;

const noiseOf = (golden: GoldenValue): number => golden.noise ?? 0;

/** What is compared in a case, under names that say where: `eval feat`, `grad conv1.weight`. */
class Findings {
  readonly differences: Differences = {};

  add(what: string, difference: Difference): void {
    this.differences[what] = difference;
  }

  async tensor(what: string, t: Tensor | undefined, golden: GoldenValue, tolerance: Tolerance): Promise<void> {
    if (t) this.data(what, await t.read(), t.shape, golden, tolerance);
    else this.fail(what, 'it is not there');
  }

  data(what: string, data: TensorData, shape: readonly number[], golden: GoldenValue, tolerance: Tolerance): void {
    this.add(what, { ...compare(data, shape, golden, tolerance), allowed: tolerance.l2 });
  }

  /** A number of which only the relative size is known to be right. */
  number(what: string, got: number, want: number, relative: number, absolute = 0): void {
    const off = Math.abs(got - want);
    const size = Math.abs(want) || 1;
    const l2 = off / size;
    const allowed = relative + absolute / size;
    const reason = l2 <= allowed ? undefined : `${got} instead of ${want}, which is above ${relative}`;
    this.add(what, { absolute: off, relative: l2, l2, allowed, reason });
  }

  /** A number that is zero in exact arithmetic. */
  small(what: string, got: number, most = TINY): void {
    const reason = Math.abs(got) <= most ? undefined : `${got} instead of 0`;
    this.add(what, { absolute: Math.abs(got), relative: 0, l2: 0, reason });
  }

  fail(what: string, reason: string): void {
    this.add(what, { absolute: Infinity, relative: Infinity, l2: Infinity, reason });
  }
}

const l2Of = (data: ArrayLike<number>): number => {
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += data[i]! * data[i]!;
  return Math.sqrt(squares);
};

/** The model with the file's values in all parameters and buffers. */
function filled(golden: GoldenModel, build: SystemBuilder): SystemModel {
  const system = build(golden);
  for (const [name, entry] of system.model.entries()) {
    if (entry instanceof Counter) entry.value = 0;
    else write(entry, fill(`${golden.seed}/${name}`, entry.shape, ruleOf(golden, name, entry.shape)));
  }
  return system;
}

/** Gives the memory of a model that was looked at back to the pool: the next one is as large. */
function release({ model }: SystemModel): void {
  for (const [, entry] of model.entries()) if (!(entry instanceof Counter)) entry.storage.release();
}

function inputsOf({ inputs }: GoldenModel, nudge: number): Inputs {
  return Object.fromEntries(
    inputs.map(({ name, shape, fill: key, rule }) => [
      name,
      tensor(nudged(fill(key, shape, rule), nudge), shape, { requiresGrad: true }),
    ]),
  );
}

/** Names, shapes and types, how many parameters, and which are frozen. */
function runNames(id: string, golden: GoldenModel, build: SystemBuilder): CaseResult {
  const findings = new Findings();
  const system = build(golden);
  const { model } = system;
  const own = system.names();
  findings.number('entries', own.length, golden.state_dict.length, 0);
  const wrong = golden.state_dict.findIndex((want, i) => JSON.stringify(own[i]) !== JSON.stringify(want));
  if (wrong >= 0) {
    const [got, want] = [own[wrong], golden.state_dict[wrong]].map((entry) => JSON.stringify(entry));
    findings.fail(`entry ${wrong}`, `${got} instead of ${want}`);
  }
  if (!golden.cannot_run) {
    const count = (all: readonly Parameter[]) => all.reduce((sum, { size }) => sum + size, 0);
    const parameters = [...model.namedParameters()];
    const trained = parameters.filter(([, { requiresGrad }]) => requiresGrad);
    findings.number('parameters', count(parameters.map(([, p]) => p)), golden.param_count, 0);
    findings.number('trained parameters', count(trained.map(([, p]) => p)), golden.trainable_count, 0);
    const frozen = parameters.flatMap(([name, p]) => (p.requiresGrad ? [] : [name]));
    if (frozen.sort().join() !== [...golden.frozen_params].sort().join()) findings.fail('frozen', frozen.join());
  }
  release(system);
  return resultOf(id, findings.differences);
}

interface GradientRecords {
  readonly grads: GoldenModel['grads'];
  readonly lengths: GoldenModel['grad_l2'];
  readonly median: number;
  /** Parameters whose gradient is zero in exact arithmetic. */
  readonly zero?: readonly string[];
  /** How far PyTorch's own float32 was from float64, where it was farthest. */
  readonly worst?: readonly (readonly [string, number])[];
}

/** The gradients of a backward pass against the file's: those that it has whole, and the lengths of all. */
async function compareGradients(
  findings: Findings,
  { model }: SystemModel,
  inputs: Inputs,
  { grads, lengths, median, zero = [], worst = [] }: GradientRecords,
): Promise<void> {
  const parameters = new Map<string, Tensor>(model.namedParameters());
  const noises = new Map(worst);
  for (const [name, input] of Object.entries(inputs)) parameters.set(name, input);
  for (const [name, want] of Object.entries(grads)) {
    const got = parameters.get(name)?.grad;
    if (want) await findings.tensor(`grad ${name}`, got, want, { l2: Math.max(1e-3, 10 * noiseOf(want)) });
    else if (got && l2Of(await got.read()) > 0) findings.fail(`grad ${name}`, 'there should be none');
  }
  const whole = Math.sqrt(Object.values(lengths).reduce<number>((sum, length) => sum + (length ?? 0) ** 2, 0));
  for (const [name, want] of Object.entries(lengths)) {
    const got = parameters.get(name)?.grad;
    const length = got ? l2Of(await got.read()) : 0;
    // What is smaller than the rounding of the whole gradient is zero in exact arithmetic: the file lists examples only.
    const rounding = want !== null && want <= ROUNDING * whole;
    if (want === null || rounding || zero.includes(name) || grads[name]?.zero) {
      findings.small(`grad l2 ${name}`, length, Math.max(TINY, TINY * whole));
    }
    // A gradient that PyTorch itself does not know to 10 median noises is known to 10 of its own.
    else findings.number(`grad l2 ${name}`, length, want, Math.max(1e-2, 10 * median, 10 * (noises.get(name) ?? 0)));
  }
}

/** Outputs and gradients with running statistics. */
async function runEvaluation(golden: GoldenModel, build: SystemBuilder, nudge: number): Promise<Findings> {
  const findings = new Findings();
  const system = filled(golden, build);
  const { model } = system;
  model.eval();
  await scope(async () => {
    const inputs = inputsOf(golden, nudge);
    const outputs = system.evaluate(Object.values(inputs)[0]!, inputs);
    for (const [name, want] of Object.entries(golden.eval_outputs)) {
      await findings.tensor(`eval ${name}`, outputs[name], want, { l2: 1e-4 });
    }
    if (!golden.eval_mode_gradients) return;
    const { what, grads, grad_l2: lengths, noise_median: median } = golden.eval_mode_gradients;
    const root = outputs[/for output (\w+)/.exec(what)![1]!]!;
    const upstream = fill(`${golden.seed}/upstream`, root.shape, { kind: 'signed', scale: 1.5 });
    backward(root, { gradient: tensor(upstream, root.shape) });
    await compareGradients(findings, system, inputs, { grads, lengths, median });
    model.zeroGrad();
    for (const input of Object.values(inputs)) input.grad = undefined;
  });
  release(system);
  return findings;
}

/** One training step and what it leaves, then the losses of the steps after it. */
async function runTraining(golden: GoldenModel, build: SystemBuilder, nudge: number): Promise<Findings> {
  const findings = new Findings();
  const system = filled(golden, build);
  const { model } = system;
  model.train();
  const optimiser = system.optimiser?.();
  const before = new Map<string, TensorData>();
  if (golden.param_delta_l2) {
    for (const [name, parameter] of model.namedParameters()) before.set(name, await parameter.read());
  }
  for (const [step, losses] of golden.losses.entries()) {
    await scope(async () => {
      const inputs = inputsOf(golden, nudge);
      const got = system.train(Object.values(inputs)[0]!, golden.labels, inputs);
      for (const [name, want] of Object.entries(losses)) {
        const far = 10 * Math.abs(want - golden.losses_f64[step]![name]!);
        const allowed = step === 0 ? 1e-4 : 1e-2;
        const value = await got.losses[name]!.item();
        findings.number(`loss ${name} of step ${step}`, value, want, allowed, step === 0 ? 1e-5 : Math.max(far, 1e-5));
      }
      if (step === 0) await compareOutputs(findings, golden, model, got.outputs);
      backward(got.losses.total!);
      if (step === 0) {
        const { grads, grad_l2: lengths, grad_noise_median: median } = golden;
        const { grad_exactly_zero_examples: zero, grad_noise_worst: worst } = golden;
        await compareGradients(findings, system, inputs, { grads, lengths, median, zero, worst });
      }
      optimiser?.step();
      model.zeroGrad();
      for (const input of Object.values(inputs)) input.grad = undefined;
    });
    if (step === 0 && optimiser) await compareStep(findings, golden, system, before, optimiser.groups[0]!.lr);
  }
  release(system);
  return findings;
}

async function compareOutputs(
  findings: Findings,
  golden: GoldenModel,
  model: Module,
  outputs: TrainStep['outputs'],
): Promise<void> {
  const ample = (want: GoldenValue) => ({ l2: Math.max(1e-3, 20 * noiseOf(want)) });
  for (const [name, want] of Object.entries(golden.train_outputs)) {
    await findings.tensor(`train ${name}`, outputs[name], want, ample(want));
  }
  const entries = new Map(model.entries());
  const buffer = (name: string) => entries.get(golden.aliases?.[name] ?? name) as Tensor | undefined;
  for (const [name, want] of Object.entries(golden.running_stats_after_1_train_forward)) {
    await findings.tensor(`running ${name}`, buffer(name), want, ample(want));
  }
  for (const [name, want] of Object.entries(golden.running_stats_l2)) {
    const got = buffer(name);
    if (got) findings.number(`running l2 ${name}`, l2Of(await got.read()), want, 1e-3);
    else findings.fail(`running l2 ${name}`, 'it is not there');
  }
}

/** Parameters after the first step. An Adam step may go the other way where a gradient is tiny: 2 lr off, and a little. */
async function compareStep(
  findings: Findings,
  golden: GoldenModel,
  { model, others }: SystemModel,
  before: ReadonlyMap<string, TensorData>,
  lr: number,
): Promise<void> {
  const parameters = new Map(model.namedParameters());
  for (const [name, want] of Object.entries(golden.params_after_1_step ?? {})) {
    const tolerance = { l2: Math.max(1e-3, 10 * noiseOf(want)), relative: 0, absolute: 2.1 * lr };
    await findings.tensor(`after step ${name}`, parameters.get(name), want, tolerance);
  }
  for (const [name, want] of Object.entries(golden.other_state_after_1_step ?? {})) {
    await findings.tensor(`after step ${name}`, others?.[name], want, { l2: Math.max(1e-3, 10 * noiseOf(want)) });
  }
  for (const [name, want] of Object.entries(golden.param_delta_l2 ?? {})) {
    const after = await parameters.get(name)!.read();
    const old = before.get(name)!;
    findings.number(`step of ${name}`, l2Of(after.map((value, i) => value - old[i]!)), want, 1e-2);
  }
}

/** The cases of a model's file: its names, evaluation with gradients, training with steps. */
export function modelCases(
  file: string,
  golden: GoldenModel,
  build: SystemBuilder,
): { readonly id: string; run(): Promise<CaseResult> }[] {
  const names = { id: `${file}/names`, run: async () => runNames(`${file}/names`, golden, build) };
  if (golden.cannot_run) return [names];
  return [
    names,
    {
      id: `${file}/eval`,
      run: () => settle(`${file}/eval`, async (nudge) => (await runEvaluation(golden, build, nudge)).differences),
    },
    {
      id: `${file}/train`,
      run: () => settle(`${file}/train`, async (nudge) => (await runTraining(golden, build, nudge)).differences),
    },
  ];
}
