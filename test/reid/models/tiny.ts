import { backward, manualSeed, scope, tensor } from '../../../engine/index.js';
import { Adam } from '../../../engine/optim/index.js';
import { identityTripletLoss } from '../../../reid/losses/identity-triplet.js';
import { APNet, type APNetOptions } from '../../../reid/models/apnet.js';
import type { ResNetOptions } from '../../../reid/models/backbones/resnet.js';
import type { ReidModel } from '../../../reid/models/model.js';
import { RGA, type RGAOptions } from '../../../reid/models/rga.js';
import { fill } from '../../golden/fill.js';

/** Supervised models as small as they can be, for pictures of 32×16. */

export const IDENTITIES = 4;

export const BACKBONE: ResNetOptions = {
  depth: 18,
  width: 8,
  stem: 'small',
  stemStride: 1,
  lastStride: 1,
};

const SIZE = { height: 32, width: 16 };

/** The same weights each time. */
export function tinyRGA(options: Partial<RGAOptions> = {}): RGA {
  manualSeed(3);
  const ratios = { channel: 2, spatial: 4, down: 2 };
  return new RGA({ ...SIZE, backbone: BACKBONE, ratios, ...options }, IDENTITIES);
}

export const NO_STEM_RELU: ResNetOptions = { ...BACKBONE, stemRelu: false };

/** The same weights each time. */
export function tinyAPNet(options: Partial<APNetOptions> = {}): APNet {
  manualSeed(3);
  return new APNet({ level: 2, backbone: NO_STEM_RELU, ...options }, IDENTITIES);
}

/** Two pictures of each identity. */
export const LABELS = Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3);

export const LOSS = { labelSmoothing: 0.1, margin: 0.3, idWeight: 1, tripletWeight: 1 };

/** Makes steps on one batch without augmentation; returns what the classifier says to each picture, and the triplet loss. */
export async function learnByHeart(
  model: ReidModel,
  steps: number,
): Promise<{ readonly said: number[]; readonly triplet: number }> {
  const rule = { kind: 'blocks', grid: [4, 2], block_scale: 1.5, scale: 0.5 } as const;
  const images = tensor(fill('by heart', [8, 3, 32, 16], rule), [8, 3, 32, 16]);
  const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const optimiser = new Adam(trained, { lr: 5e-3, weightDecay: 1e-3 });
  let triplet = 0;
  let said: number[] = [];
  for (let step = 0; step < steps; step++) {
    await scope(async () => {
      const output = model.losses(images);
      const losses = identityTripletLoss(output, LABELS, LOSS);
      backward(losses.total);
      optimiser.step();
      optimiser.zeroGrad();
      const scores = await output.logits[0]!.read();
      triplet = await losses.triplet.item();
      said = Array.from(LABELS, (_, i) => {
        const row = [...scores.subarray(i * IDENTITIES, (i + 1) * IDENTITIES)];
        return row.indexOf(Math.max(...row));
      });
    });
  }
  return { said, triplet };
}
