import type { NamedArray } from '../../../engine/io/arrays.js';
import { FormatError } from '../../../engine/io/source.js';
import { formatShape, type Shape } from '../../../engine/shape.js';
import { GAM, type GroupsOf } from '../gam.js';
import { GAM_R50, type GAMOptions } from '../gam-options.js';
import { arraysOf, type ImportRow, importState, importTable, type StoredWeights } from './import.js';

/** Arrays of the trunk under our names, and how each is called in the file. */
type Renamed = ReadonlyMap<string, { readonly array: NamedArray; readonly from: string }>;

const TRUNK = 'CNN.base.';

/** torchvision's classifier, which the lineage keeps unused; the table of clusters, which belongs to a step of training. */
const LEFT_OUT = /^(?:CNN\.)?(?:base\.)?fc\.(?:weight|bias)$|(?:^|\.)V$/;

/** What a bottleneck has without its attention. */
const PLAIN = /^(?:conv[123]|bn[123]|downsample\.[01])\./;

/** The name of a tensor in the trunk as torchvision has it, whatever stands before it. */
const trunkName = (name: string): string | undefined =>
  /^(?:CNN\.)?(?:base\.)?((?:conv1|bn1)\.\w+|layer[1-4]\.\d+\..+)$/.exec(name)?.[1];

/** What a tensor of a block's attention is, by its shape: names differ between codes. */
function attentionPart(name: string, shape: Shape, channels: number): string | undefined {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const plane = shape.slice(2).every((n) => n === 1);
  const [rows, columns] = shape as [number, number];
  if (shape.length === 4 && rows === 1 && columns <= 2 && shape[2]! > 1) return 'spatial.weight';
  if ((shape.length === 2 || shape.length === 4) && plane && columns === channels && rows < channels)
    return 'fc1.weight';
  if ((shape.length === 2 || shape.length === 4) && plane && rows === channels && columns < channels)
    return 'fc2.weight';
  if (shape.length === 1 && rows === channels && last === 'bias') return 'fc2.bias';
  if (shape.length === 1 && rows > 1 && rows < channels && last === 'bias') return 'fc1.bias';
  if (shape.length === 1 && rows === 1 && /^(weight|bias|running_mean|running_var)$/.test(last))
    return `spatial_bn.${last}`;
  return last === 'num_batches_tracked' ? 'spatial_bn.num_batches_tracked' : undefined;
}

/** Channels behind each block, by `layer1.0`. */
function blockChannels(arrays: ReadonlyMap<string, NamedArray>): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, { shape }] of arrays) {
    const block = /^(layer\d\.\d+)\.conv3\.weight$/.exec(trunkName(name) ?? '')?.[1];
    if (block) found.set(block, shape[0]!);
  }
  return found;
}

/** A file's arrays under the names of this model; those that are nowhere keep theirs. */
function renamed(arrays: ReadonlyMap<string, NamedArray>): Renamed {
  const channels = blockChannels(arrays);
  const result = new Map<string, { array: NamedArray; from: string }>();
  for (const [from, array] of arrays) {
    const inner = trunkName(from);
    const [, block = '', rest = ''] = /^(layer\d\.\d+)\.(.+)$/.exec(inner ?? '') ?? [];
    const isPlain = block === '' || PLAIN.test(rest);
    const part = isPlain ? undefined : attentionPart(rest, array.shape, channels.get(block) ?? 0);
    const name = inner === undefined ? from : isPlain ? TRUNK + inner : part ? `${TRUNK}${block}.gam.${part}` : from;
    result.set(name, { array: flatAsPlane(array, name), from });
  }
  return result;
}

/** A matrix where the model has a 1×1 convolution. */
function flatAsPlane(array: NamedArray, name: string): NamedArray {
  if (!/\.gam\.fc[12]\.weight$/.test(name) || array.shape.length !== 2) return array;
  return { dtype: array.dtype, shape: [...array.shape, 1, 1], data: array.data } as NamedArray;
}

/** What a checkpoint's shapes say of its network. */
export interface InferredGAM {
  readonly options: Required<GAMOptions>;
  /** Groups of every convolution in the bottlenecks, by its name in the trunk. */
  readonly groups: ReadonlyMap<string, number>;
}

/**
 * Reads the network off a checkpoint's shapes: widths, blocks, groups of each convolution (inputs over the kernel's own), and which
 * switches of the attention are on. What shapes do not tell (strides, how things are combined) is as in `base`.
 *
 * @throws FormatError where it is no such trunk, or its shapes contradict each other
 */
export function inferGAM(checkpoint: StoredWeights, base: GAMOptions = GAM_R50): InferredGAM {
  const arrays = renamed(withoutLeftOut(arraysOf(checkpoint)));
  const shapeOf = (name: string): Shape | undefined => arrays.get(TRUNK + name)?.array.shape;
  const stem = shapeOf('conv1.weight');
  if (!stem || !shapeOf('layer1.0.conv1.weight')) {
    throw new FormatError(
      'it holds no bottleneck network: conv1.weight and layer1.0.conv1.weight are expected, with or without CNN.base. before them',
    );
  }
  const groups = new Map<string, number>();
  const blocks: number[] = [];
  let inputs = stem[0]!;
  for (let stage = 1; stage <= 4; stage++) {
    let count = 0;
    for (; shapeOf(`layer${stage}.${count}.conv1.weight`); count++) {
      const block = `layer${stage}.${count}`;
      const planes = shapeOf(`${block}.conv1.weight`)![0]!;
      const outputs = shapeOf(`${block}.conv3.weight`)?.[0] ?? 4 * planes;
      const given = { conv1: inputs, conv2: planes, conv3: planes, 'downsample.0': inputs };
      for (const [layer, channels] of Object.entries(given)) {
        const shape = shapeOf(`${block}.${layer}.weight`);
        if (!shape) continue;
        if (channels % shape[1]! !== 0) {
          throw new FormatError(
            `${block}.${layer}.weight ${formatShape(shape)} reads ${shape[1]} channels a group, which does not divide its ${channels} inputs`,
          );
        }
        groups.set(`${block}.${layer}`, channels / shape[1]!);
      }
      inputs = outputs;
    }
    blocks.push(count);
  }
  const attended = [...arrays.keys()].flatMap(
    (name) => /\.(layer\d\.\d+)\.gam\.spatial\.weight$/.exec(name)?.[1] ?? [],
  );
  const gate = shapeOf(`${attended[0]}.gam.fc1.weight`);
  const spatial = shapeOf(`${attended[0]}.gam.spatial.weight`);
  const all = blocks.reduce((sum, n) => sum + n, 0);
  const defaults = { ...GAM_R50, ...base };
  const given = defaults.gate === 'mlp' ? 'none' : defaults.gate;
  return {
    groups,
    options: {
      ...defaults,
      width: stem[0]!,
      stem: stem[2] === 7 ? 'imagenet' : 'small',
      blocks,
      groups: Math.max(...groups.values()),
      groupedStages: [1, 2, 3, 4].filter((stage) => groups.get(`layer${stage}.0.conv2`)! > 1),
      groupDownsample: (groups.get('layer4.0.downsample.0') ?? 1) > 1,
      attentionIn: attended.length === 0 ? 'none' : attended.length === all ? 'everyBlock' : 'stageEnds',
      gate: gate ? 'mlp' : given,
      reduction: gate ? Math.round(gate[1]! / gate[0]!) : defaults.reduction,
      gateBias: shapeOf(`${attended[0]}.gam.fc1.bias`) !== undefined,
      spatialPool: spatial ? (spatial[1] === 2 ? 'mean+max' : defaults.spatialPool) : defaults.spatialPool,
      spatialKernel: spatial?.[2] ?? defaults.spatialKernel,
      spatialBN: shapeOf(`${attended[0]}.gam.spatial_bn.weight`) !== undefined,
      embedDim: arrays.get('avg_pooling.embeding.weight')?.array.shape[0] ?? defaults.embedDim,
    },
  };
}

const withoutLeftOut = (arrays: ReadonlyMap<string, NamedArray>): Map<string, NamedArray> =>
  new Map([...arrays].filter(([name]) => !LEFT_OUT.test(name)));

export interface ImportGAMOptions {
  /** Take what fits even where tensors of the trunk do not. Default false. */
  readonly allowPartial?: boolean;
}

/**
 * Takes over a checkpoint of this lineage (or torchvision's ResNet-50, into a network without groups), and tells what became of every
 * name. Attention is matched by its shapes and its block, whatever it is called.
 *
 * @throws FormatError where groups differ (a dense kernel has no place in a grouped one), where a tensor of the trunk does not match
 *   (unless `allowPartial`), or where nothing fits
 */
export function importGAM(
  model: GAM,
  checkpoint: StoredWeights,
  { allowPartial = false }: ImportGAMOptions = {},
): ImportRow[] {
  const all = arraysOf(checkpoint);
  const arrays = renamed(withoutLeftOut(all));
  refuseOtherGroups(model, arrays);
  const rows = importState(model, new Map([...arrays].map(([name, { array }]) => [name, array])));
  const isTrunk = (name: string) => name.startsWith(TRUNK) || trunkName(name) !== undefined;
  const unmatched = rows.filter(({ name, action }) => action !== 'loaded' && isTrunk(name));
  const left = [...all].filter(([name]) => LEFT_OUT.test(name));
  const table: ImportRow[] = [
    ...rows,
    ...left.map(([name, { shape }]): ImportRow => ({ name, expected: undefined, found: shape, action: 'left out' })),
  ];
  if (unmatched.length > 0 && !allowPartial) {
    throw new FormatError(
      `${unmatched.length} tensors of the trunk do not match; allow a partial import to take the others:\n${importTable(table)}`,
    );
  }
  return table;
}

/** A kernel whose groups are others than the model's is another network: refused before anything is taken over. */
function refuseOtherGroups(model: GAM, arrays: Renamed): void {
  for (const [name, entry] of model.entries()) {
    const found = arrays.get(name);
    if (!found || !/\.(conv[123]|downsample\.0)\.weight$/.test(name) || !('shape' in entry)) continue;
    const [outputs, inputs] = entry.shape as [number, number];
    const { shape } = found.array;
    if (shape[0] !== outputs || shape[1] === inputs) continue;
    throw new FormatError(
      `${found.from} ${formatShape(shape)} reads ${shape[1]} channels a group, the model's ${formatShape(entry.shape)} reads ${inputs}: ` +
        'kernels cannot be loaded into a network of other groups. Build the model from the file (loadGAM), or take a preset with its groups',
    );
  }
}

/**
 * Builds the network that a checkpoint's shapes tell of, and loads it: dense, grouped and `gam-late` files alike.
 *
 * @throws FormatError as {@link inferGAM} and {@link importGAM}
 *
 * @example
 *   const { model, rows } = loadGAM((await readPth(bytes, 'gam.pth')).value);
 *   console.log(importTable(rows));
 */
export function loadGAM(
  checkpoint: StoredWeights,
  options: ImportGAMOptions & { readonly base?: GAMOptions } = {},
): { readonly model: GAM; readonly rows: ImportRow[] } {
  const { options: inferred, groups } = inferGAM(checkpoint, options.base);
  const groupsOf: GroupsOf = (layer) => groups.get(layer) ?? 1;
  const model = new GAM(inferred, groupsOf);
  return { model, rows: importGAM(model, checkpoint, options) };
}
