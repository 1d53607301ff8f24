import type { Tensor } from '../../../engine/tensor.js';
import { identityTripletLoss } from '../../../reid/losses/identity-triplet.js';
import { mineBatchHard } from '../../../reid/losses/triplet.js';
import { APNet, type APNetOptions } from '../../../reid/models/apnet.js';
import { apnetNames } from '../../../reid/models/checkpoints/apnet.js';
import type { SystemBuilder } from '../model.js';
import { optimiserOf } from './optimiser.js';

/** The identities of files that do not say. */
const MARKET1501 = 751;

/** The whole model, with the losses and the optimiser of the released configuration. */
export const apnet: SystemBuilder = ({ config, state_dict }) => {
  const classes = state_dict.find(([name]) => name === 'classifier.weight')?.[1][0] ?? MARKET1501;
  // As the original: a level's number is its number of parts.
  const model = new APNet({ level: config.level as APNetOptions['level'], radix: 'level' }, classes);
  const weights = {
    labelSmoothing: config.epsilon as number,
    margin: config.margin as number,
    idWeight: 1,
    tripletWeight: 1,
  };
  return {
    model,
    names: () =>
      apnetNames(model).map(({ name, shape }) => [
        name,
        shape,
        name.endsWith('num_batches_tracked') ? 'int64' : 'float32',
      ]),
    evaluate: (input: Tensor) => ({ feat: model.forward(input) }),
    train: (input, labels) => {
      const output = model.losses(input);
      const { id, triplet, total } = identityTripletLoss(output, Int32Array.from(labels!), weights);
      const { positive, negative } = mineBatchHard(output.features[0]!, labels!);
      const outputs = {
        cls_score: output.logits[0]!,
        global_feat: output.features[0]!,
        dist_ap: positive,
        dist_an: negative,
      };
      return { outputs, losses: { cls: id, tri: triplet, total } };
    },
    optimiser: () => optimiserOf(model, config.optimizer),
  };
};
