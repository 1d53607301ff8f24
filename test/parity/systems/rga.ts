import { mul } from '../../../engine/ops/arithmetic.js';
import { sum } from '../../../engine/ops/sum.js';
import { type Tensor, tensor } from '../../../engine/tensor.js';
import { identityTripletLoss } from '../../../reid/losses/identity-triplet.js';
import { RGAModule } from '../../../reid/models/attention/rga-module.js';
import { RGA, type RGABranch } from '../../../reid/models/rga.js';
import { fill } from '../../golden/fill.js';
import type { SystemBuilder } from '../model.js';
import { entryNames } from './names.js';
import { optimiserOf } from './optimiser.js';

/** The attention module alone; its loss is the sum of the output times a fill. */
export const rgaModule: SystemBuilder = ({ seed, config }) => {
  const ratios = {
    channel: config.cha_ratio as number,
    spatial: config.spa_ratio as number,
    down: config.down_ratio as number,
  };
  const model = new RGAModule({
    channels: config.in_channel as number,
    height: config.height as number,
    width: config.width as number,
    spatial: config.use_spatial as boolean,
    channel: config.use_channel as boolean,
    ratios,
  });
  const evaluate = (input: Tensor) => ({ out: model.forward(input) });
  return {
    model,
    names: () => entryNames(model),
    evaluate,
    train: (input) => {
      const outputs = evaluate(input);
      const upstream = fill(`${seed}/upstream`, input.shape, { kind: 'signed', scale: 1.5 });
      return { outputs, losses: { total: sum(mul(outputs.out, tensor(upstream, input.shape))) } };
    },
  };
};

/** The whole model, with the losses and the optimiser of the training script. */
export const rga: SystemBuilder = ({ config }) => {
  const scale = config.scale as number;
  const options = {
    height: config.height as number,
    width: config.width as number,
    branch: (config.branch as string).slice(3) as RGABranch,
    ratios: { channel: scale, spatial: scale, down: config.d_scale as number },
  };
  const model = new RGA(options, config.num_classes as number);
  const weights = {
    labelSmoothing: config.epsilon as number,
    margin: config.margin as number,
    idWeight: 1,
    tripletWeight: 1,
  };
  const features = (input: Tensor) => {
    const { pooled, normed } = model.features(input);
    return { feat_: pooled, feat: normed };
  };
  return {
    model,
    names: () => entryNames(model),
    evaluate: features,
    train: (input, labels) => {
      const outputs = features(input);
      const logits = model.cls.forward(outputs.feat);
      const output = { features: [outputs.feat_], logits: [logits] };
      const { id, triplet, total } = identityTripletLoss(output, Int32Array.from(labels!), weights);
      return { outputs: { ...outputs, cls: logits }, losses: { cls: id, tri: triplet, total } };
    },
    optimiser: () => optimiserOf(model, config.optimizer),
  };
};
