import { Parameter } from '../../../engine/nn/index.js';
import { Adam, SGD } from '../../../engine/optim/index.js';
import { tensor } from '../../../engine/tensor.js';
import { CENTER_WEIGHT, fgreidLoss } from '../../../reid/losses/fgreid/fgreid.js';
import { FGReID } from '../../../reid/models/fgreid/fgreid.js';
import { fill } from '../../golden/fill.js';
import type { SystemBuilder } from '../model.js';
import { entryNames } from './names.js';

interface Hyper {
  readonly alpha: number;
  readonly sigma: number;
  readonly l: number;
  readonly margin: number;
  readonly beta_ratio: number;
  readonly var_weight: number;
}

/** The model of pictures and clips with its whole loss; the centres are moved after the model. */
export const fgreid: SystemBuilder = ({ seed, config, inputs }) => {
  const classes = config.num_classes as number;
  const model = new FGReID({}, classes);
  const width = config.fin_dim as number;
  const centers = new Parameter(
    tensor(fill(`${seed}/centers`, [classes, width], { kind: 'signed', scale: 0.5 }), [classes, width]),
  );
  const { alpha, sigma, l, margin, beta_ratio, var_weight } = config.hyper as Hyper;
  const options = {
    ...{ alpha, sigma, lambda: l, margin, beta: beta_ratio, varianceWeight: var_weight },
    rankingWeight: config.lsr_weight as number,
    consistencyWeight: config.lcn_weight as number,
  };
  const group = config.seq_len as number;
  const count = Math.floor(((group - 1) * inputs[0]!.shape[0]!) / group);
  return {
    model,
    names: () => entryNames(model),
    others: { centers },
    evaluate: (input) => ({ features: model.forward(input) }),
    train: (input, labels) => {
      const output = model.losses(input);
      const target = tensor(Int32Array.from(labels!), [labels!.length]);
      const losses = fgreidLoss(output, target, centers, count, options);
      const { id: ide, triplet, center, osm: osm_caa, variance, ranking: lsr, consistency: lcns, total } = losses;
      return {
        outputs: { y1: output.logits[0]!, y2: output.logits[1]!, features: output.features[0]! },
        losses: { ide, triplet, center, osm_caa, var: variance, lsr, lcns, total },
      };
    },
    optimiser: () => {
      const { lr, weight_decay } = config.optimizer as { readonly lr: number; readonly weight_decay: number };
      const adam = new Adam(model.parameters(), { lr, weightDecay: weight_decay });
      const sgd = new SGD([centers], { lr: (config.center_lr as number) / CENTER_WEIGHT });
      return {
        groups: adam.groups,
        step: () => {
          adam.step();
          sgd.step();
          sgd.zeroGrad();
        },
      };
    },
  };
};
