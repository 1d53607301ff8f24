import { leaky } from './activation.js';
import { forRows, type RowTile, rowNumbers } from './rowtile.js';

/**
 * What a convolution does to its sums before it stores them: out = leaky(scale·sum + bias + residual), with a scale and a
 * bias for each output channel.
 */
export interface Epilogue {
  readonly scale: boolean;
  readonly bias: boolean;
  /** Of the shape of the output. */
  readonly residual: boolean;
  /** Of the activation below zero: 1 is none, 0 ReLU. */
  readonly slope: number;
}

/** The storage bindings of an epilogue, in their order, and the variant that they make. */
export const epilogueNames = ({ scale, bias, residual }: Epilogue): string[] => [
  ...(scale ? ['scale'] : []),
  ...(bias ? ['bias'] : []),
  ...(residual ? ['residual'] : []),
];

/** Their declarations; results are read and written `width` at a time. */
export const epilogueStorage = (epilogue: Epilogue, width: 1 | 4): string[] =>
  epilogueNames(epilogue).map((name) => `${name}: array<${name === 'residual' && width === 4 ? 'vec4f' : 'f32'}>`);

const four = (text: (i: number) => string) => [0, 1, 2, 3].map(text);

/** What is the same for a whole row, while all lanes are still there. */
export function scaleRows(tile: RowTile, { scale, bias }: Epilogue): string {
  const last = 'p.groups * p.out_channels - 1u';
  const factor = scale && rowNumbers(tile, 'scale', 'channel', last);
  const summand = bias && rowNumbers(tile, 'bias', 'channel', last);
  if (!factor && !summand) return '';
  return `${factor ? factor.declare : ''} ${summand ? summand.declare : ''}
  ${forRows(tile, (r) => `c${r} = c${r}${factor ? ` * ${factor.of(r)}` : ''}${summand ? ` + ${summand.of(r)}` : ''};`)}`;
}

/** Declares `put(at, sum, slope)`: finishes and writes four neighbours; `result` and `residual` are of `vec4f`. */
export const putQuad = ({ residual }: Epilogue): string => `${leaky('vec4f')}
fn put(at: u32, sum: vec4f, slope: f32) {
  result[at] = leaky(sum${residual ? ' + vec4f(residual[at])' : ''}, slope);
}`;

/** Declares `put(at, inside, sum, slope)`: the same for four numbers that lie anywhere, of which those inside count. */
export const putPixels = ({ residual }: Epilogue): string => `${leaky('vec4f')}
fn put(at: vec4u, inside: vec4<bool>, sum: vec4f, slope: f32) {
  var v = sum;
  ${residual ? four((i) => `if (inside[${i}]) { v[${i}] += f32(residual[at[${i}]]); }`).join(' ') : ''}
  v = leaky(v, slope);
  ${four((i) => `if (inside[${i}]) { result[at[${i}]] = v[${i}]; }`).join(' ')}
}`;
