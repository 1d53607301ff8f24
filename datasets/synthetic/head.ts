import { fold, plain, put, smooth } from './cloth.js';
import { BLACK, type Colour, mix, scaled } from './colour.js';
import type { Person } from './person.js';
import type { Paint, Point, Solid } from './solid.js';

/** The head grows from here, so that larger ones do not sink into the neck. */
const CHIN = 0.868;

interface Place {
  /** A point of the usual head, on this one. */
  at(x: number, y: number, z: number): Point;
  /** A length. */
  size(length: number): number;
}

function placeFor({ head }: Person): Place {
  return { at: (x, y, z) => [x * head, CHIN + (y - CHIN) * head, z * head], size: (length) => length * head };
}

/** A rounded shell about the skull, of which only the part that `keep` names (on the usual head) exists. */
function shell(
  { at, size }: Place,
  { head }: Person,
  radius: number,
  paint: Paint,
  keep: (x: number, y: number, z: number) => boolean,
): Solid {
  return {
    from: at(0, 0.928, -0.006),
    fromRadius: size(radius - 0.004),
    to: at(0, 0.946, -0.008),
    toRadius: size(radius),
    paint,
    stretch: [0.93, 1, 1.06],
    keep: (x, y, z) => keep(x / head, CHIN + (y - CHIN) / head, z / head),
    gloss: 0.05,
  };
}

function face(person: Person, { at, size }: Place): Solid[] {
  const { skin, beard, hairColour, hair } = person;
  const lips: Colour = mix(skin, [0.62, 0.2, 0.2], 0.5);
  const shadow = person.head;
  const stubble: Colour = mix(hairColour, skin, hair === 'bald' ? 0.35 : 0.15);
  const paint: Paint = (x, y, z, _along, out) => {
    const [faceX, faceY] = [x / shadow, CHIN + (y - CHIN) / shadow];
    if (z > 0 && Math.abs(faceY - 0.895) < 0.0035 && Math.abs(faceX) < 0.015) put(out, lips);
    else if (beard && z > -0.004 && faceY < 0.909 - (Math.abs(faceX) < 0.012 ? 0.006 : 0)) put(out, stubble);
    else put(out, skin);
  };
  const head: Solid = {
    from: at(0, 0.898, 0.01),
    fromRadius: size(0.038),
    to: at(0, 0.942, -0.004),
    toRadius: size(0.0545),
    paint,
    stretch: [0.9, 1, 1.04],
  };
  const solids = [head];
  const eye = smooth(mix(BLACK, hairColour, 0.2));
  const brow = smooth(mix(hairColour, skin, 0.45));
  for (const sign of [1, -1]) {
    const pupil = at(sign * 0.0185, 0.927, 0.0475);
    solids.push({ from: pupil, fromRadius: size(0.0052), to: pupil, toRadius: size(0.0052), paint: eye });
    const [inner, outer] = [at(sign * 0.011, 0.939, 0.0495), at(sign * 0.028, 0.938, 0.0415)];
    solids.push({ from: inner, fromRadius: size(0.0035), to: outer, toRadius: size(0.003), paint: brow });
    const ear = at(sign * 0.047, 0.922, -0.006);
    solids.push({
      from: ear,
      fromRadius: size(0.0115),
      to: ear,
      toRadius: size(0.0115),
      paint: smooth(scaled(skin, 0.93)),
    });
  }
  const [bridge, tip] = [at(0, 0.924, 0.05), at(0, 0.911, 0.0565)];
  solids.push({ from: bridge, fromRadius: size(0.006), to: tip, toRadius: size(0.0085), paint: smooth(skin) });
  return solids;
}

function hairOf(person: Person, place: Place): Solid[] {
  const { at, size } = place;
  const { hair, hairColour, hat } = person;
  if (hair === 'bald') return [];
  const strands: Paint = (x, y, z, _along, out) => {
    put(out, hairColour);
    fold(out, x * 1.6, y, z * 1.6, 11);
  };
  const cap = (radius: number, back: number): Solid =>
    // The hairline rises from the nape over the ears to the forehead.
    shell(place, person, radius, strands, (_x, y, z) => y > back + 0.62 * (z + 0.06) && (z < 0.03 || y > 0.957));
  const strand = (from: Point, fromRadius: number, to: Point, toRadius: number, stretch: Point = [1, 1, 1]): Solid => ({
    from,
    fromRadius: size(fromRadius),
    to,
    toRadius: size(toRadius),
    paint: strands,
    stretch,
    gloss: 0.05,
  });
  switch (hair) {
    case 'crop':
      return [cap(0.0575, 0.9)];
    case 'short':
      return [cap(0.0625, 0.885)];
    case 'bob':
    case 'long': {
      const around = shell(place, person, 0.064, strands, (_x, y, z) => y > 0.962 || z < 0.018 - (y < 0.9 ? 0.01 : 0));
      const sides = strand(at(0, 0.94, -0.02), 0.058, at(0, 0.872, -0.026), 0.053, [1, 1, 0.8]);
      if (hair === 'bob') return [around, sides];
      return [around, sides, strand(at(0, 0.9, -0.032), 0.052, at(0, 0.775, -0.062), 0.042, [1.1, 1, 0.62])];
    }
    case 'ponytail':
      return [
        cap(0.0605, 0.89),
        strand(at(0, 0.958, -0.062), 0.017, at(0, 0.935, -0.088), 0.021),
        strand(at(0, 0.935, -0.088), 0.021, at(0, 0.83, -0.092), 0.013),
      ];
    case 'bun': {
      const bun = at(0, 0.985, -0.045);
      return hat ? [cap(0.0605, 0.89)] : [cap(0.0605, 0.89), strand(bun, 0.028, bun, 0.028)];
    }
    default: {
      const around = shell(place, person, hat ? 0.07 : 0.082, strands, (_x, y, z) => y > 0.968 || z < 0.03);
      return [around];
    }
  }
}

function hatOf(person: Person, place: Place): Solid[] {
  const { hat } = person;
  if (!hat) return [];
  const { at, size } = place;
  const felt = plain(hat.colour, 21);
  const dark = smooth(scaled(hat.colour, 0.8));
  const crown = (above: number, radius: number): Solid => shell(place, person, radius, felt, (_x, y) => y > above);
  const middle = at(0, 0.962, -0.004);
  switch (hat.kind) {
    case 'cap': {
      const visor: Solid = {
        from: at(0, 0.961, 0.035),
        fromRadius: size(0.045),
        to: at(0, 0.956, 0.078),
        toRadius: size(0.036),
        paint: dark,
        stretch: [1, 0.2, 1],
      };
      return [crown(0.955, 0.0665), visor];
    }
    case 'beanie': {
      const fold: Solid = shell(place, person, 0.0705, dark, (_x, y) => y > 0.945 && y < 0.967);
      return [crown(0.945, 0.068), fold];
    }
    default: {
      const brim: Solid = {
        from: middle,
        fromRadius: size(0.102),
        to: middle,
        toRadius: size(0.102),
        paint: felt,
        stretch: [1, 0.1, 1],
      };
      const band: Solid = shell(place, person, 0.068, dark, (_x, y) => y > 0.962 && y < 0.976);
      return [crown(0.955, 0.0665), band, brim];
    }
  }
}

/** Head, hair and hat. */
export function headOf(person: Person): Solid[] {
  const place = placeFor(person);
  return [...face(person, place), ...hairOf(person, place), ...hatOf(person, place)];
}
