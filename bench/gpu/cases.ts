/** What is measured: plain data, which the engine's side and PyTorch's both read. */

export type Pass = 'forward' | 'dx' | 'dw';

export interface ConvWork {
  readonly kind: 'conv';
  readonly pass: Pass;
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

export interface MatmulWork {
  readonly kind: 'matmul';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export interface AttentionWork {
  readonly kind: 'attention';
  readonly pass: 'forward' | 'backward';
  /** Images times heads. */
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
}

export interface DistanceWork {
  readonly kind: 'distance';
  readonly m: number;
  readonly n: number;
  readonly depth: number;
}

export interface NormWork {
  readonly kind: 'batchNorm';
  readonly pass: 'forward' | 'backward';
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** x + y: what the memory gives. */
export interface AddWork {
  readonly kind: 'add';
  readonly size: number;
}

/** A step of the strong baseline on a ResNet-50 with last stride 1. */
export interface TrainWork {
  readonly kind: 'train';
  /** Batches to try, the largest first, where memory is short. */
  readonly batches: readonly number[];
  readonly height: number;
  readonly width: number;
  readonly identities: number;
  /** Images of an identity. */
  readonly images: number;
}

export type Work = ConvWork | MatmulWork | AttentionWork | DistanceWork | NormWork | AddWork | TrainWork;

export interface Measured<W extends Work = Work> {
  readonly name: string;
  readonly work: W;
}

/** Multiply-adds count twice; exponentials and the like are left out. */
export function flopsOf(work: Work): number {
  switch (work.kind) {
    case 'conv': {
      const { batch, channels, outputs, kernel, groups } = work;
      const [h, w] = outOf(work);
      return 2 * batch * outputs * h * w * (channels / groups) * kernel * kernel;
    }
    case 'matmul':
      return 2 * work.m * work.n * work.k;
    case 'attention':
      // Backward: dV, dP, dQ, dK, and the scores once again.
      return (work.pass === 'forward' ? 4 : 10) * work.batch * work.queries * work.keys * work.depth;
    case 'distance':
      return 2 * work.m * work.n * work.depth;
    case 'batchNorm':
      return (work.pass === 'forward' ? 8 : 11) * sizeOf(work);
    case 'add':
      return work.size;
    case 'train':
      return 0;
  }
}

/** Bytes that must at least be read and written. */
export function bytesOf(work: Work): number {
  switch (work.kind) {
    case 'conv': {
      const { batch, channels, outputs, height, width, kernel, groups } = work;
      const [h, w] = outOf(work);
      return (
        4 * (batch * (channels * height * width + outputs * h * w) + (outputs * channels * kernel * kernel) / groups)
      );
    }
    case 'matmul':
      return 4 * (work.m * work.k + work.k * work.n + work.m * work.n);
    case 'attention':
      return 4 * work.batch * (work.queries + work.keys) * work.depth * (work.pass === 'forward' ? 2 : 4);
    case 'distance':
      return 4 * ((work.m + work.n) * work.depth + work.m * work.n);
    case 'batchNorm':
      // The statistics need a reading of their own.
      return 4 * sizeOf(work) * (work.pass === 'forward' ? 3 : 5);
    case 'add':
      return 12 * work.size;
    case 'train':
      return 0;
  }
}

const sizeOf = ({ batch, channels, height, width }: NormWork) => batch * channels * height * width;

type Geometry = Pick<ConvWork, 'height' | 'width' | 'kernel' | 'stride' | 'padding'>;

/** Height and width of a convolution's result. */
export const outOf = ({ height, width, kernel, stride, padding }: Geometry): [number, number] => [
  Math.floor((height + 2 * padding - kernel) / stride) + 1,
  Math.floor((width + 2 * padding - kernel) / stride) + 1,
];

/** How large everything is. */
export interface Sizes {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly matmul: number;
  readonly distance: readonly [m: number, n: number, depth: number];
  /** Images times heads, and tokens. */
  readonly attention: readonly (readonly [batch: number, tokens: number])[];
  readonly add: number;
  readonly train: TrainWork;
}

const TRAIN = { kind: 'train', identities: 751, images: 4 } as const;

/** For a GPU: the sizes that re-identification is trained and evaluated at. */
export const LARGE: Sizes = {
  batch: 64,
  height: 256,
  width: 128,
  matmul: 4096,
  distance: [3368, 15913, 2048],
  attention: [
    [768, 128],
    [32, 2048],
  ],
  add: 2 ** 26,
  train: { ...TRAIN, batches: [64, 32, 16, 8], height: 256, width: 128 },
};

/** For an adapter that computes on the CPU. */
export const SMALL: Sizes = {
  batch: 2,
  height: 128,
  width: 64,
  matmul: 512,
  distance: [200, 1030, 512],
  attention: [
    [12, 128],
    [2, 384],
  ],
  add: 2 ** 20,
  train: { ...TRAIN, batches: [8, 4], height: 64, width: 32 },
};

type Layer = Omit<ConvWork, 'kind' | 'pass' | 'batch'>;

/** The convolutions of a ResNet-50 with last stride 1, each shape once: every stage's 3×3s first, which cost the most. */
export function resnetLayers(height: number, width: number): Layer[] {
  const layers: Layer[] = [];
  const add = (channels: number, outputs: number, kernel: number, stride: number, h: number, w: number) => {
    const padding = (kernel - 1) / 2;
    const layer = { channels, outputs, kernel, stride, padding, groups: 1, height: h, width: w };
    if (!layers.some((other) => nameOf(other) === nameOf(layer))) layers.push(layer);
  };
  let [channels, h, w] = [64, height / 4, width / 4];
  add(3, 64, 7, 2, height, width);
  for (const [stage, stride] of [1, 2, 2, 1].entries()) {
    const planes = 64 * 2 ** stage;
    const [outH, outW] = [h / stride, w / stride];
    add(channels, planes, 1, 1, h, w);
    add(planes, planes, 3, stride, h, w);
    add(planes, 4 * planes, 1, 1, outH, outW);
    add(channels, 4 * planes, 1, stride, h, w);
    add(4 * planes, planes, 1, 1, outH, outW);
    add(planes, planes, 3, 1, outH, outW);
    [channels, h, w] = [4 * planes, outH, outW];
  }
  return layers.sort((a, b) => rank(a) - rank(b));
}

const rank = ({ kernel }: Layer) => [3, 1, 7].indexOf(kernel);

/** As `conv3x3 128-128 s2 @64x32`. */
export function nameOf({ channels, outputs, kernel, stride, groups, height, width }: Layer): string {
  const grouped = groups === 1 ? '' : groups === channels ? ' depthwise' : ` g${groups}`;
  return `conv${kernel}x${kernel} ${channels}-${outputs}${grouped}${stride === 1 ? '' : ` s${stride}`} @${height}x${width}`;
}

/** Grouped convolutions of eight channels a group, and depthwise ones. */
export function groupedLayers(height: number, width: number): Layer[] {
  const [h, w] = [height / 4, width / 4];
  const base = { kernel: 3, stride: 1, padding: 1 };
  return [
    { ...base, channels: 256, outputs: 256, groups: 32, height: h, width: w },
    { ...base, channels: 512, outputs: 512, groups: 64, height: h / 2, width: w / 2 },
    { ...base, channels: 256, outputs: 256, groups: 256, height: h, width: w },
    { ...base, channels: 512, outputs: 512, groups: 512, height: h / 2, width: w / 2, stride: 2 },
  ];
}

const PASSES: readonly Pass[] = ['forward', 'dx', 'dw'];

/** A layer as three cases; the gradient of the images is never asked for. */
export const passesOf = (layer: Layer, batch: number): Measured<ConvWork>[] =>
  PASSES.filter((pass) => pass !== 'dx' || layer.channels > 3).map((pass) => ({
    name: `${nameOf(layer)} ${pass}`,
    work: { kind: 'conv', pass, batch, ...layer },
  }));

/** Everything that is measured, the most telling first. */
export function measured(sizes: Sizes): Measured[] {
  const { batch, height, width, matmul, distance, attention, add, train } = sizes;
  const [m, n, depth] = distance;
  const norms = [
    [256, height / 4, width / 4],
    [512, height / 16, width / 16],
  ] as const;
  const [first, ...rest] = resnetLayers(height, width).map((layer) => passesOf(layer, batch));
  return [
    { name: `matmul ${matmul}^3`, work: { kind: 'matmul', m: matmul, n: matmul, k: matmul } },
    { name: `add ${add}`, work: { kind: 'add', size: add } },
    ...first!,
    { name: 'train step ResNet-50', work: train },
    ...rest.flat(),
    ...groupedLayers(height, width).flatMap((layer) => passesOf(layer, batch)),
    ...norms.flatMap(([channels, h, w]) =>
      (['forward', 'backward'] as const).map((pass): Measured => {
        const work = { kind: 'batchNorm', pass, batch, channels, height: h, width: w } as const;
        return { name: `batchNorm ${channels} @${h}x${w} ${pass}`, work };
      }),
    ),
    ...attention.flatMap(([items, tokens]) =>
      (['forward', 'backward'] as const).map((pass): Measured => {
        const work = { kind: 'attention', pass, batch: items, queries: tokens, keys: tokens, depth: 64 } as const;
        return { name: `attention ${items}x${tokens}x64 ${pass}`, work };
      }),
    ),
    { name: `distance ${m}x${n}x${depth}`, work: { kind: 'distance', m, n, depth } },
  ];
}
