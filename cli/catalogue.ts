import { DATASET_KINDS } from '../datasets/open.node.js';
import { type AnyRecipe, recipes } from '../reid/recipes/index.js';
import { METHODS } from './cluster-options.js';
import { CONVENTIONS, DISTANCES, PROTOCOLS } from './evaluation-options.js';

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
  fgreid: entry(
    'fgreid',
    'two residual networks, a map of attention and a non-local block, of pictures and of clips',
    'Pathak, Fine-grained re-identification, 2020',
  ),
  gam: entry(
    'gam',
    'bottlenecks in groups with attention to channels and positions, trained without labels',
    'Nikhal and Riggan, Unsupervised attention based instance discriminative learning, WACV 2021; reconstructed',
  ),
  gcl: entry(
    'gcl',
    'an encoder of identities and a generator that draws its pictures from other sides, trained without labels',
    'Chen et al., Joint generative and contrastive learning for unsupervised person re-identification, CVPR 2021; TPAMI 2023',
  ),
  encoder: entry(
    'encoder',
    'a residual network that gives features and nothing else, trained without labels',
    'Dai et al., Cluster contrast for unsupervised person re-identification, ACCV 2022',
  ),
};

/** What a recipe's model is called; runs that were saved before there were kinds are a baseline's. */
const kindOf = ({ model }: AnyRecipe): string => model.kind ?? 'baseline';

const BACKBONES: readonly CatalogueEntry[] = [
  ...[18, 34, 50].map((depth) =>
    entry(
      `resnet${depth}`,
      'residual network; --set model.backbone=, model.width, model.stem',
      'He et al., Deep residual learning for image recognition, CVPR 2016',
    ),
  ),
  entry('osnet', 'omni-scale network; in code', 'Zhou et al., Omni-scale feature learning, ICCV 2019'),
  entry(
    'densenet',
    'densely connected network; in code',
    'Huang et al., Densely connected convolutional networks, CVPR 2017',
  ),
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
  veri: 'Liu et al., A deep learning-based approach to progressive vehicle re-identification, ECCV 2016',
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
  entry(
    'fgreid',
    'identity, triplet, centre and soft mining losses, prototypes, and the agreement of two branches; --set loss.beta_ratio, loss.var_weight …',
    'Pathak, Fine-grained re-identification, 2020',
  ),
  entry(
    'clustering',
    'cross entropy over a table of clusters, without labels; --set loss.aclSharpness, loss.aclWeight',
    'Lin et al., A bottom-up clustering approach to unsupervised person re-identification, AAAI 2019',
  ),
  entry(
    'instance',
    'two views of a picture find each other; --set loss.idlWeight, loss.idlTau, loss.idlForm',
    'Ye et al., Unsupervised embedding learning via invariant and spreading instance feature, CVPR 2019',
  ),
  entry(
    'cluster contrast',
    'features against the remembered centres of all clusters; --set loss.temperature, loss.momentum, loss.hard',
    'Dai et al., Cluster contrast for unsupervised person re-identification, ACCV 2022',
  ),
  entry(
    'hybrid memory',
    'features against the mean of the remembered pictures of each cluster; in code',
    'Ge et al., Self-paced contrastive learning with hybrid memory, NeurIPS 2020',
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
    'spatial-temporal',
    'similarity fused with the time from camera to camera; --spatial-temporal',
    'Wang et al., Spatial-temporal person re-identification, AAAI 2019',
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
  entry(
    'purity, NMI, AMI, ARI, V',
    'clusters beside known identities; cluster',
    'Vinh et al., Information theoretic measures for clusterings comparison, JMLR 2010',
  ),
];

const CLUSTERING_SOURCES: Readonly<Record<keyof typeof METHODS, string>> = {
  dbscan:
    'Ester et al., A density-based algorithm for discovering clusters, KDD 1996; on Jaccard distances as SpCL and Cluster-Contrast',
  average: 'Lance and Williams, A general theory of classificatory sorting strategies, 1967',
  complete: 'Lance and Williams, 1967',
  single: 'Lance and Williams, 1967',
  ward: 'Ward, Hierarchical grouping to optimize an objective function, 1963',
  kmeans: 'Lloyd 1957; Arthur and Vassilvitskii, k-means++, SODA 2007',
};

const CLUSTERINGS: readonly CatalogueEntry[] = (Object.keys(METHODS) as (keyof typeof METHODS)[]).map((name) =>
  entry(name, `${METHODS[name]}; cluster --method ${name}`, CLUSTERING_SOURCES[name]),
);

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
  clusterings: CLUSTERINGS,
  metrics: RANKING,
  protocols: [
    ...Object.entries(PROTOCOLS).map(([name, about]) => entry(name, `a query leaves out ${about}; --protocol ${name}`)),
    ...Object.entries(CONVENTIONS).map(([name, about]) => entry(name, `${about}; evaluate --protocol ${name}`)),
  ],
  distances: Object.entries(DISTANCES).map(([name, about]) => entry(name, `${about}; --distance ${name}`)),
};
