import type { Input } from './inputs.js';

/** What is computed; reference.ts defines each by plain loops. */
export type Kind = 'matmul' | 'conv' | 'convBackward' | 'attention' | 'pairDistances' | 'blockStep';

/** A result of a case. */
export interface Output {
  readonly name: string;
  readonly shape: readonly number[];
  /** The largest relative l2 error against the reference. */
  readonly tolerance: number;
  /** The input that it started as: what is compared is the change, which the unchanged part would hide. */
  readonly from?: string;
}

/** One benchmark, the same for every program; plain data, since it travels to them as JSON. */
export interface PeerCase {
  readonly name: string;
  readonly kind: Kind;
  /** For people. */
  readonly what: string;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  /** Of convolutions. */
  readonly groups: number;
  /** Of the step of SGD. */
  readonly lr: number;
}

/** Of variance 1, as randn: a uniform number in ±√3. */
const UNIT = Math.sqrt(3);

const TOLERANCE = 1e-4;
/** A changed parameter is rounded to float32 at its own size, up to 1e4 times that of the change. */
const CHANGE_TOLERANCE = 1e-3;

type Shape = readonly number[];
type Drawn = readonly [name: string, shape: Shape, scale?: number, shift?: number];

const drawn = (inputs: readonly Drawn[]): Input[] =>
  inputs.map(([name, shape, scale = UNIT, shift = 0], i) => ({ name, shape, seed: i + 1, scale, shift }));

const output = (name: string, shape: Shape): Output => ({ name, shape, tolerance: TOLERANCE });

const plain = { groups: 1, lr: 0 } as const;

/** a b of two matrices [n, n]. */
export const matmulCase = (name: string, n: number): PeerCase => ({
  ...plain,
  name,
  kind: 'matmul',
  what: `product of two matrices [${n}, ${n}]`,
  inputs: drawn([
    ['a', [n, n]],
    ['b', [n, n]],
  ]),
  outputs: [output('c', [n, n])],
});

/** A 3×3 convolution with padding 1 of [n, c, h, w] to as many channels. */
export const convCase = (name: string, [n, c, h, w]: readonly [number, number, number, number], groups: number) => {
  const x = [n, c, h, w];
  const weight = [c, c / groups, 3, 3];
  const what = `3×3 convolution of [${x}], ${c} channels to ${c}${groups > 1 ? ` in ${groups} groups` : ''}`;
  return {
    forward: {
      ...plain,
      name: `${name}_fwd`,
      kind: 'conv',
      what,
      inputs: drawn([
        ['x', x],
        ['weight', weight],
      ]),
      outputs: [output('y', x)],
      groups,
    },
    backward: {
      ...plain,
      name: `${name}_bwd`,
      kind: 'convBackward',
      what: `gradients of input and weight of the ${what}, without the forward`,
      inputs: drawn([
        ['x', x],
        ['weight', weight],
        ['dy', x],
      ]),
      outputs: [output('dx', x), output('dweight', weight)],
      groups,
    },
  } as const satisfies Record<string, PeerCase>;
};

/** softmax(q kᵀ / √d) v for [batch, heads, n, d] each. */
export const attentionCase = (name: string, shape: readonly [number, number, number, number]): PeerCase => ({
  ...plain,
  name,
  kind: 'attention',
  what: `softmax(q kᵀ / √d) v, [${shape}] each`,
  inputs: drawn(['q', 'k', 'v'].map((one) => [one, shape] as const)),
  outputs: [output('y', shape)],
});

/** max(|xᵢ − yⱼ|², 0) of all rows of two matrices [rows, depth]. */
export const pairDistancesCase = (name: string, rows: number, depth: number): PeerCase => ({
  ...plain,
  name,
  kind: 'pairDistances',
  what: `squared distances of all rows of two matrices [${rows}, ${depth}]`,
  inputs: drawn([
    ['x', [rows, depth]],
    ['y', [rows, depth]],
  ]),
  outputs: [output('d', [rows, rows])],
});

/**
 * A training step of a residual block on x [n, c, h, w]: conv, norm, ReLU, conv, norm, the sum with x, ReLU; mean square
 * distance to a target; the gradients of x and all parameters; a step of SGD.
 */
export const blockStepCase = (name: string, shape: readonly [number, number, number, number]): PeerCase => {
  const c = shape[1];
  const scale = UNIT / Math.sqrt(9 * c);
  const layers = [1, 2].flatMap((i): Drawn[] => [
    [`weight${i}`, [c, c, 3, 3], scale],
    [`gamma${i}`, [c], 0.5, 1],
    [`beta${i}`, [c], 0.5],
  ]);
  return {
    ...plain,
    name,
    kind: 'blockStep',
    what: `residual block on [${shape}]: two 3×3 convolutions with batch norms, mean square loss, all gradients, SGD`,
    inputs: drawn([['x', shape], ['target', shape], ...layers]),
    outputs: [
      output('loss', [1]),
      output('dx', shape),
      ...layers.map(([of, size]) => ({ name: of, shape: size, tolerance: CHANGE_TOLERANCE, from: of })),
    ],
    lr: 1,
  };
};

const conv = convCase('conv', [8, 64, 64, 32], 1);
const gconv = convCase('gconv', [8, 256, 32, 16], 32);

/** Every case, at the sizes of bench/cases. */
export const peerCases: readonly PeerCase[] = [
  matmulCase('matmul512', 512),
  matmulCase('matmul1024', 1024),
  conv.forward,
  conv.backward,
  gconv.forward,
  gconv.backward,
  attentionCase('attention', [4, 8, 128, 64]),
  pairDistancesCase('pdist', 2048, 512),
  blockStepCase('block_step', [8, 64, 32, 16]),
];

/** The parameters of a block step, in the order of its inputs. */
export const parametersOf = ({ outputs }: PeerCase): string[] =>
  outputs.flatMap(({ name, from }) => (from === undefined ? [] : [name]));

/** The shape of an input. */
export function shapeOf({ name: of, inputs }: PeerCase, name: string): readonly number[] {
  const found = inputs.find((input) => input.name === name);
  if (!found) throw new Error(`${of} has no input "${name}"; it has ${inputs.map((one) => one.name).join(', ')}.`);
  return found.shape;
}
