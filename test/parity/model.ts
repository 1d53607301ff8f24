import { backward } from '../../engine/autograd.js';
import { Counter, type Module, type Parameter } from '../../engine/nn/index.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, type TensorData, tensor, write } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import type { GoldenValue } from './case.js';
import { compareGradients, Findings, l2Of, noiseOf } from './findings.js';
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

/** Parameters and inputs by name. */
const named = (model: Module, inputs: Inputs): Map<string, Tensor> =>
  new Map([...model.namedParameters(), ...Object.entries(inputs)]);

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
    await compareGradients(findings, named(model, inputs), { grads, lengths, median });
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
        await compareGradients(findings, named(model, inputs), { grads, lengths, median, zero, worst });
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
