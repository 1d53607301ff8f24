import { type Colour, hex, type MutableColour, mix } from './colour.js';
import type { Material, PanelPaint } from './panel.js';
import type { Sticker, Vehicle } from './vehicle.js';

const RUBBER = hex('161618');
const PLASTIC = hex('2b2d30');
const DUST = hex('8a7f6c');
const LAMP = hex('e8ecee');
const LAMP_GLASS = hex('8d959b');
const LETTERS = hex('f0b42a');
const CHROME = hex('c4c8cb');
const REVERSE_LAMP = hex('d8d0c8');
const SUNROOF = hex('15181b');
const SEAM = 0.42;

/** Writes a colour, times a brightness. */
export function put(out: MutableColour, colour: Colour, factor = 1): void {
  out[0] = colour[0] * factor;
  out[1] = colour[1] * factor;
  out[2] = colour[2] * factor;
}

/** All of one colour. */
export const plainPaint =
  (colour: Colour, material: Material = 'lacquer'): PanelPaint =>
  (_x, _y, _z, out) => {
    put(out, colour);
    return material;
  };

const between = (value: number, low: number, high: number): boolean => value >= low && value <= high;

/** Lacquer with dust that gets thicker downwards. */
function lacquer({ shape, dirt }: Vehicle, colour: Colour, y: number, out: MutableColour, factor = 1): Material {
  const low = 1 - Math.min(1, Math.max(0, (y - shape.floor) / (shape.belt - shape.floor)));
  put(out, mix(colour, DUST, 0.45 * dirt * low), factor);
  return 'lacquer';
}

/** True where a sticker is, by the place relative to its middle. */
function stuck({ shape, size }: Sticker, across: number, up: number): boolean {
  if (shape === 'disc') return Math.hypot(across, up) < size;
  if (Math.abs(across) > size || Math.abs(up) > size) return false;
  return shape === 'square' || ((up / size + 1) * 2.5) % 2 < 1.1;
}

/** Where doors begin and end, from the front. */
function seams({ body, shape }: Vehicle): number[] {
  if (body === 'bus') return [shape.axles[0] + 1.05, shape.axles[0] + 0.15, 0.4, -0.7];
  const first = shape.cowl - 0.12;
  const doors = body === 'saloon' || body === 'estate' || body === 'suv' || body === 'hatchback' ? 2 : 1;
  const last = Math.max(shape.axles[1] + shape.wheel + 0.02, shape.rearEnd + 0.3);
  return doors === 2 ? [first, (first + last) / 2 + 0.05, last] : [first, first - 1.05];
}

/** The sides, below the windows. */
export function sidePaint(vehicle: Vehicle): PanelPaint {
  const { body, shape, paint, plastic, stripe, lights, stickers } = vehicle;
  const { floor, belt, nose, tail, wheel, axles, length } = shape;
  const edges = seams(vehicle);
  const signs = stickers.filter(({ place }) => place === 'door');
  return (_x, y, z, out) => {
    for (const axle of axles) {
      if (Math.hypot(z - axle, y - wheel) < wheel + 0.065) {
        put(out, RUBBER, 0.6);
        return 'dull';
      }
    }
    if (plastic && y < floor + 0.17) {
      put(out, PLASTIC);
      return 'dull';
    }
    const front = length / 2;
    if (body !== 'bus' && z > front - 0.42 && between(y, nose - 0.05 - lights.height, nose - 0.05)) {
      put(out, LAMP, 0.85);
      return 'glass';
    }
    if (body !== 'lorry' && z < -front + 0.4 && between(y, tail - 0.06 - lights.height * 1.3, tail - 0.06)) {
      put(out, lights.rear);
      return 'glass';
    }
    const sign = signs.find((s) => stuck(s, z - s.at * 0.6, y - (floor + belt) / 2));
    if (sign) {
      put(out, sign.colour);
      return 'dull';
    }
    if (y > floor + 0.1 && edges.some((edge) => Math.abs(z - edge) < 0.014))
      return lacquer(vehicle, paint, y, out, SEAM);
    if (
      body !== 'bus' &&
      between(y, belt - 0.14, belt - 0.1) &&
      edges.slice(1).some((edge) => between(z - edge, 0.07, 0.24))
    ) {
      return lacquer(vehicle, paint, y, out, 0.6);
    }
    if (stripe && Math.abs(y - floor - stripe.height * (belt - floor)) < stripe.width / 2) {
      return lacquer(vehicle, stripe.colour, y, out);
    }
    return lacquer(vehicle, paint, y, out);
  };
}

/** The sides of the cabin: panes between pillars. */
export function windowPaint(vehicle: Vehicle): PanelPaint {
  const { body, shape, roofPaint, paint, glass } = vehicle;
  const { belt, roof, cowl, screenTop, roofEnd, rearEnd, panes } = shape;
  const pillar = body === 'bus' ? 0.09 : 0.07;
  return (_x, y, z, out) => {
    const up = (y - belt) / (roof - belt);
    const front = cowl + (screenTop - cowl) * up - 0.12;
    const back = rearEnd + (roofEnd - rearEnd) * up + (panes > 2 ? 0.14 : 0.2);
    const ceiling = body === 'bus' ? 0.72 : body === 'lorry' || body === 'van' ? 0.8 : 0.84;
    if (up > 0.05 && up < ceiling && z < front && z > back) {
      const place = ((front - z) / (front - back)) * panes;
      const near = (Math.min(place % 1, 1 - (place % 1)) * (front - back)) / panes;
      const inner = place > 0.5 && place < panes - 0.5;
      if (inner && near < pillar / 2) {
        put(out, body === 'bus' ? paint : RUBBER, body === 'bus' ? 0.8 : 1.2);
        return 'dull';
      }
      put(out, glass);
      return 'glass';
    }
    put(out, up > 0.5 || body === 'bus' ? roofPaint : paint, body === 'bus' && up < 0.05 ? SEAM : 1);
    return 'lacquer';
  };
}

/** A windscreen (`front`) or rear window: glass in a frame of lacquer, with what is stuck on it. */
export function screenPaint(vehicle: Vehicle, front: boolean, half: number): PanelPaint {
  const { shape, glass, paint, roofPaint, stickers, body } = vehicle;
  const place = front ? 'windscreen' : 'rear window';
  const here = stickers.filter((sticker) => sticker.place === place);
  return (x, y, _z, out) => {
    const up = (y - shape.belt) / (shape.roof - shape.belt);
    if (body === 'bus' && front && up > 0.8) {
      const letters = between(up, 0.84, 0.95) && Math.abs(x) < half * 0.6 && (x * 9 + 50) % 1 < 0.65;
      put(out, letters ? LETTERS : RUBBER);
      return 'dull';
    }
    if (Math.abs(x) > half * (1 - 0.16 * up) - 0.07 || up > (front ? 0.94 : 0.86) || up < (front ? 0.03 : 0.12)) {
      put(out, up > 0.5 ? roofPaint : paint);
      return 'lacquer';
    }
    // Under the roof of the windscreen as in the rear window's lower corners.
    const sticker = here.find((s) =>
      stuck(s, x - s.at * half * 0.8, (up - (front ? 0.78 : 0.35)) * (shape.roof - shape.belt)),
    );
    if (sticker) {
      put(out, sticker.colour);
      return 'dull';
    }
    put(out, glass, front ? 1.2 : 1);
    return 'glass';
  };
}

/** The front, from bumper to bonnet. */
export function frontPaint(vehicle: Vehicle, half: number): PanelPaint {
  const { shape, paint, plastic, lights, grille, plate, body } = vehicle;
  const { floor, nose } = shape;
  const top = nose - 0.05;
  return (x, y, _z, out) => {
    const across = Math.abs(x);
    if (across < 0.25 && between(y, floor + 0.13, floor + 0.25)) {
      put(out, plate, Math.floor((x + 1) * 22) % 2 && between(y, floor + 0.16, floor + 0.22) ? 0.6 : 1);
      return 'dull';
    }
    const low = body === 'bus' || body === 'lorry' ? floor + 0.3 : top - lights.height;
    if (across > half - lights.width && across < half - 0.03 && between(y, low, low + lights.height)) {
      const bulb = Math.hypot(
        (across - half + lights.width * 0.5) / lights.width,
        (y - low - lights.height / 2) / lights.height,
      );
      put(out, bulb < 0.36 ? LAMP : LAMP_GLASS, bulb < 0.36 ? 1.25 : 1);
      return 'glass';
    }
    if (lights.strip && between(y, low + lights.height * 0.4, low + lights.height * 0.6)) {
      put(out, LAMP);
      return 'glass';
    }
    if (across < half - lights.width - 0.06 && between(y, top - grille.height, top - 0.02)) {
      const bar = ((y - top + grille.height) / grille.height) * grille.bars;
      put(out, bar % 1 < 0.3 ? CHROME : grille.colour);
      return 'dull';
    }
    if (across < half * 0.75 && between(y, floor + 0.04, floor + 0.11)) {
      put(out, RUBBER);
      return 'dull';
    }
    if (plastic && y < floor + 0.3) {
      put(out, PLASTIC);
      return 'dull';
    }
    return lacquer(vehicle, paint, y, out);
  };
}

/** The back, from bumper to boot or window. */
export function backPaint(vehicle: Vehicle, half: number): PanelPaint {
  const { shape, paint, plastic, lights, plate } = vehicle;
  const { floor, tail } = shape;
  return (x, y, _z, out) => {
    const across = Math.abs(x);
    const top = tail - 0.06;
    if (across > half - lights.width && between(y, top - lights.height * 1.3, top)) {
      const inner = between(y, top - lights.height * 0.75, top - lights.height * 0.5);
      put(out, inner ? REVERSE_LAMP : lights.rear);
      return 'glass';
    }
    if (lights.strip && between(y, top - 0.09, top - 0.03)) {
      put(out, lights.rear);
      return 'glass';
    }
    const middle = floor + (tail - floor) * 0.5;
    if (across < 0.25 && between(y, middle - 0.06, middle + 0.06)) {
      put(out, plate);
      return 'dull';
    }
    if (plastic && y < floor + 0.25) {
      put(out, PLASTIC);
      return 'dull';
    }
    const seam = Math.abs(y - floor - 0.28) < 0.013 || (across < half - 0.1 && Math.abs(y - top - 0.03) < 0.01);
    return lacquer(vehicle, paint, y, out, seam ? SEAM : 1);
  };
}

/** Bonnet and boot lid, with seams along the edges. */
export function lidPaint(vehicle: Vehicle, half: number, from: number, to: number): PanelPaint {
  const bonnet = vehicle.stickers.filter(({ place }) => place === 'bonnet' && from > 0);
  return (x, y, z, out) => {
    const sticker = bonnet.find((s) => stuck(s, x - s.at * half, z - (from + to) / 2));
    if (sticker) {
      put(out, sticker.colour);
      return 'dull';
    }
    const seam = Math.abs(Math.abs(x) - half + 0.1) < 0.012;
    return lacquer(vehicle, vehicle.paint, y + 1, out, seam ? 0.55 : 1);
  };
}

/** The roof. */
export function roofPaint(vehicle: Vehicle, half: number): PanelPaint {
  const { shape, top, roofPaint: paint, body } = vehicle;
  const { screenTop, roofEnd } = shape;
  return (x, _y, z, out) => {
    if (top === 'sunroof' && Math.abs(x) < half * 0.6 && between(z, screenTop - 0.95, screenTop - 0.25)) {
      put(out, SUNROOF);
      return 'glass';
    }
    if (body === 'bus') {
      const vent =
        Math.abs(x) < 0.55 && [0.7, 0.3].some((share) => Math.abs(z - roofEnd - share * (screenTop - roofEnd)) < 0.5);
      put(out, paint, vent ? 0.75 : 1);
      return 'lacquer';
    }
    put(out, paint);
    return 'lacquer';
  };
}

/** A wheel seen from the side: tyre, rim and spokes; nothing outside of the circle. */
export function wheelPaint({ rims, shape }: Vehicle, axle: number): PanelPaint {
  const { wheel } = shape;
  return (_x, y, z, out) => {
    const [u, v] = [z - axle, y - wheel];
    const radius = Math.hypot(u, v) / wheel;
    if (radius > 1) return 'none';
    if (radius > 0.66) put(out, RUBBER, 1.1);
    else {
      const spoke = (Math.atan2(v, u) / (2 * Math.PI)) * rims.spokes;
      const gap = radius > 0.2 && Math.abs((((spoke % 1) + 1.5) % 1) - 0.5) > 0.24;
      put(out, rims.colour, gap ? 0.35 : 1);
    }
    return 'dull';
  };
}

/** The cargo box of a lorry. */
export function boxPaint({ box }: Vehicle, low: number, high: number): PanelPaint {
  return (_x, y, z, out) => {
    const up = (y - low) / (high - low);
    const ridge = Math.abs(((z * 2.2) % 1) + 0.5) % 1 < 0.08;
    put(out, box.band && between(up, 0.4, 0.62) ? box.band : box.paint, up < 0.04 || up > 0.96 ? 0.6 : ridge ? 0.9 : 1);
    return 'dull';
  };
}
