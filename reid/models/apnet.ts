import { ShapeError } from '../../engine/errors.js';
import { BatchNorm1d, init, Linear, Module, type Sequential } from '../../engine/nn/index.js';
import { cat } from '../../engine/ops/join.js';
import { mean } from '../../engine/ops/reduce.js';
import { chunk } from '../../engine/ops/view.js';
import { isRecording, isTracing } from '../../engine/tape.js';
import type { Tensor } from '../../engine/tensor.js';
import {
  areOfChannels,
  inOnePass,
  inSteps,
  type PyramidStep,
  SplitNorm,
  StripeAttention,
} from './attention/pyramid.js';
import { RGAModule, type RGAModuleOptions, rgaWidths } from './attention/rga-module.js';
import { SplitAttention } from './attention/split-attention.js';
import { SELayer } from './attention/squeeze-excitation.js';
import { ResNet, type ResNetOptions, resnetStrides } from './backbones/resnet.js';
import type { StagedBackbone } from './backbones/staged.js';
import type { ReidModel, TrainingOutput } from './model.js';

export interface APNetOptions {
  /** Levels of the pyramid: 0 none, 1 the whole map, 2 its halves too, 3 its quarters too. */
  readonly level: 0 | 1 | 2 | 3;
  /** `channel` (default): squeeze-excitation and split attention, as released; `spatial`: RGA-S on stripes of the map. */
  readonly agent?: 'channel' | 'spatial';
  /** Default: ResNet-50 with a last stride of 1 and, as released, no ReLU in the stem. Or a backbone that is built already. */
  readonly backbone?: ResNetOptions | StagedBackbone;
  /** `fineToCoarse` (default) is the released code, `coarseToFine` the paper's figure. */
  readonly stackOrder?: 'fineToCoarse' | 'coarseToFine';
  /**
   * Parts of a level: `doubling` (default) 2 at level 2 and 4 at level 3; `level`, as the released code has it, 2 at level 2
   * and 3 at both finer levels of level 3, which can be built, for its names, but does not run: 64 does not divide by 3.
   */
  readonly radix?: 'doubling' | 'level';
  /** Adds a branch with a fourth stage of its own whose upper and lower half have a norm and a classifier each. */
  readonly parts?: boolean;
  /** What retrieval compares: behind the last norm (`norm`, default), before it, or the classifier's scores. */
  readonly feature?: 'norm' | 'pool' | 'logits';
  /** For spatial agents: the size of the pictures, the ratios, and whether a norm follows the stripes (default true). */
  readonly spatial?: {
    readonly height: number;
    readonly width: number;
    readonly splitNorm?: boolean;
  } & Pick<RGAModuleOptions, 'ratios' | 'form' | 'gammaInit'>;
}

const RESNET50: ResNetOptions = { depth: 50, lastStride: 1, stemRelu: false };

/** Hidden numbers of every squeeze-excitation: the released code's ratios of 8 … 256 leave 8 at each stage. */
const HIDDEN = 8;

/** Names of a level's attention and norms, without the number of the place. */
const NAMES = {
  channel: { 1: 'att', 2: 'att_s', 3: 'att_ss' },
  spatial: { 1: 'rga', 2: 'rga_s', 3: 'rga_ss' },
  norm: { 2: 'BN', 3: 'BN_' },
} as const;

/** A level of one unit: attention and, below the first, the norm behind it. */
interface UnitLevel {
  readonly attention: PyramidStep;
  readonly norm: SplitNorm | undefined;
}

/**
 * The attention pyramid for re-identification (Chen et al., TIP 2021): units of attention behind the stem and each stage of a
 * residual network; the averaged map for the triplet loss, a batch norm whose shift stays 0, and a classifier behind it. Names
 * of parameters are the original's; see exportAPNet for the second set of names that its files have.
 *
 * @example
 *   const model = new APNet({ level: 2 }, 751);
 *   model.eval().forward(images); // [N, 2048]
 */
export class APNet extends Module implements ReidModel {
  // Declared, not defined: the constructor's order is that of the original's files, with the units behind the base.
  declare readonly base: StagedBackbone;
  declare readonly bottleneck: BatchNorm1d;
  declare readonly classifier: Linear;
  declare readonly part_layer4: Sequential | undefined;
  declare readonly part_bottleneck: readonly BatchNorm1d[];
  declare readonly part_classifier: readonly Linear[];
  readonly #units: readonly (readonly PyramidStep[])[];
  readonly #feature: NonNullable<APNetOptions['feature']>;

  /**
   * @param identities of the training set
   * @throws ShapeError where the pictures do not suit spatial agents
   */
  constructor(options: APNetOptions, identities: number) {
    super();
    const { backbone = RESNET50, feature = 'norm', agent = 'channel' } = options;
    this.#feature = feature;
    this.base = backbone instanceof Module ? backbone : new ResNet(backbone);
    const units = agent === 'channel' ? channelUnits(options, this.base) : spatialUnits(options, this.base);
    register(this, units, agent);
    const coarse = options.stackOrder === 'coarseToFine';
    this.#units = units.map((levels) =>
      (coarse ? levels : [...levels].reverse()).flatMap(({ attention, norm }) =>
        norm ? [attention, norm] : [attention],
      ),
    );
    const channels = this.base.outputs;
    this.bottleneck = neck(channels);
    this.classifier = scores(channels, identities);
    if (!options.parts) return;
    if (backbone instanceof Module) throw new TypeError('APNet: parts need a backbone given as options of a ResNet.');
    this.part_layer4 = new ResNet(backbone).layer4;
    this.copyLastStage();
    this.part_bottleneck = [neck(channels), neck(channels)];
    this.part_classifier = [scores(channels, identities), scores(channels, identities)];
  }

  /** Gives the branch's stage the weights of the last one: call it after weights were taken over into `base`. */
  copyLastStage(): void {
    this.part_layer4?.loadStateDict(this.base.layer4.stateDict());
  }

  /** Images → the maps behind the units of the stem and of each stage. */
  maps(images: Tensor): Tensor[] {
    const { base } = this;
    const maps = [this.#attend(base.stem(images), 0)];
    for (const layer of [base.layer1, base.layer2, base.layer3, base.layer4]) {
      maps.push(this.#attend(layer.forward(maps.at(-1)!), maps.length));
    }
    return maps;
  }

  losses(images: Tensor): TrainingOutput {
    const maps = this.maps(images);
    const pooled = mean(maps[4]!, [2, 3]);
    const parts = this.#partsOf(maps[3]!).map((part, i) => this.part_classifier[i]!.forward(part));
    return { features: [pooled], logits: [this.classifier.forward(this.bottleneck.forward(pooled)), ...parts] };
  }

  forward(images: Tensor): Tensor {
    const maps = this.maps(images);
    const pooled = mean(maps[4]!, [2, 3]);
    if (this.#feature === 'pool') return pooled;
    const normed = this.bottleneck.forward(pooled);
    if (this.#feature === 'logits') return this.classifier.forward(normed);
    const parts = this.#partsOf(maps[3]!);
    return parts.length > 0 ? cat([normed, ...parts], 1) : normed;
  }

  /** The map of one place after its unit; in evaluation, where nothing is recorded, in one pass. */
  #attend(x: Tensor, place: number): Tensor {
    const steps = this.#units[place]!;
    const fused = steps.length > 0 && !this.training && !isRecording() && !isTracing() && areOfChannels(steps);
    return fused ? inOnePass(x, steps) : inSteps(x, steps);
  }

  /** Features of the upper and the lower half of the branch, if there is one. */
  #partsOf(x: Tensor): Tensor[] {
    if (!this.part_layer4) return [];
    const halves = chunk(this.part_layer4.forward(x), 2, 2);
    return halves.map((half, i) => this.part_bottleneck[i]!.forward(mean(half, [2, 3])));
  }
}

function neck(channels: number): BatchNorm1d {
  const norm = new BatchNorm1d(channels);
  norm.bias!.requiresGrad = false;
  return norm;
}

function scores(channels: number, identities: number): Linear {
  const classifier = new Linear(channels, identities, { bias: false });
  init.normal_(classifier.weight, 0, 0.001);
  return classifier;
}

/** Parts of a level, the first of which is 1. */
const partsAt = (level: number, { level: levels, radix = 'doubling' }: APNetOptions): number =>
  level === 1 ? 1 : radix === 'level' ? levels : 2 ** (level - 1);

const levelsOf = ({ level }: APNetOptions): number[] => Array.from({ length: level }, (_, i) => i + 1);

/** Five units, one a place, of levels from coarse to fine. */
function channelUnits(options: APNetOptions, base: StagedBackbone): UnitLevel[][] {
  const channels = [base.bn1.weight!.size, ...base.stageOutputs];
  return channels.map((count) =>
    levelsOf(options).map((level) =>
      level === 1
        ? { attention: new SELayer(count, HIDDEN), norm: undefined }
        : { attention: new SplitAttention(count, partsAt(level, options)), norm: new SplitNorm(count) },
    ),
  );
}

/** The map and the number of stripes of each level of each place: none behind the stem, then one a stage. */
function stripesOf(
  options: APNetOptions,
  { stageOutputs, stageStrides }: Pick<StagedBackbone, 'stageOutputs' | 'stageStrides'>,
): { readonly map: RGAModuleOptions; readonly stripes: number }[][] {
  const { spatial } = options;
  if (!spatial)
    throw new ShapeError('APNet: spatial agents need the size of the pictures: { spatial: { height, width } }.');
  const { height, width, splitNorm: _, ...module } = spatial;
  const places = stageOutputs.map((channels, i) => {
    const stride = stageStrides[i]!;
    const map = { ...module, channels, height: height / stride, width: width / stride, channel: false };
    return levelsOf(options).map((level) => {
      const stripes = partsAt(level, options);
      if (map.height % stripes !== 0 || !Number.isInteger(map.width)) {
        throw new ShapeError(
          `APNet: pictures of ${height}×${width} leave a map of ${map.height}×${map.width} behind stage ${i + 1}, which can ` +
            `not be cut into ${stripes} stripes of whole rows. Take a height that is a multiple of ${stride * stripes}.`,
        );
      }
      return { map, stripes };
    });
  });
  return [[], ...places];
}

function spatialUnits(options: APNetOptions, base: StagedBackbone): UnitLevel[][] {
  return stripesOf(options, base).map((levels) =>
    levels.map(({ map, stripes }): UnitLevel => {
      if (stripes === 1) return { attention: new RGAModule(map), norm: undefined };
      const norm = options.spatial?.splitNorm === false ? undefined : new SplitNorm(map.channels);
      return { attention: new StripeAttention(map, stripes), norm };
    }),
  );
}

/**
 * Refuses options whose units could not run, before anything is built.
 *
 * @throws ShapeError naming what does not divide or is too small
 */
export function checkAPNet(options: APNetOptions & { readonly backbone: ResNetOptions }): void {
  const { backbone, agent = 'channel' } = options;
  const { depth, width = 64 } = backbone;
  const stageOutputs = [1, 2, 4, 8].map((times) => times * width * (depth < 50 ? 1 : 4));
  if (agent === 'spatial') {
    const places = stripesOf(options, { stageOutputs, stageStrides: resnetStrides(backbone) });
    for (const { map, stripes } of places.flat()) rgaWidths({ ...map, height: map.height / stripes });
    return;
  }
  const most = Math.max(1, ...levelsOf(options).map((level) => partsAt(level, options)));
  if (width % most !== 0) {
    throw new ShapeError(`APNet: ${width} channels do not divide into the ${most} parts of level ${options.level}.`);
  }
}

/** Names the parts of the units as properties of the model, in the original's order: all of a level, then their norms. */
function register(model: APNet, units: readonly (readonly UnitLevel[])[], agent: 'channel' | 'spatial'): void {
  const own: Record<string, Module> = {};
  const shift = agent === 'spatial' ? 0 : 1;
  for (const level of [1, 2, 3] as const) {
    for (const [i, levels] of units.entries()) {
      const at = levels[level - 1];
      if (at) own[`${NAMES[agent][level]}${i + shift}`] = at.attention;
    }
    if (level === 1) continue;
    for (const [i, levels] of units.entries()) {
      const norm = levels[level - 1]?.norm;
      if (norm) own[`${NAMES.norm[level]}${i + shift}`] = norm;
    }
  }
  Object.assign(model, own);
}
