import { hex } from './colour.js';
import {
  backPaint,
  boxPaint,
  frontPaint,
  lidPaint,
  plainPaint,
  roofPaint,
  screenPaint,
  sidePaint,
  wheelPaint,
  windowPaint,
} from './livery.js';
import type { Panel, PanelPaint } from './panel.js';
import type { Point } from './solid.js';
import type { Vehicle } from './vehicle.js';

const BOTH = [1, -1] as const;

/** How far the corners of bumpers go inwards, across and along. */
const CORNER = { across: 0.17, along: 0.3 };

const DARK = plainPaint(hex('1a1b1d'), 'dull');

const mirrored = (points: readonly Point[], side: 1 | -1): Point[] => points.map(([x, y, z]) => [side * x, y, z]);

/** A strip across the vehicle between two edges, each given by half its length, height and place along. */
const strip = (from: Point, to: Point, paint: PanelPaint, inside: Point, bend?: Panel['bend']): Panel => ({
  corners: [from, to, [-to[0], to[1], to[2]], [-from[0], from[1], from[2]]],
  paint,
  inside,
  ...(bend ? { bend } : {}),
});

/** A box by its corners. */
function box([x0, y0, z0]: Point, [x1, y1, z1]: Point, paint: PanelPaint): Panel[] {
  const inside: Point = [(x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2];
  const face = (...corners: Point[]): Panel => ({ corners, paint, inside });
  return [
    face([x0, y0, z0], [x1, y0, z0], [x1, y1, z0], [x0, y1, z0]),
    face([x0, y0, z1], [x1, y0, z1], [x1, y1, z1], [x0, y1, z1]),
    face([x0, y0, z0], [x0, y0, z1], [x0, y1, z1], [x0, y1, z0]),
    face([x1, y0, z0], [x1, y0, z1], [x1, y1, z1], [x1, y1, z0]),
    face([x0, y1, z0], [x1, y1, z0], [x1, y1, z1], [x0, y1, z1]),
  ];
}

/** Where the body, without a lorry's box, ends. */
const backOf = ({ body, shape }: Vehicle): number => (body === 'lorry' ? shape.rearEnd - 0.02 : -shape.length / 2);

/** Everything below the windows. */
function lowerBody(vehicle: Vehicle): Panel[] {
  const { body, shape } = vehicle;
  const { floor, belt, nose, tail, cowl, rearEnd } = shape;
  const half = shape.width / 2;
  const [front, back] = [shape.length / 2, backOf(vehicle)];
  const narrow = half - CORNER.across;
  const square = body === 'bus' || body === 'lorry';
  const along = square ? 0.12 : CORNER.along;
  const [shoulder, hip] = [front - along, back + (square ? 0.06 : along * 0.8)];
  const middle: Point = [0, (floor + belt) / 2, (front + back) / 2];
  const below: Point = [0, 0, middle[2]];
  const high = (z: number): number => belt + ((nose - belt) * (cowl - z)) / (cowl - front);
  const bonnetEnd = Math.min(shoulder, front);
  const shoulderHeight = cowl < shoulder ? high(shoulder) : belt;
  const bend = (x: number, y: number, z: number): Point => [0, (y - middle[1]) * 0.9, (z - middle[2]) * 0.05 + 0 * x];
  const bulge = (x: number, y: number): Point => [x * 0.4, (y - middle[1]) * 0.6, 0];
  const panels: Panel[] = [];
  for (const side of BOTH) {
    const outline: Point[] = [
      [half, floor, hip],
      [half, floor, shoulder],
      [half, shoulderHeight, shoulder],
      ...(cowl < shoulder ? [[half, belt, cowl] as Point] : []),
      [half, belt, Math.max(rearEnd, hip)],
      ...(rearEnd > hip ? [[half, tail, hip] as Point] : []),
    ];
    panels.push({ corners: mirrored(outline, side), paint: sidePaint(vehicle), inside: middle, bend });
    const corner = (z: number, end: number, top: number, endTop: number): Panel => ({
      corners: mirrored(
        [
          [half, floor, z],
          [half, top, z],
          [narrow, endTop, end],
          [narrow, floor, end],
        ],
        side,
      ),
      paint: sidePaint(vehicle),
      inside: middle,
      bend,
    });
    panels.push(corner(shoulder, front, shoulderHeight, nose), corner(hip, back, tail, tail - 0.04));
  }
  panels.push(strip([narrow, floor, front], [narrow, nose, front], frontPaint(vehicle, narrow), middle, bulge));
  panels.push(strip([narrow, floor, back], [narrow, tail - 0.04, back], backPaint(vehicle, narrow), middle, bulge));
  const lid = (from: number, to: number): PanelPaint => lidPaint(vehicle, half, from, to);
  const arch = (x: number): Point => [x * 0.3, 0, 0];
  if (cowl < bonnetEnd) {
    panels.push(strip([half, belt, cowl], [half, shoulderHeight, shoulder], lid(cowl, shoulder), below, arch));
  }
  panels.push(
    strip([half, shoulderHeight, shoulder], [narrow, nose, front], lid(cowl, front), below, (x) => [x * 0.3, 0, 0.4]),
  );
  const bed = body === 'pickup';
  const deck: PanelPaint = bed
    ? (x, y, z, out) => {
        const inner = Math.abs(x) < half - 0.1 && z > back + 0.1;
        return inner ? DARK(x, y, z, out) : lid(-1, -1)(x, y, z, out);
      }
    : lid(-1, -1);
  if (rearEnd > hip) panels.push(strip([half, belt, rearEnd], [half, tail, hip], deck, below, arch));
  panels.push(strip([half, tail, hip], [narrow, tail - 0.04, back], deck, below, (x) => [x * 0.3, 0, -0.4]));
  return panels;
}

/** Windows and roof. */
function cabin(vehicle: Vehicle): Panel[] {
  const { shape, body } = vehicle;
  const { belt, roof, cowl, screenTop, roofEnd, rearEnd, lean } = shape;
  const [foot, head] = [shape.width / 2 - 0.03, shape.width / 2 - 0.03 - lean * 0.8];
  const round = body === 'bus' ? 0.14 : 0.09;
  const inner = head - round - 0.04;
  const middle: Point = [0, (belt + roof) / 2, (cowl + rearEnd) / 2];
  const below: Point = [0, 0, middle[2]];
  const cap = roof - round;
  const share = (cap - belt) / (roof - belt);
  const [frontCap, backCap] = [cowl + (screenTop - cowl) * share, rearEnd + (roofEnd - rearEnd) * share];
  const side = foot + (head - foot) * share;
  const paint = roofPaint(vehicle, head);
  const shoulder = plainPaint(vehicle.paint);
  const panels: Panel[] = [];
  for (const sign of BOTH) {
    panels.push({
      corners: mirrored(
        [
          [foot, belt, cowl],
          [side, cap, frontCap],
          [side, cap, backCap],
          [foot, belt, rearEnd],
        ],
        sign,
      ),
      paint: windowPaint(vehicle),
      inside: middle,
    });
    panels.push({
      corners: mirrored(
        [
          [side, cap, frontCap],
          [inner, roof, screenTop],
          [inner, roof, roofEnd],
          [side, cap, backCap],
        ],
        sign,
      ),
      paint,
      inside: middle,
    });
    panels.push({
      corners: mirrored(
        [
          [shape.width / 2, belt, cowl],
          [foot, belt, cowl],
          [foot, belt, rearEnd],
          [shape.width / 2, belt, rearEnd],
        ],
        sign,
      ),
      paint: shoulder,
      inside: below,
      bend: () => [0.5 * sign, 0, 0],
    });
  }
  const curve = (x: number, y: number): Point => [x * 0.3, 0 * y, 0];
  panels.push(strip([foot, belt, cowl], [side, cap, frontCap], screenPaint(vehicle, true, foot), middle, curve));
  panels.push(strip([side, cap, frontCap], [inner, roof, screenTop], paint, middle));
  panels.push(strip([foot, belt, rearEnd], [side, cap, backCap], screenPaint(vehicle, false, foot), middle, curve));
  panels.push(strip([side, cap, backCap], [inner, roof, roofEnd], paint, middle));
  const length = screenTop - roofEnd;
  const crown = (x: number, _y: number, z: number): Point => [x * 0.25, 0, (0.4 * (z - middle[2])) / length];
  panels.push(strip([inner, roof, screenTop], [inner, roof, roofEnd], paint, below, crown));
  return panels;
}

function wheels(vehicle: Vehicle): Panel[] {
  const { shape, body } = vehicle;
  const { wheel, axles } = shape;
  const half = shape.width / 2;
  const twin = body === 'lorry' ? [axles[0], axles[1], axles[1] - 2.2 * wheel] : axles;
  return twin.flatMap((axle) =>
    BOTH.flatMap((side): Panel[] => {
      const x = half + 0.004;
      const square: Point[] = [
        [x, 0, axle - wheel],
        [x, 0, axle + wheel],
        [x, 2 * wheel, axle + wheel],
        [x, 2 * wheel, axle - wheel],
      ];
      const [inner, outer] = [side * (half - 0.24), side * (half - 0.01)];
      const tread = box([inner, 0, axle - wheel * 0.75], [outer, wheel * 1.5, axle + wheel * 0.75], DARK);
      return [
        { corners: mirrored(square, side), paint: wheelPaint(vehicle, axle), inside: [0, wheel, axle] },
        ...tread,
      ];
    }),
  );
}

/** Mirrors, and what is on the roof. */
function fittings(vehicle: Vehicle): Panel[] {
  const { shape, body, top, topColour, paint, plastic } = vehicle;
  const { belt, roof, screenTop, roofEnd, cowl, lean } = shape;
  const half = shape.width / 2;
  const large = body === 'bus' || body === 'lorry';
  const casing = plainPaint(plastic || large ? hex('222326') : paint);
  const [low, high] = large ? [belt + 0.3, belt + 0.75] : [belt + 0.02, belt + 0.17];
  const z = large ? cowl - 0.05 : cowl - 0.42;
  const panels = BOTH.flatMap((side) =>
    box([side * half, low, z - 0.07], [side * (half + 0.2), high, z + 0.07], casing),
  );
  const [edge, middle] = [half - lean - 0.12, (screenTop + roofEnd) / 2];
  const trim = plainPaint(topColour, 'dull');
  if (top === 'rails' || top === 'rack') {
    for (const side of BOTH)
      panels.push(
        ...box([side * edge - 0.02, roof, roofEnd + 0.05], [side * edge + 0.02, roof + 0.07, screenTop - 0.1], trim),
      );
  }
  if (top === 'rack')
    panels.push(...box([-edge + 0.15, roof + 0.02, middle - 0.55], [edge - 0.15, roof + 0.3, middle + 0.45], trim));
  if (top === 'taxi sign')
    panels.push(...box([-0.24, roof, screenTop - 0.35], [0.24, roof + 0.15, screenTop - 0.18], trim));
  return panels;
}

/** What a lorry carries. */
function cargo(vehicle: Vehicle): Panel[] {
  const { shape } = vehicle;
  const half = shape.width / 2 + 0.08;
  const [back, front] = [-shape.length / 2, shape.rearEnd - 0.14];
  const [low, high] = [0.95, shape.roof + 0.75];
  return [
    ...box([-half, low, back], [half, high, front], boxPaint(vehicle, low, high)),
    ...box([-half + 0.25, 0.55, back + 0.1], [half - 0.25, low, front + 0.1], DARK),
    ...box([-half + 0.1, 0.5, back], [half - 0.1, 0.72, back + 0.05], backPaint(vehicle, half - 0.1)),
  ];
}

/**
 * The surface of a vehicle as flat panels.
 *
 * @example
 *   drawPanels(canvas, bodywork(vehicle), lens, light);
 */
export function bodywork(vehicle: Vehicle): Panel[] {
  return [
    ...lowerBody(vehicle),
    ...cabin(vehicle),
    ...wheels(vehicle),
    ...fittings(vehicle),
    ...(vehicle.body === 'lorry' ? cargo(vehicle) : []),
  ];
}
