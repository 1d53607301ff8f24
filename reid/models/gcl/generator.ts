import { ShapeError } from '../../../engine/errors.js';
import { Conv2d, Identity, init, Linear, Module, Upsample } from '../../../engine/nn/index.js';
import { cat } from '../../../engine/ops/join.js';
import { slice } from '../../../engine/ops/view.js';
import { type Tensor, write } from '../../../engine/tensor.js';
import { ConvBlock, MLP, ResidualBlocks, SpacedPyramid } from './blocks.js';
import type { Style } from './norms.js';

export interface GeneratorOptions {
  /** Channels of the first layer. Default 16. */
  readonly width?: number;
  /** Residual blocks of the encoder and of the decoder. Default 4. */
  readonly blocks?: number;
  /** Channels of the identity encoder's map; a code has four times as many numbers. Default 2048. */
  readonly codeChannels?: number;
  /** Default 512. */
  readonly mlpWidth?: number;
  /** Channels of the picture of the structure. Default 1. */
  readonly inputs?: number;
}

const STYLE = { norm: 'in', activation: 'lrelu' } as const;
/** Runs that a code is cut into, each for a pair of networks. */
const RUNS = 4;
/** A map must be larger than the widest spacing of the pyramid on each side. */
const LEAST = 40;

/** The structure encoder: pictures [N, 1, H, W] → maps [N, 8 · width, H/4, W/4]. */
export class StructureEncoder extends Module {
  readonly model: readonly (ConvBlock | ResidualBlocks | SpacedPyramid)[];

  constructor({ width = 16, blocks = 4, inputs = 1 }: GeneratorOptions = {}) {
    super();
    this.model = [
      new ConvBlock(inputs, width, 3, { ...STYLE, stride: 2, padding: 1 }),
      new ConvBlock(width, 2 * width, 3, { ...STYLE, padding: 1 }),
      new ConvBlock(2 * width, 2 * width, 3, { ...STYLE, padding: 1 }),
      new ConvBlock(2 * width, 4 * width, 3, { ...STYLE, stride: 2, padding: 1 }),
      new ResidualBlocks(blocks, 4 * width, STYLE),
      new SpacedPyramid(4 * width, STYLE),
    ];
  }

  /** @throws ShapeError where a side is below 40 pixels or no multiple of 4 */
  forward(x: Tensor): Tensor {
    const [height, width] = x.shape.slice(-2) as [number, number];
    if (Math.min(height, width) < LEAST || height % 4 !== 0 || width % 4 !== 0) {
      throw new ShapeError(
        `StructureEncoder: pictures must be at least ${LEAST} pixels high and wide, in multiples of 4, not ${height}×${width}. ` +
          'Take 64×48, 128×64 or 256×128.',
      );
    }
    return this.model.reduce((y, layer) => layer.forward(y), x);
  }
}

/** Draws a picture [N, 3, H, W] from a map [N, C, H/4, W/4] in given styles. */
export class Decoder extends Module {
  readonly model: readonly [
    Identity,
    ResidualBlocks,
    Upsample,
    ConvBlock,
    Upsample,
    ConvBlock,
    ConvBlock,
    ConvBlock,
    ConvBlock,
  ];

  constructor(channels: number, blocks: number) {
    super();
    const larger = () => new Upsample({ scaleFactor: 2 });
    const block = (inputs: number, outputs: number, kernel: number, norm: 'ln' | 'none') =>
      new ConvBlock(inputs, outputs, kernel, { norm, padding: (kernel - 1) / 2, activation: 'lrelu' });
    this.model = [
      new Identity(),
      new ResidualBlocks(blocks, channels, { norm: 'adain', activation: 'lrelu' }),
      larger(),
      block(channels, channels / 2, 5, 'ln'),
      larger(),
      block(channels / 2, channels / 4, 5, 'ln'),
      block(channels / 4, channels / 4, 3, 'none'),
      block(channels / 4, channels / 4, 3, 'none'),
      new ConvBlock(channels / 4, 3, 1),
    ];
  }

  /** @param styles two for each residual block */
  forward(content: Tensor, styles: readonly Style[]): Tensor {
    const [, blocks, ...drawing] = this.model;
    return drawing.reduce((y, layer) => layer.forward(y), blocks.forward(content, styles));
  }
}

/**
 * GCL's generator: a structure encoder, a decoder, and eight small networks that turn a code of appearance into the styles of the
 * decoder's norms. A code is cut into four runs as it lies in memory, channel after channel, and each run drives one residual block
 * (with other numbers of blocks: its share of the norms).
 */
export class Generator extends Module {
  readonly enc_content: StructureEncoder;
  readonly dec: Decoder;
  readonly mlp_w1: MLP;
  readonly mlp_w2: MLP;
  readonly mlp_w3: MLP;
  readonly mlp_w4: MLP;
  readonly mlp_b1: MLP;
  readonly mlp_b2: MLP;
  readonly mlp_b3: MLP;
  readonly mlp_b4: MLP;
  readonly #channels: number;
  readonly #norms: number;
  readonly #codeChannels: number;

  constructor(options: GeneratorOptions = {}) {
    super();
    const { width = 16, blocks = 4, codeChannels = 2048, mlpWidth = 512 } = options;
    this.#channels = 8 * width;
    this.#norms = 2 * blocks;
    this.#codeChannels = codeChannels;
    this.enc_content = new StructureEncoder(options);
    this.dec = new Decoder(this.#channels, blocks);
    const mlp = () => new MLP(codeChannels, (this.#norms * this.#channels) / RUNS, mlpWidth);
    this.mlp_w1 = mlp();
    this.mlp_w2 = mlp();
    this.mlp_w3 = mlp();
    this.mlp_w4 = mlp();
    this.mlp_b1 = mlp();
    this.mlp_b2 = mlp();
    this.mlp_b3 = mlp();
    this.mlp_b4 = mlp();
    this.apply(initialise);
  }

  /**
   * Changes the first layers of the eight small networks, as they begin, so that each number of a code comes to them with mean 0 and
   * deviation 1 over some pictures (after Krähenbühl et al., "Data-dependent initializations of convolutional neural networks", ICLR
   * 2016). Means of an encoder's map are all above 0 and differ little from picture to picture: without this a generator draws everybody
   * in the mean of all colours for a long time. What it can learn, and its checkpoints' names, stay as they are.
   *
   * @param codes [N, 4 · codeChannels], row by row
   */
  async fitCodes(codes: Float32Array, dimension: number): Promise<void> {
    const { means, deviations } = momentsOf(codes, dimension);
    const nets = [
      [this.mlp_w1, this.mlp_b1],
      [this.mlp_w2, this.mlp_b2],
      [this.mlp_w3, this.mlp_b3],
      [this.mlp_w4, this.mlp_b4],
    ];
    for (const [run, pair] of nets.entries()) {
      const start = run * this.#codeChannels;
      const end = start + this.#codeChannels;
      for (const { model } of pair)
        await fitLayer(model[0]!.fc, means.subarray(start, end), deviations.subarray(start, end));
    }
  }

  /** The norms' styles for codes [N, 4 · codeChannels]. */
  styles(code: Tensor): Style[] {
    if (code.shape[1] !== RUNS * this.#codeChannels) {
      throw new ShapeError(`Generator: codes have ${code.shape[1]} numbers, not ${RUNS * this.#codeChannels}.`);
    }
    const run = (i: number) => slice(code, 1, i * this.#codeChannels, (i + 1) * this.#codeChannels);
    const of = (nets: readonly MLP[]) =>
      cat(
        nets.map((net, i) => net.forward(run(i))),
        1,
      );
    const weights = of([this.mlp_w1, this.mlp_w2, this.mlp_w3, this.mlp_w4]);
    const biases = of([this.mlp_b1, this.mlp_b2, this.mlp_b3, this.mlp_b4]);
    const ofNorm = (t: Tensor, k: number) => slice(t, 1, k * this.#channels, (k + 1) * this.#channels);
    return Array.from({ length: this.#norms }, (_, k) => ({ weight: ofNorm(weights, k), bias: ofNorm(biases, k) }));
  }

  /** Structure [N, 1, H, W] → its map. */
  encode(structure: Tensor): Tensor {
    return this.enc_content.forward(structure);
  }

  /** A map and codes of appearance → pictures in ImageNet's normalisation, not bounded. */
  decode(content: Tensor, code: Tensor): Tensor {
    return this.dec.forward(content, this.styles(code));
  }

  forward(structure: Tensor, code: Tensor): Tensor {
    return this.decode(this.encode(structure), code);
  }
}

/** N(0, 2 / fan_in) and biases of 0. */
function initialise(module: Module): void {
  if (!(module instanceof Conv2d || module instanceof Linear)) return;
  init.kaimingNormal_(module.weight, { mode: 'fan_in', nonlinearity: 'relu' });
  if (module.bias) init.constant_(module.bias, 0);
}

/** Least deviation of a number, as a share of the mean deviation of all: below it there is nothing to tell pictures apart by. */
const LEAST_DEVIATION = 0.01;

/** Mean and deviation of each column. */
function momentsOf(rows: Float32Array, columns: number): { means: Float64Array; deviations: Float64Array } {
  const count = rows.length / columns;
  const means = new Float64Array(columns);
  const deviations = new Float64Array(columns);
  rows.forEach((value, i) => {
    means[i % columns]! += value / count;
  });
  rows.forEach((value, i) => {
    deviations[i % columns]! += (value - means[i % columns]!) ** 2 / count;
  });
  deviations.forEach((variance, k) => {
    deviations[k] = Math.sqrt(variance);
  });
  const least = (LEAST_DEVIATION * deviations.reduce((sum, d) => sum + d, 0)) / columns || 1;
  return { means, deviations: deviations.map((d) => Math.max(d, least)) };
}

/** W x + b → W (x − mean) / deviation + b, as new weights. */
async function fitLayer({ weight, bias }: Linear, means: Float64Array, deviations: Float64Array): Promise<void> {
  const inputs = means.length;
  const weights = Float32Array.from((await weight.read()) as Float32Array, (w, i) => w / deviations[i % inputs]!);
  const biases = Float32Array.from((await bias!.read()) as Float32Array);
  weights.forEach((w, i) => {
    biases[Math.floor(i / inputs)]! -= w * means[i % inputs]!;
  });
  write(weight, weights);
  write(bias!, biases);
}
