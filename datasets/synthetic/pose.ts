import type { Person } from './person.js';
import type { Point } from './solid.js';

/** Where the joints are, in the figure's space. Pairs are left (x above 0), then right. */
export interface Pose {
  readonly neck: Point;
  readonly chest: Point;
  readonly waist: Point;
  readonly pelvis: Point;
  readonly crotch: Point;
  readonly shoulders: readonly [Point, Point];
  readonly elbows: readonly [Point, Point];
  readonly hands: readonly [Point, Point];
  readonly hips: readonly [Point, Point];
  readonly knees: readonly [Point, Point];
  readonly ankles: readonly [Point, Point];
  readonly toes: readonly [Point, Point];
  /** Height of the lower sole: the ground. */
  readonly ground: number;
}

const SHOULDER = 0.8;
const UPPER_ARM = 0.155;
const FOREARM = 0.14;
const FOOT = 0.085;

/** A point `length` away in the walking plane: `angle` 0 is straight down, above 0 is forward. */
const swing = ([x, y, z]: Point, length: number, angle: number, outward = 0): Point => [
  x + outward,
  y - length * Math.cos(angle),
  z + length * Math.sin(angle),
];

/**
 * The joints of a person who walks or stands.
 *
 * @param phase of the walk, 0..2 pi: at pi/2 the left leg is in front
 * @param amount of the walk: 0 stands, 1 strides as far as this person does
 */
export function poseOf(person: Person, phase: number, amount: number): Pose {
  const { legs, girth, shoulders: broad, hips: wide, lower, upper } = person;
  const narrow =
    lower.kind === 'long skirt'
      ? 0.5
      : upper.kind === 'coat' || upper.kind === 'dress' || lower.kind === 'skirt'
        ? 0.75
        : 1;
  const reach = person.stride * amount * narrow;
  const trunk = SHOULDER - legs;
  const arm = 0.09 * broad + 0.012 * girth;
  const leg = 0.043 * wide;
  const thigh = (legs - 0.04) * 0.5;
  const shin = legs - 0.04 - thigh;

  const side = (sign: 1 | -1): Record<'shoulder' | 'elbow' | 'hand' | 'hip' | 'knee' | 'ankle' | 'toe', Point> => {
    const cycle = phase + (sign > 0 ? 0 : Math.PI);
    const thighAngle = reach * Math.sin(cycle);
    // The knee bends while the leg comes forward, and a little under load.
    const flex = (0.1 + 1.5 * Math.max(0, Math.cos(cycle))) * reach + 0.03;
    const shinAngle = thighAngle - flex;
    const hip: Point = [sign * leg, legs, 0];
    const knee = swing(hip, thigh, thighAngle, sign * 0.004);
    const ankle = swing(knee, shin, shinAngle, -sign * 0.004);
    const tilt = shinAngle * 0.7;
    const toe: Point = [
      ankle[0] + sign * 0.012,
      ankle[1] - 0.022 + FOOT * Math.sin(tilt),
      ankle[2] + FOOT * Math.cos(tilt),
    ];
    const armAngle = -0.95 * reach * Math.sin(cycle) + 0.02;
    const shoulder: Point = [sign * arm, SHOULDER - 0.012, 0];
    const elbow = swing(shoulder, UPPER_ARM, armAngle, sign * (0.012 + 0.014 * girth));
    const hand = swing(elbow, FOREARM, armAngle + 0.16 + 0.9 * reach * (0.5 - 0.5 * Math.sin(cycle)), sign * 0.004);
    return { shoulder, elbow, hand, hip, knee, ankle, toe };
  };
  const [left, right] = [side(1), side(-1)];
  return {
    neck: [0, 0.845, 0.004],
    chest: [0, legs + trunk * 0.8, 0],
    waist: [0, legs + trunk * 0.42, 0],
    pelvis: [0, legs + trunk * 0.28, 0],
    crotch: [0, legs + 0.022, 0],
    shoulders: [left.shoulder, right.shoulder],
    elbows: [left.elbow, right.elbow],
    hands: [left.hand, right.hand],
    hips: [left.hip, right.hip],
    knees: [left.knee, right.knee],
    ankles: [left.ankle, right.ankle],
    toes: [left.toe, right.toe],
    ground: Math.min(left.ankle[1], right.ankle[1], left.toe[1] + 0.02, right.toe[1] + 0.02) - 0.042,
  };
}
