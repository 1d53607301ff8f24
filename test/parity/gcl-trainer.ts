import { Counter, type Module } from '../../engine/nn/index.js';
import { l2Normalize } from '../../engine/ops/distance.js';
import { Adam, SGD } from '../../engine/optim/index.js';
import { scope } from '../../engine/scope.js';
import { type Tensor, type TensorData, tensor, write } from '../../engine/tensor.js';
import { Discriminator } from '../../reid/models/gcl/discriminator.js';
import { Generator } from '../../reid/models/gcl/generator.js';
import { IdentityNet } from '../../reid/models/gcl/identity-net.js';
import {
  discriminatorGradients,
  drawViews,
  type GCLViews,
  generatorGradients,
  type NamedLosses,
} from '../../reid/training/gcl/step.js';
import { type FillRule, fill } from '../golden/fill.js';
import type { GoldenValue } from './case.js';
import { compareGradients, Findings, l2Of, noiseOf } from './findings.js';
import type { Stepper } from './model.js';
import { type GoldenModel, ruleOf } from './model-golden.js';
import type { CaseResult } from './ops.js';
import { nudged, settle } from './settle.js';

type Net = 'dis' | 'gen' | 'id_net';
type Values = Readonly<Record<string, GoldenValue | null>>;

/** One iteration of the original's trainer, with the draws replaced as the file's notes say. */
export interface GoldenTrainer
  extends Readonly<Record<`${Net}_grads`, Values>>,
    Readonly<Record<`${Net}_grad_l2`, Readonly<Record<string, number | null>>>>,
    Readonly<Record<`${Net}_param_delta_l2`, Readonly<Record<string, number>>>> {
  readonly seed: number;
  readonly stage: 2 | 3;
  readonly config: Readonly<
    Record<'lr_id' | 'lr_d' | 'lr_g' | 'beta2' | 'weight_decay' | 'momentum' | 'temperature' | 'K', number>
  >;
  readonly pids: readonly number[];
  readonly index: readonly number[];
  readonly input_rules: Readonly<Record<'x_img' | 'x_mesh' | 'x_mesh_nv', readonly [readonly number[], FillRule]>>;
  readonly losses: Readonly<Record<string, number>>;
  readonly losses_f64: Readonly<Record<string, number>>;
  readonly forward: Readonly<Record<string, GoldenValue>>;
  readonly memory_features_after: GoldenValue;
  readonly id_running_stats: Readonly<Record<string, GoldenValue>>;
}

export const isTrainer = (golden: object): golden is GoldenTrainer => 'dis_grads' in golden && 'stage' in golden;

/** The file's share of a picture in its blend. */
const SHARE = 0.7;
const EMBEDDING = 512;
const SIGNED: FillRule = { kind: 'signed', scale: 1.5 };

/** What the file's `fills` say. */
const RULES: Pick<GoldenModel, 'weight_gain_g' | 'fill_overrides'> = {
  weight_gain_g: 1,
  fill_overrides: [
    { pattern: 'gamma$', rule: { kind: 'range', lo: 0.75, hi: 1.25 } },
    { pattern: '^id\\..*bn3\\.weight$', rule: { kind: 'range', lo: 0.1, hi: 0.3 } },
  ],
};

function filled<M extends Module>(model: M, seed: number, prefix: string): M {
  for (const [name, entry] of model.entries()) {
    if (entry instanceof Counter) continue;
    const key = `${prefix}.${name}`;
    write(entry, fill(`${seed}/${key}`, entry.shape, ruleOf(RULES, key, entry.shape)));
  }
  return model;
}

const whole = (numbers: readonly number[]) => tensor(Int32Array.from(numbers), [numbers.length]);

/** The file's names of what is drawn and of the encoder's answers. */
const forwardOf = ({ photo, recon, novel, cycle, mixed, ofRecon, ofNovel, ofCycle, ofMixed }: GCLViews) => ({
  x_recon: recon,
  x_nv: novel,
  x_nv2recon: cycle,
  x_mix: mixed!,
  feat: photo.code,
  feat_recon: ofRecon.code,
  feat_nv: ofNovel.code,
  feat_nv2recon: ofCycle.code,
  f: photo.embedding,
  f_recon: ofRecon.embedding,
  f_nv: ofNovel.embedding,
  f_nv2recon: ofCycle.embedding,
  f_mix: ofMixed!.embedding,
});

/** The file's names of the losses. */
const lossesOf = (dis: NamedLosses, gen: NamedLosses): Readonly<Record<string, Tensor | undefined>> => ({
  loss_dis_recon: dis.recon,
  loss_dis_nv: dis.novel,
  loss_dis_nv2recon: dis.cycle,
  loss_dis_mix: dis.mixed,
  loss_dis_total: dis.total,
  loss_gen_recon_x: gen.reconstruction,
  loss_gen_cycrecon_x: gen.cycle,
  loss_gen_recon_f: gen.code,
  loss_gen_nv2recon_f: gen.cycleCode,
  loss_gen_adv_recon: gen.adversarial_recon,
  loss_gen_adv_nv: gen.adversarial_novel,
  loss_gen_adv_nv2recon: gen.adversarial_cycle,
  loss_gen_adv_mix: gen.adversarial_mixed,
  loss_id: gen.identity,
  memory_loss_id: gen.memory,
  loss_gen_total: gen.total,
});

async function weightsOf(model: Module): Promise<Map<string, TensorData>> {
  const weights = new Map<string, TensorData>();
  for (const [name, parameter] of model.namedParameters()) weights.set(name, await parameter.read());
  return weights;
}

async function run(golden: GoldenTrainer, nudge: number): Promise<Findings> {
  const { seed, config, stage, pids, index } = golden;
  const findings = new Findings();
  const models = {
    gen: filled(new Generator(), seed, 'gen'),
    dis: filled(new Discriminator(), seed, 'dis'),
    id_net: filled(new IdentityNet(), seed, 'id'),
  };
  if (stage === 2) models.id_net.eval();
  const nets = { generator: models.gen, discriminator: models.dis, identity: models.id_net };
  const { weight_decay: weightDecay, lr_d, lr_g, lr_id, beta2 } = config;
  const adam = (model: Module, lr: number) => new Adam(model.parameters(), { lr, betas: [0, beta2], weightDecay });
  const steppers: Readonly<Record<Net, Stepper | undefined>> = {
    dis: adam(models.dis, lr_d),
    gen: adam(models.gen, lr_g),
    id_net:
      stage === 3
        ? new SGD(models.id_net.parameters(), { lr: lr_id, momentum: 0.9, nesterov: true, weightDecay })
        : undefined,
  };
  const rows = golden.memory_features_after.shape[0]!;
  const classes = Math.max(...pids) + 1;
  const labels = Array.from({ length: rows }, (_, i) => i % classes);
  await scope(async () => {
    const input = (name: keyof GoldenTrainer['input_rules']) => {
      const [shape, rule] = golden.input_rules[name];
      return tensor(nudged(fill(`${seed}/${name}`, shape, rule), nudge), shape);
    };
    const batch = { photos: input('x_img'), structure: input('x_mesh'), turned: input('x_mesh_nv') };
    const partner = whole(pids.map((_, i) => pids.length - 1 - i));
    const mix = { share: tensor(Float32Array.of(SHARE), [1]), partner };
    const unit = (name: string, n: number) =>
      l2Normalize(tensor(fill(`${seed}/${name}`, [n, EMBEDDING], SIGNED), [n, EMBEDDING]));
    const memory = unit('memory.features', rows);
    const others = pids.map((label) => labels.flatMap((l, row) => (l === label ? [] : [row])).reverse());
    const negatives = others.map((all) => all.slice(0, config.K));
    const last = whole(pids.map((label) => labels.lastIndexOf(label)));
    const draws = {
      own: whole(index),
      positiveOfView: last,
      positiveOfPhoto: last,
      negatives: tensor(Int32Array.from(negatives.flat()), [pids.length, negatives[0]!.length]),
    };
    const prototypes = { centres: unit('centers', classes), labels: whole(pids) };
    const joint = { memory, draws, temperature: config.temperature, momentum: config.momentum, prototypes, mix };

    const before = {
      dis: await weightsOf(models.dis),
      gen: await weightsOf(models.gen),
      id_net: await weightsOf(models.id_net),
    };
    const views = drawViews(nets, batch, mix);
    const dis = discriminatorGradients(nets, batch.photos, views);
    const compareNet = async (net: Net) => {
      const own = new Findings();
      const named = new Map<string, Tensor>(models[net].namedParameters());
      const [grads, lengths] = [golden[`${net}_grads`], golden[`${net}_grad_l2`]];
      const noises = Object.values(grads).map((value) => (value ? noiseOf(value) : 0));
      const median = noises.sort((a, b) => a - b)[noises.length >> 1]!;
      await compareGradients(own, named, { grads, lengths, median });
      steppers[net]?.step();
      for (const [name, want] of Object.entries(golden[`${net}_param_delta_l2`])) {
        const old = before[net].get(name)!;
        const moved = (await named.get(name)!.read()).map((value, i) => value - old[i]!);
        own.number(`step of ${name}`, l2Of(moved), want, 1e-2);
      }
      for (const [what, difference] of Object.entries(own.differences)) findings.add(`${what} (${net})`, difference);
    };
    await compareNet('dis');
    const gen = generatorGradients(nets, batch.photos, views, undefined, stage === 3 ? joint : undefined);
    await compareNet('gen');
    await compareNet('id_net');

    const forward = forwardOf(views);
    for (const [name, want] of Object.entries(golden.forward)) {
      const got = forward[name as keyof typeof forward];
      // The blend of targets is in the loss, not among the views.
      if (got) await findings.tensor(`forward ${name}`, got, want, { l2: Math.max(1e-3, 20 * noiseOf(want)) });
    }
    const losses = lossesOf(dis, gen);
    for (const [name, want] of Object.entries(golden.losses)) {
      const far = 10 * Math.abs(want - golden.losses_f64[name]!);
      findings.number(`loss ${name}`, (await losses[name]?.item()) ?? 0, want, 1e-4, Math.max(far, 1e-5));
    }
    await findings.tensor('memory', memory, golden.memory_features_after, { l2: 1e-3 });
    const entries = new Map(models.id_net.entries());
    for (const [name, want] of Object.entries(golden.id_running_stats)) {
      const l2 = Math.max(1e-3, 20 * noiseOf(want));
      await findings.tensor(`running ${name}`, entries.get(name) as Tensor, want, { l2 });
    }
  });
  for (const model of Object.values(models)) {
    for (const [, entry] of model.entries()) if (!(entry instanceof Counter)) entry.storage.release();
  }
  return findings;
}

/** The case of a trainer's file. */
export const trainerCase = (
  file: string,
  golden: GoldenTrainer,
): { readonly id: string; run(): Promise<CaseResult> } => ({
  id: file,
  run: () => settle(file, async (nudge) => (await run(golden, nudge)).differences),
});
