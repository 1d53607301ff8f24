import type { Point } from '../synthetic/solid.js';
import { type Limb, limbMesh } from './limb.js';
import { joinMeshes, type TriangleMesh } from './mesh.js';

/** A thing of the left side (x above 0) and of the right. */
export type Pair<T> = readonly [left: T, right: T];

/** Directions of the bones in the figure's space (x to its left, y up, z forward), of length 1, each from the joint nearer to the trunk. */
export interface Bones {
  readonly thighs: Pair<Point>;
  readonly shins: Pair<Point>;
  readonly upperArms: Pair<Point>;
  readonly forearms: Pair<Point>;
}

/** Height of the mannequin in metres. */
export const BODY_HEIGHT = 1.7;

/** Lengths of bones, and joints above the pelvis and beside the middle, in body heights. */
export const SKELETON = {
  hip: { up: -0.02, side: 0.055 },
  shoulder: { up: 0.28, side: 0.115 },
  head: 0.375,
  thigh: 0.245,
  shin: 0.246,
  ankle: 0.04,
  foot: 0.12,
  upperArm: 0.165,
  forearm: 0.145,
  hand: 0.04,
} as const;

const along = ([x, y, z]: Point, direction: Point, length: number): Point => [
  x + direction[0] * length,
  y + direction[1] * length,
  z + direction[2] * length,
];

const ball = (at: Point, radii: Point): Limb => ({ from: at, fromRadius: 1, to: at, toRadius: 1, stretch: radii });

const limb = (from: Point, fromRadius: number, to: Point, toRadius: number): Limb => ({
  from,
  fromRadius,
  to,
  toRadius,
});

/** Where a foot points: forward, tilted half as far as the shin. */
function footDirection(shin: Point): Point {
  const tilt = 0.5 * Math.atan2(shin[2], -shin[1]);
  return [0, Math.sin(tilt), Math.cos(tilt)];
}

/** Where joints are, in body heights from the pelvis, left then right. */
export interface Joints {
  readonly hips: Pair<Point>;
  readonly knees: Pair<Point>;
  readonly ankles: Pair<Point>;
  readonly shoulders: Pair<Point>;
  readonly elbows: Pair<Point>;
  readonly wrists: Pair<Point>;
}

const pair = <T>(of: (side: 0 | 1, sign: 1 | -1) => T): Pair<T> => [of(0, 1), of(1, -1)];

/** The joints of a pose. */
export function jointsOf(bones: Bones): Joints {
  const { hip, shoulder, thigh, shin, upperArm, forearm } = SKELETON;
  const hips = pair((_, sign): Point => [sign * hip.side, hip.up, 0]);
  const knees = pair((i) => along(hips[i], bones.thighs[i], thigh));
  const ankles = pair((i) => along(knees[i], bones.shins[i], shin));
  const shoulders = pair((_, sign): Point => [sign * shoulder.side, shoulder.up, 0]);
  const elbows = pair((i) => along(shoulders[i], bones.upperArms[i], upperArm));
  const wrists = pair((i) => along(elbows[i], bones.forearms[i], forearm));
  return { hips, knees, ankles, shoulders, elbows, wrists };
}

/** The mannequin's solids in body heights, the pelvis at the origin. */
function limbsOf(bones: Bones): Limb[] {
  const { hips, knees, ankles, shoulders, elbows, wrists } = jointsOf(bones);
  const { shoulder, head, foot, hand } = SKELETON;
  const limbs: Limb[] = [
    ball([0, 0, 0], [0.095, 0.07, 0.065]),
    ball([0, 0.09, 0], [0.085, 0.1, 0.06]),
    ball([0, 0.2, 0], [0.105, 0.14, 0.07]),
    // Fills the creases between the three, as skin does.
    { from: [0, 0.19, 0], fromRadius: 0.098, to: [0, 0.01, 0], toRadius: 0.09, stretch: [1, 1, 0.68] },
    ball([0, head, 0], [0.052, 0.072, 0.062]),
    limb([0, shoulder.up, 0], 0.03, [0, head - 0.05, 0], 0.03),
  ];
  for (const i of [0, 1] as const) {
    const heel = along(ankles[i], [0, -1, 0], 0.012);
    limbs.push(
      limb(hips[i], 0.052, knees[i], 0.036),
      limb(knees[i], 0.036, ankles[i], 0.024),
      limb(heel, 0.025, along(heel, footDirection(bones.shins[i]), foot - 0.025), 0.02),
      limb([0, shoulder.up + 0.02, 0], 0.026, shoulders[i], 0.033),
      limb(shoulders[i], 0.03, elbows[i], 0.025),
      limb(elbows[i], 0.025, wrists[i], 0.018),
      ball(along(wrists[i], bones.forearms[i], hand / 2), [0.022, 0.022, 0.022]),
    );
  }
  return limbs;
}

/**
 * The mannequin in a pose, in metres, the pelvis at the origin of the camera's space.
 *
 * @param yaw turn in radians: 0 looks at the face, pi/2 at its right side
 */
export function mannequinMesh(bones: Bones, yaw: number): TriangleMesh {
  const mesh = joinMeshes(limbsOf(bones).map((solid) => limbMesh(solid, yaw)));
  return { ...mesh, positions: mesh.positions.map((value) => value * BODY_HEIGHT) };
}

const DEGREE = Math.PI / 180;

/** A direction in the walking plane: 0 is straight down, above 0 is forward. */
const swing = (degrees: number): Point => [0, -Math.cos(degrees * DEGREE), Math.sin(degrees * DEGREE)];

/**
 * A walking pose: hips swing by 20 degrees, knees bend by 10 to 35 while the leg comes forward, shoulders swing the other way by 18, elbows
 * bend by 20.
 *
 * @param phase 0..2 pi: at pi/2 the left leg is in front
 */
export function walkingBones(phase: number): Bones {
  const angles = pair((_, sign) => {
    const cycle = phase + (sign > 0 ? 0 : Math.PI);
    const thigh = 20 * Math.sin(cycle);
    const arm = -18 * Math.sin(cycle);
    return { thigh, shin: thigh - 10 - 25 * Math.max(0, Math.cos(cycle)), arm, forearm: arm + 20 };
  });
  return {
    thighs: pair((i) => swing(angles[i].thigh)),
    shins: pair((i) => swing(angles[i].shin)),
    upperArms: pair((i) => swing(angles[i].arm)),
    forearms: pair((i) => swing(angles[i].forearm)),
  };
}
