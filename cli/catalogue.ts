import { DATASET_KINDS } from '../datasets/open.node.js';
import { type Recipe, recipes } from '../reid/recipes/index.js';
import { DISTANCES, PROTOCOLS } from './evaluation-options.js';

/** Something that there is, and where it was published. */
export interface CatalogueEntry {
  readonly name: string;
  /** What it is; of data sets how they are written. */
  readonly about: string;
  /** The paper or code that it follows; empty where it is of nobody in particular. */
  readonly source: string;
}

const entry = (name: string, about: string, source = ''): CatalogueEntry => ({ name, about, source });

/** Of recipes, and of their models, by kind. */
const MODELS: Readonly<Record<string, CatalogueEntry>> = {
  baseline: entry(
    'baseline',
    'a residual network with a batch norm (BNNeck) before the classifier',
    'Luo et al., Bag of tricks and a strong baseline for deep person re-identification, CVPR workshops 2019',
  ),
  rga: entry(
    'rga',
    'relation-aware global attention behind each stage of a residual network',
    'Zhang et al., Relation-aware global attention for person re-identification, CVPR 2020',
  ),
  apnet: entry(
    'apnet',
    'a pyramid of attention: split, attend, merge, stack',
    'Chen et al., Person re-identification via attention pyramid, TIP 2021',
  ),
};

/** What a recipe's model is called; runs that were saved before there were kinds are a baseline's. */
const kindOf = ({ model }: Recipe): string => model.kind ?? 'baseline';

const BACKBONES: readonly CatalogueEntry[] = [
  ...[18, 34, 50].map((depth) =>
    entry(
      `resnet${depth}`,
      'residual network; --set model.backbone=, model.width, model.stem',
      'He et al., Deep residual learning for image recognition, CVPR 2016',
    ),
  ),
  entry('osnet', 'omni-scale network; in code', 'Zhou et al., Omni-scale feature learning, ICCV 2019'),
  entry('densenet', 'densely connected network; in code', 'Huang et al., Densely connected networks, CVPR 2017'),
  entry('inception', 'Inception-v3; in code', 'Szegedy et al., Rethinking the inception architecture, CVPR 2016'),
  entry('resnest', 'split-attention network; in code', 'Zhang et al., ResNeSt: split-attention networks, 2020'),
  entry('se-resnet', 'with squeeze and excitation; in code', 'Hu et al., Squeeze-and-excitation networks, CVPR 2018'),
];

const DATASET_SOURCES: Readonly<Record<string, string>> = {
  synthetic: 'drawn here',
  market1501: 'Zheng et al., Scalable person re-identification: a benchmark, ICCV 2015',
  duke: 'Ristani et al., ECCV workshops 2016; Zheng et al., ICCV 2017 (withdrawn in 2019)',
  cuhk03: 'Li et al., DeepReID, CVPR 2014; new protocol: Zhong et al., CVPR 2017',
  cuhk01: 'Li et al., Human reidentification with transferred metric learning, ACCV 2012',
  msmt17: 'Wei et al., Person transfer GAN, CVPR 2018',
  prid2011: 'Hirzer et al., Person re-identification by descriptive and discriminative classification, SCIA 2011',
  veri: 'Liu et al., Progressive vehicle re-identification, ECCV 2016',
};

const LOSSES: readonly CatalogueEntry[] = [
  entry(
    'identity',
    'cross entropy over the identities, smoothed; --set loss.labelSmoothing, loss.idWeight',
    'Szegedy et al., Rethinking the inception architecture, CVPR 2016',
  ),
  entry(
    'triplet',
    'the hardest pair of each picture in the batch, by a margin; --set loss.margin (a number, or soft), loss.tripletWeight',
    'Hermans et al., In defense of the triplet loss for person re-identification, 2017',
  ),
  entry(
    'center',
    "distance from the centre of one's class; in code",
    'Wen et al., A discriminative feature learning approach for deep face recognition, ECCV 2016',
  ),
];

const OPTIMISERS: readonly CatalogueEntry[] = [
  entry('adam', '--set optimiser.kind=adam', 'Kingma and Ba, Adam, ICLR 2015'),
  entry(
    'adamw',
    '--set optimiser.kind=adamw',
    'Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019',
  ),
  entry('sgd', '--set optimiser.kind=sgd; with momentum', 'as torch.optim.SGD'),
];

const SCHEDULES: readonly CatalogueEntry[] = [
  entry('constant', 'one rate'),
  entry('step', 'times gamma every so many epochs'),
  entry('multiStep', 'times gamma at each milestone'),
  entry('exponential', 'times gamma each epoch'),
  entry('cosine', 'half a cosine', 'Loshchilov and Hutter, SGDR, ICLR 2017'),
  entry('linear', 'a line'),
  entry('warmup', 'rises first; with any of the others', 'Goyal et al., Accurate, large minibatch SGD, 2017'),
];

const RANKING: readonly CatalogueEntry[] = [
  entry('mAP rect', 'precision at each match, averaged', 'torchreid, fast-reid and most papers'),
  entry('mAP trapezoid', 'by the trapezoidal rule', 'Zheng et al., ICCV 2015 (code of Market-1501 and MARS)'),
  entry('mAP tied', 'equal distances as one step', 'scikit-learn'),
  entry('CMC', 'share of queries with a match among the first k', 'Gray et al., PETS 2007'),
  entry(
    'mINP',
    'how early the last match comes',
    'Ye et al., Deep learning for person re-identification: a survey and outlook, TPAMI 2021',
  ),
  entry('TAR@FAR', 'pairs that are accepted rightly and wrongly; --verification'),
  entry('DIR@FAR', 'open set: known queries found, unknown ones let in; --verification'),
  entry('single shot', 'one gallery picture of each identity; --draws', 'Li et al., DeepReID, CVPR 2014'),
  entry(
    'multi-query',
    "all pictures of a query's identity and camera as one; --multi-query",
    'Zheng et al., ICCV 2015',
  ),
  entry(
    're-ranking',
    'k-reciprocal encoding; --rerank',
    'Zhong et al., Re-ranking person re-identification with k-reciprocal encoding, CVPR 2017',
  ),
  entry(
    'query expansion',
    'features averaged with their neighbours; --query-expansion',
    'Radenović et al., Fine-tuning CNN image retrieval with no human annotation, TPAMI 2019',
  ),
];

/** All that there is, by what it is. */
export const CATALOGUE: Readonly<Record<string, readonly CatalogueEntry[]>> = {
  recipes: [...recipes.values()].map((recipe) =>
    entry(recipe.name, recipe.about, MODELS[kindOf(recipe)]?.source ?? ''),
  ),
  models: Object.values(MODELS),
  backbones: BACKBONES,
  datasets: Object.entries(DATASET_KINDS).map(([name, form]) =>
    entry(name, form, DATASET_SOURCES[name] ?? 'your own pictures'),
  ),
  losses: LOSSES,
  optimisers: OPTIMISERS,
  schedules: SCHEDULES,
  metrics: RANKING,
  protocols: Object.entries(PROTOCOLS).map(([name, about]) =>
    entry(name, `a query leaves out ${about}; --protocol ${name}`),
  ),
  distances: Object.entries(DISTANCES).map(([name, about]) => entry(name, `${about}; --distance ${name}`)),
};
