import { philoxKey } from '../random/philox.js';
import { fillNormal, fillUniform } from '../shaders/random.js';
import { currentGpu } from './gpu.js';
import { type Shape, sizeOf } from './shape.js';
import { empty, runInto, type Tensor, type TensorOptions } from './tensor.js';

/** Where the GPU's random numbers stand: the seed and how many draws each were made since. Plain data, for checkpoints. */
export interface RandomPosition {
  readonly seed: number;
  readonly draws: number;
}

let seed = 0;
let draws = 0;

/** Starts the GPU's random numbers anew: the same seed gives the same numbers on every adapter. */
export function manualSeed(value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`manualSeed: the seed must be a whole number from 0 to 4294967295, got ${value}.`);
  }
  seed = value;
  draws = 0;
}

export const randomPosition = (): RandomPosition => ({ seed, draws });

/** Goes on from a position that randomPosition gave. */
export function restoreRandomPosition(position: RandomPosition): void {
  seed = position.seed;
  draws = position.draws;
}

/** What a shader needs to make its random numbers: a key for the seed and the purpose, and which draw it is. */
export interface Draw {
  readonly key: readonly [number, number];
  readonly index: number;
}

/** The next draw for a purpose. */
export function nextDraw(purpose: string): Draw {
  return { key: philoxKey(seed, purpose), index: draws++ };
}

/** The next draw, and the same of a replayed step that begins `moved` draws later (see Refresh). */
export function nextDraws(purpose: string): (moved: number) => Draw {
  const { index } = nextDraw(purpose);
  return (moved) => ({ key: philoxKey(seed, purpose), index: index + moved });
}

/** Uniform random numbers in [low, high); the same as RandomStream(seed, 'uniform', draw) gives on the CPU. */
export function uniform(shape: Shape, low = 0, high = 1, options: TensorOptions = {}): Tensor {
  const out = empty(options.gpu ?? currentGpu(), shape, 'float32', 'uniform');
  const draw = nextDraws('uniform');
  const shader = (moved: number) => fillUniform({ n: sizeOf(shape), low, high, ...draw(moved) });
  runInto(shader(0), [], [out], (moved) => shader(moved).params!);
  out.requiresGrad = options.requiresGrad ?? false;
  return out;
}

/** Standard normal random numbers, by Box and Muller's formula. */
export function randn(shape: Shape, options: TensorOptions = {}): Tensor {
  const out = empty(options.gpu ?? currentGpu(), shape, 'float32', 'randn');
  const draw = nextDraws('normal');
  const shader = (moved: number) => fillNormal({ n: sizeOf(shape), ...draw(moved) });
  runInto(shader(0), [], [out], (moved) => shader(moved).params!);
  out.requiresGrad = options.requiresGrad ?? false;
  return out;
}
