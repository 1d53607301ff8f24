import { fold, limb, plain, printed, put, second, smooth } from './cloth.js';
import { BLACK, type Colour, mix, scaled, WHITE } from './colour.js';
import type { Person } from './person.js';
import type { Pose } from './pose.js';
import type { Paint, Point, Solid } from './solid.js';

/** A trunk is this deep for a width of 1. */
const DEPTH: Point = [1, 1, 0.66];

/** How far a garment stands off the body. */
const EASE = { shirt: 0.003, hoodie: 0.011, jacket: 0.012, coat: 0.014, dress: 0.002 };

const between = (a: Point, b: Point, share: number): Point => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
];

const both = [0, 1] as const;

/** The strap of a bag that hangs across the chest, or the two of a backpack. */
function strapAt({ bag, legs }: Person, x: number, y: number, z: number): boolean {
  if (bag?.kind === 'backpack') return z > 0 && y > legs + 0.13 && Math.abs(Math.abs(x) - 0.056) < 0.0125;
  if (bag?.kind !== 'shoulder') return false;
  const middle = bag.side * (-0.065 + 0.17 * ((0.82 - y) / 0.32));
  return Math.abs(x - middle) < 0.0115;
}

/** The trunk's cloth: pattern, opening, print and straps. */
function trunkPaint(person: Person, pose: Pose, layer: number): Paint {
  const { upper, bag } = person;
  const { cloth, inner, print, printColour, backPrint } = upper;
  const top = 0.835;
  const printHeight = pose.chest[1] - 0.01;
  const zip: Colour = mix(cloth.main, WHITE, 0.5);
  return (x, y, z, _along, out) => {
    if (bag && strapAt(person, x, y, z)) {
      put(out, bag.kind === 'backpack' ? scaled(bag.colour, 0.85) : bag.colour);
      return;
    }
    const across = Math.atan2(x, z * 1.5) * 0.09;
    if (inner && z > 0 && Math.abs(x) < 0.016 + 0.032 * (top - y)) put(out, inner);
    else if (printed(print, backPrint, x, y, z, printHeight)) put(out, printColour);
    else if (upper.kind === 'hoodie' && z > 0 && Math.abs(x) < 0.004) put(out, zip);
    else put(out, second(cloth, across, top - y) ? cloth.second : cloth.main);
    fold(out, x, y, z, layer);
  };
}

/** Height of the lowest hem of a skirt, dress or coat; undefined for people in trousers or shorts. */
function hemOf({ upper, lower, legs: hip }: Person): number | undefined {
  if (upper.kind === 'dress') return hip - 0.2;
  if (lower.kind === 'long skirt') return 0.13;
  if (lower.kind === 'skirt') return hip - 0.21;
  return upper.kind === 'coat' ? hip - 0.17 : undefined;
}

/** A skirt, or the part of a coat or dress below the waist: a cone cut at the hem. */
function skirt(top: Point, topRadius: number, hem: number, hemRadius: number, paint: Paint): Solid {
  return {
    from: top,
    fromRadius: topRadius,
    to: [0, hem - 0.08, 0],
    toRadius: hemRadius,
    paint,
    stretch: [1, 1, 0.86],
    keep: (_x, y) => y > hem,
  };
}

function trunk(person: Person, pose: Pose, layer: number): Solid[] {
  const { girth, shoulders, hips, upper, lower, legs } = person;
  const ease = EASE[upper.kind];
  const paint = trunkPaint(person, pose, layer);
  const chest = 0.04 * girth + 0.044 * shoulders;
  const waist = 0.071 * girth;
  const hip = 0.04 * girth + 0.042 * hips;
  const hem = legs + { shirt: 0.005, hoodie: 0.015, jacket: 0.01, coat: 0, dress: 0 }[upper.kind];
  const above = (_x: number, y: number): boolean => y > hem;
  const solids: Solid[] = [
    { from: pose.chest, fromRadius: chest + ease, to: pose.waist, toRadius: waist + ease, paint, stretch: DEPTH },
    {
      from: pose.waist,
      fromRadius: waist + ease,
      to: pose.crotch,
      toRadius: hip + ease,
      paint,
      stretch: DEPTH,
      keep: above,
    },
    // The seat, in the lower garment's cloth, shows below the hem.
    {
      from: pose.pelvis,
      fromRadius: waist,
      to: pose.crotch,
      toRadius: hip - 0.002,
      paint: limb(lower.cloth, 0, 0.1, 0, layer + 1),
      stretch: DEPTH,
    },
  ];
  for (const i of both) {
    const shoulder = pose.shoulders[i];
    solids.push({ from: pose.neck, fromRadius: 0.026, to: shoulder, toRadius: 0.031 + ease / 2, paint });
  }
  if (upper.kind === 'coat') solids.push(skirt(pose.waist, waist + ease, legs - 0.17, hip + 0.03, paint));
  if (upper.kind === 'dress') solids.push(skirt(pose.waist, waist + ease, legs - 0.2, hip + 0.036, paint));
  else if (lower.kind === 'skirt' || lower.kind === 'long skirt') {
    const long = lower.kind === 'long skirt';
    const down = limb(lower.cloth, 0, long ? 0.42 : 0.27, 0, layer + 1);
    const across: Paint = (x, y, z, along, out) => {
      put(out, second(lower.cloth, Math.atan2(x, z) * 0.1, pose.pelvis[1] - y) ? lower.cloth.second : lower.cloth.main);
      if (lower.cloth.pattern === 'plain') down(x, y, z, along, out);
      else fold(out, x, y, z, layer + 1);
    };
    solids.push(skirt(pose.pelvis, waist, long ? 0.13 : legs - 0.21, hip + (long ? 0.045 : 0.032), across));
  }
  if (upper.kind === 'hoodie') {
    const hood = plain(scaled(upper.sleeveColour ?? upper.cloth.main, 0.92), layer);
    solids.push({ from: [0, 0.838, -0.036], fromRadius: 0.05, to: [0, 0.805, -0.05], toRadius: 0.035, paint: hood });
  }
  if (upper.kind === 'jacket' || upper.kind === 'coat') {
    const collar = plain(scaled(upper.cloth.main, 0.85), layer);
    solids.push({ from: [0, 0.838, -0.006], fromRadius: 0.041, to: [0, 0.856, -0.01], toRadius: 0.038, paint: collar });
  }
  if (person.scarf) {
    const wool = plain(person.scarf, layer + 5);
    solids.push({ from: [0, 0.842, 0.004], fromRadius: 0.049, to: [0, 0.862, 0.002], toRadius: 0.042, paint: wool });
    solids.push({ from: [0.022, 0.84, 0.05], fromRadius: 0.017, to: [0.03, 0.72, 0.072], toRadius: 0.02, paint: wool });
  }
  return solids;
}

function arms(person: Person, pose: Pose, layer: number): Solid[] {
  const { upper, girth, skin } = person;
  const ease = EASE[upper.kind] * 0.8;
  const thick = 0.7 + 0.3 * girth;
  const bare = smooth(skin);
  const cloth = upper.sleeveColour ? { ...upper.cloth, main: upper.sleeveColour } : upper.cloth;
  const solids: Solid[] = [];
  for (const i of both) {
    const [shoulder, elbow, hand] = [pose.shoulders[i], pose.elbows[i], pose.hands[i]];
    const sleeve = (start: number, length: number): Paint => limb(cloth, shoulder[0], length, start, layer + 2 + i);
    const [top, middle, end] = [0.031 * thick, 0.025 * thick, 0.018 * thick];
    if (upper.sleeves === 'long') {
      solids.push({
        from: shoulder,
        fromRadius: top + ease,
        to: elbow,
        toRadius: middle + ease,
        paint: sleeve(0.04, 0.155),
      });
      const cuff = between(elbow, hand, 0.9);
      solids.push({
        from: elbow,
        fromRadius: middle + ease,
        to: cuff,
        toRadius: end + ease,
        paint: sleeve(0.195, 0.13),
      });
    } else {
      solids.push({ from: shoulder, fromRadius: top, to: elbow, toRadius: middle - 0.003, paint: bare });
      solids.push({ from: elbow, fromRadius: middle - 0.003, to: hand, toRadius: end - 0.002, paint: bare });
      if (upper.sleeves === 'short') {
        const to = between(shoulder, elbow, 0.62);
        solids.push({ from: shoulder, fromRadius: top + 0.006, to, toRadius: middle + 0.01, paint: sleeve(0.04, 0.1) });
      }
    }
    const tip: Point = [hand[0], hand[1] - 0.022, hand[2] + 0.004];
    solids.push({ from: hand, fromRadius: 0.0175, to: tip, toRadius: 0.0135, paint: bare });
  }
  return solids;
}

/** Radii of a trouser leg at hip, knee and ankle. */
const LEG = {
  slim: [0.05, 0.034, 0.024],
  straight: [0.052, 0.041, 0.034],
  wide: [0.055, 0.05, 0.052],
  bare: [0.047, 0.033, 0.021],
} as const;

function shoe(person: Person, ankle: Point, toe: Point): Solid {
  const { colour, sole } = person.shoes;
  const heel: Point = [ankle[0], ankle[1] - 0.018, ankle[2] - 0.012];
  const [heelRadius, toeRadius] = [0.0255, 0.0195];
  const paint: Paint = (_x, y, _z, along, out) => {
    const bottom = heel[1] - heelRadius + (toe[1] - toeRadius - heel[1] + heelRadius) * along;
    put(out, y < bottom + 0.0125 ? sole : colour);
  };
  return { from: heel, fromRadius: heelRadius, to: toe, toRadius: toeRadius, paint, gloss: 0.12 };
}

function legs(person: Person, pose: Pose, layer: number): Solid[] {
  const { lower, upper, girth, skin, shoes } = person;
  const covered = lower.kind === 'slim' || lower.kind === 'straight' || lower.kind === 'wide';
  const trousers = covered && upper.kind !== 'dress';
  const thick = 0.62 + 0.38 * girth;
  const [top, middle, end] = LEG[trousers ? (lower.kind as keyof typeof LEG) : 'bare'].map((radius) => radius * thick);
  const solids: Solid[] = [];
  // Legs end at the hem, so that no knee pushes through the cloth.
  const hem = hemOf(person);
  const keep = hem === undefined ? undefined : (_x: number, y: number): boolean => y < hem + 0.01;
  for (const i of both) {
    const [hip, knee, ankle] = [pose.hips[i], pose.knees[i], pose.ankles[i]];
    const outside = i === 0 ? 1 : -1;
    const cloth = (start: number, length: number, middleX: number): Paint => {
      const base = limb(lower.cloth, middleX, length, start, layer + 4 + i);
      const { seam } = lower;
      if (!seam) return base;
      return (x, y, z, along, out) => {
        base(x, y, z, along, out);
        if (Math.abs(z - hip[2]) < 0.5 && (x - middleX) * outside > 0.62 * middle!) put(out, seam);
      };
    };
    const bare = lower.tights && !trousers && lower.kind !== 'shorts' ? smooth(lower.tights) : smooth(skin);
    const [upperPaint, lowerPaint] = trousers ? [cloth(0.05, 0.22, knee[0]), cloth(0.27, 0.22, knee[0])] : [bare, bare];
    solids.push({ from: hip, fromRadius: top!, to: knee, toRadius: middle!, paint: upperPaint, keep });
    solids.push({ from: knee, fromRadius: middle!, to: ankle, toRadius: end!, paint: lowerPaint, keep });
    if (lower.kind === 'shorts' && upper.kind !== 'dress') {
      const end = between(hip, knee, 0.9);
      solids.push({
        from: hip,
        fromRadius: 0.052 * thick,
        to: end,
        toRadius: 0.047 * thick,
        paint: cloth(0.05, 0.2, knee[0]),
      });
      const sock = between(knee, ankle, 0.72);
      solids.push({ from: sock, fromRadius: 0.026, to: ankle, toRadius: 0.023, paint: plain(shoes.sole, layer) });
    }
    if (shoes.kind === 'boots') {
      const shaft = between(knee, ankle, 0.5);
      const radius = Math.max(0.031, trousers && lower.kind === 'slim' ? 0.033 : 0.03);
      solids.push({
        from: shaft,
        fromRadius: radius,
        to: ankle,
        toRadius: 0.027,
        paint: smooth(shoes.colour),
        gloss: 0.1,
      });
    }
    solids.push(shoe(person, ankle, pose.toes[i]));
  }
  return solids;
}

/** The dressed body without its head. `layer` picks the folds, so that no two pictures crease alike. */
export function dressedBody(person: Person, pose: Pose, layer: number): Solid[] {
  const neck: Solid = {
    from: [0, 0.8, 0],
    fromRadius: 0.03,
    to: [0, 0.885, 0.006],
    toRadius: 0.027,
    paint: smooth(person.skin),
  };
  return [neck, ...trunk(person, pose, layer), ...arms(person, pose, layer), ...legs(person, pose, layer)];
}

/** What somebody carries. */
export function luggage({ bag, legs: hip }: Person, pose: Pose): Solid[] {
  if (!bag) return [];
  const { kind, colour, trim, side, size } = bag;
  const leather: Paint = (_x, y, _z, along, out) =>
    put(out, along > 0.3 && along < 0.42 && y > 0 ? mix(colour, BLACK, 0.4) : colour);
  if (kind === 'backpack') {
    const [top, bottom]: [Point, Point] = [
      [0, 0.765, -0.095],
      [0, hip + 0.105, -0.108],
    ];
    const depth: Point = [1, 1, 0.72];
    const pocket = between(top, bottom, 0.75);
    return [
      {
        from: top,
        fromRadius: 0.066 * size,
        to: bottom,
        toRadius: 0.078 * size,
        paint: smooth(colour),
        stretch: depth,
      },
      {
        from: [0, pocket[1] + 0.015, -0.128 - 0.02 * size],
        fromRadius: 0.045 * size,
        to: [0, pocket[1] - 0.02, -0.13 - 0.02 * size],
        toRadius: 0.048 * size,
        paint: smooth(trim),
        stretch: [1, 1, 0.6],
      },
    ];
  }
  if (kind === 'shoulder') {
    const x = side * 0.125;
    return [
      {
        from: [x, hip - 0.005, 0.04 * size],
        fromRadius: 0.052 * size,
        to: [x, hip - 0.005, -0.045 * size],
        toRadius: 0.052 * size,
        paint: leather,
        stretch: [0.5, 1, 1],
        gloss: 0.12,
      },
    ];
  }
  const hand = side > 0 ? pose.hands[0] : pose.hands[1];
  const [x, y, z] = [hand[0] + side * 0.008, hand[1] - 0.105, hand[2]];
  const handle = smooth(mix(colour, BLACK, 0.35));
  const holder = (shift: number): Solid => ({
    from: hand,
    fromRadius: 0.006,
    to: [x, y + 0.03, z + shift],
    toRadius: 0.006,
    paint: handle,
  });
  return [
    holder(0.035),
    holder(-0.035),
    {
      from: [x, y, z + 0.04 * size],
      fromRadius: 0.048 * size,
      to: [x, y, z - 0.04 * size],
      toRadius: 0.048 * size,
      paint: (_x, pointY, _z, _along, out) => put(out, pointY > y + 0.018 ? trim : colour),
      stretch: [0.42, 1, 1],
      gloss: 0.1,
    },
  ];
}
