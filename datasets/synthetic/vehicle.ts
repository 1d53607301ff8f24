import type { RandomStream } from '../../random/philox.js';
import { BLACK, type Colour, draw, hex, mix, varied, type Weighted, WHITE } from './colour.js';

export type Body = 'hatchback' | 'saloon' | 'estate' | 'suv' | 'van' | 'pickup' | 'bus' | 'lorry';

/** Lengths in metres; z runs from the front bumper (`length / 2`) to the back one. */
export interface Shape {
  readonly length: number;
  readonly width: number;
  /** Underside, lower edge of the windows, roof. */
  readonly floor: number;
  readonly belt: number;
  readonly roof: number;
  /** Height of the bonnet's front edge and of the boot's back edge. */
  readonly nose: number;
  readonly tail: number;
  /** Where the windscreen begins and ends, and the roof and the rear window end. */
  readonly cowl: number;
  readonly screenTop: number;
  readonly roofEnd: number;
  readonly rearEnd: number;
  readonly wheel: number;
  readonly axles: readonly [front: number, back: number];
  /** How far the cabin leans inwards, from belt to roof. */
  readonly lean: number;
  /** Side windows. */
  readonly panes: number;
}

/** A piece of coloured film on a pane, or a sign on a door. */
export interface Sticker {
  readonly place: 'windscreen' | 'rear window' | 'door' | 'bonnet';
  readonly shape: 'disc' | 'square' | 'bars';
  readonly colour: Colour;
  /** From -1 (right) to 1 (left); for doors the place along the side. */
  readonly at: number;
  readonly size: number;
}

/** All that makes a vehicle recognisable. */
export interface Vehicle {
  readonly body: Body;
  readonly shape: Shape;
  readonly paint: Colour;
  /** Of the roof, where it is another colour. */
  readonly roofPaint: Colour;
  /** Of the cargo box of a lorry, and whether it has a band. */
  readonly box: { readonly paint: Colour; readonly band?: Colour };
  /** Unpainted bumpers and sills. */
  readonly plastic: boolean;
  readonly glass: Colour;
  readonly rims: { readonly colour: Colour; readonly spokes: number };
  readonly lights: { readonly width: number; readonly height: number; readonly strip: boolean; readonly rear: Colour };
  readonly grille: { readonly height: number; readonly colour: Colour; readonly bars: number };
  readonly plate: Colour;
  readonly top: 'none' | 'sunroof' | 'rails' | 'rack' | 'taxi sign';
  readonly topColour: Colour;
  readonly stripe?: { readonly colour: Colour; readonly height: number; readonly width: number };
  readonly stickers: readonly Sticker[];
  /** Dust on the lower parts, 0..1. */
  readonly dirt: number;
}

const PAINTS: Weighted<Colour> = [
  [5, hex('e6e6e2')],
  [4, hex('26272b')],
  [4, hex('a9adb1')],
  [3, hex('6a6e73')],
  [3, hex('a81f25')],
  [2.5, hex('24489a')],
  [1, hex('6fa3d8')],
  [1.5, hex('d8b02c')],
  [1, hex('d9701f')],
  [1.2, hex('2f7044')],
  [1, hex('6b4a33')],
  [1.2, hex('c8b48c')],
  [0.6, hex('5b2a4a')],
];

const LORRY_BOXES: Weighted<Colour> = [
  [4, hex('e2e2de')],
  [1, hex('9aa0a4')],
  [1, hex('2f5fa8')],
  [1, hex('b8322c')],
  [1, hex('3d7a4a')],
  [0.7, hex('d8a62c')],
];

/** What bodies usually measure, in metres; see `Shape`. */
const SHAPES: Readonly<Record<Body, Shape>> = {
  hatchback: {
    ...{ length: 3.9, width: 1.7, floor: 0.22, belt: 0.92, roof: 1.48, nose: 0.76, tail: 0.9 },
    ...{ cowl: 1.0, screenTop: 0.3, roofEnd: -1.45, rearEnd: -1.82, wheel: 0.31, axles: [1.2, -1.22] as const },
    ...{ lean: 0.2, panes: 2 },
  },
  saloon: {
    ...{ length: 4.6, width: 1.78, floor: 0.2, belt: 0.92, roof: 1.43, nose: 0.74, tail: 0.94 },
    ...{ cowl: 1.0, screenTop: 0.3, roofEnd: -0.95, rearEnd: -1.6, wheel: 0.32, axles: [1.38, -1.35] as const },
    ...{ lean: 0.24, panes: 2 },
  },
  estate: {
    ...{ length: 4.6, width: 1.78, floor: 0.2, belt: 0.93, roof: 1.47, nose: 0.74, tail: 0.9 },
    ...{ cowl: 1.0, screenTop: 0.3, roofEnd: -1.85, rearEnd: -2.18, wheel: 0.32, axles: [1.38, -1.35] as const },
    ...{ lean: 0.2, panes: 3 },
  },
  suv: {
    ...{ length: 4.5, width: 1.86, floor: 0.3, belt: 1.08, roof: 1.72, nose: 0.96, tail: 1.05 },
    ...{ cowl: 1.05, screenTop: 0.45, roofEnd: -1.75, rearEnd: -2.1, wheel: 0.38, axles: [1.35, -1.35] as const },
    ...{ lean: 0.18, panes: 3 },
  },
  van: {
    ...{ length: 4.7, width: 1.84, floor: 0.24, belt: 1.1, roof: 1.95, nose: 0.95, tail: 1.1 },
    ...{ cowl: 1.75, screenTop: 1.05, roofEnd: -2.2, rearEnd: -2.3, wheel: 0.33, axles: [1.45, -1.4] as const },
    ...{ lean: 0.12, panes: 3 },
  },
  pickup: {
    ...{ length: 5.1, width: 1.84, floor: 0.32, belt: 1.06, roof: 1.72, nose: 0.95, tail: 1.04 },
    ...{ cowl: 1.15, screenTop: 0.55, roofEnd: -0.55, rearEnd: -0.7, wheel: 0.38, axles: [1.55, -1.5] as const },
    ...{ lean: 0.2, panes: 2 },
  },
  bus: {
    ...{ length: 9, width: 2.45, floor: 0.32, belt: 1.25, roof: 2.95, nose: 1.2, tail: 1.2 },
    ...{ cowl: 4.42, screenTop: 4.3, roofEnd: -4.42, rearEnd: -4.45, wheel: 0.46, axles: [2.9, -2.5] as const },
    ...{ lean: 0.06, panes: 6 },
  },
  lorry: {
    ...{ length: 6, width: 2.1, floor: 0.45, belt: 1.25, roof: 2.15, nose: 1.1, tail: 1.2 },
    ...{ cowl: 2.75, screenTop: 2.45, roofEnd: 1.35, rearEnd: 1.3, wheel: 0.42, axles: [2.1, -1.7] as const },
    ...{ lean: 0.1, panes: 1 },
  },
};

/** The shape of one model: every length a little its own. */
function drawShape(body: Body, random: RandomStream): Shape {
  const usual = SHAPES[body];
  const [long, wide, high] = [random.range(0.94, 1.07), random.range(0.96, 1.04), random.range(0.96, 1.05)];
  const along = (z: number, slack = 0.1): number => z * long + random.range(-slack, slack) * (body === 'bus' ? 0.1 : 1);
  const up = (y: number): number => y * high;
  return {
    ...usual,
    length: usual.length * long,
    width: usual.width * wide,
    floor: up(usual.floor),
    belt: up(usual.belt) + random.range(-0.04, 0.04),
    roof: up(usual.roof),
    nose: up(usual.nose) + random.range(-0.05, 0.03),
    tail: up(usual.tail) + random.range(-0.04, 0.03),
    cowl: along(usual.cowl, 0.08),
    screenTop: along(usual.screenTop, 0.08),
    roofEnd: along(usual.roofEnd, 0.08),
    rearEnd: along(usual.rearEnd, 0.06),
    wheel: usual.wheel * random.range(0.95, 1.08),
    axles: [usual.axles[0] * long, usual.axles[1] * long],
    lean: usual.lean * random.range(0.8, 1.2),
  };
}

const FILM: readonly Colour[] = ['d0262e', '2b5fc0', 'e6bf2f', '2f8a4e', 'e27a2a', 'eceae4', '1b1b1f', 'e88fb0'].map(
  hex,
);

function drawStickers(random: RandomStream): Sticker[] {
  const stickers: Sticker[] = [];
  const add = (place: Sticker['place'], chance: number, size: readonly [number, number]): void => {
    if (random.uniform() >= chance) return;
    const shape = random.choice(['disc', 'square', 'bars'] as const);
    stickers.push({
      place,
      shape,
      colour: random.choice(FILM),
      at: random.range(-0.75, 0.75),
      size: random.range(...size),
    });
  };
  add('windscreen', 0.6, [0.07, 0.12]);
  add('windscreen', 0.4, [0.06, 0.1]);
  add('rear window', 0.45, [0.09, 0.16]);
  add('door', 0.3, [0.16, 0.28]);
  add('bonnet', 0.12, [0.14, 0.24]);
  return stickers;
}

/**
 * Draws one vehicle's looks.
 *
 * @example
 *   const vehicle = drawVehicle(new RandomStream(seed, 'synthetic vehicle', 12));
 */
export function drawVehicle(random: RandomStream): Vehicle {
  const body = draw<Body>(
    [
      [4, 'saloon'],
      [3, 'hatchback'],
      [3, 'suv'],
      [1.5, 'estate'],
      [2, 'van'],
      [1.3, 'pickup'],
      [1, 'bus'],
      [1.6, 'lorry'],
    ],
    random,
  );
  const shape = drawShape(body, random);
  const paint = varied(draw(PAINTS, random), random, 0.05);
  const twoTone = random.uniform() < (body === 'bus' ? 0.5 : 0.14);
  const small = body !== 'bus' && body !== 'lorry';
  const top = small
    ? draw<Vehicle['top']>(
        [
          [4, 'none'],
          [1.5, 'sunroof'],
          [1.5, 'rails'],
          [0.8, 'rack'],
          [body === 'saloon' ? 1.2 : 0.2, 'taxi sign'],
        ],
        random,
      )
    : 'none';
  const other = random.choice([WHITE, BLACK, ...FILM.slice(0, 5)]);
  return {
    body,
    shape,
    paint,
    roofPaint: twoTone ? random.choice([WHITE, BLACK]) : paint,
    box: {
      paint: varied(draw(LORRY_BOXES, random), random, 0.04),
      ...(random.uniform() < 0.5 ? { band: random.choice(FILM) } : {}),
    },
    plastic: random.uniform() < (body === 'suv' || body === 'pickup' ? 0.6 : 0.25),
    glass: mix(hex('1d252b'), hex('3c4a44'), random.uniform()),
    rims: { colour: random.choice(['c9cccf', 'a3a7ab', '3a3c40', '8f9498'].map(hex)), spokes: 4 + random.integer(4) },
    lights: {
      width: random.range(0.24, 0.42),
      height: random.range(0.12, 0.22),
      strip: random.uniform() < 0.25,
      rear: random.choice(['b01c20', '8c1418', 'c8402c'].map(hex)),
    },
    grille: {
      height: random.range(0.12, 0.3),
      colour: random.choice(['17181a', '2a2c30', '9a9ea2'].map(hex)),
      bars: 1 + random.integer(4),
    },
    plate: random.choice(['2f5fb8', '2f5fb8', 'e2c83a', 'e6e6e2'].map(hex)),
    top,
    topColour: top === 'taxi sign' ? random.choice(['e6bf2f', 'eceae4', '2f8a4e'].map(hex)) : hex('33363a'),
    ...(random.uniform() < (small ? 0.16 : 0.5)
      ? { stripe: { colour: other, height: random.range(0.35, 0.75), width: random.range(0.06, 0.2) } }
      : {}),
    stickers: drawStickers(random),
    dirt: random.uniform() ** 2,
  };
}
