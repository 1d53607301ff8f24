import type { Point } from '../synthetic/solid.js';
import type { KeyPointName, KeyPoints } from './key-points.js';
import { BODY_HEIGHT, type Bones, mannequinMesh, type Pair, SKELETON } from './mannequin.js';
import { moveMesh } from './mesh.js';
import type { PlacedMesh } from './mesh-provider.js';
import { cropCamera } from './placement.js';
import type { MapSize } from './provider.js';

type Place = readonly [x: number, y: number];

type Found = KeyPoints['points'];

const middle = (...places: (Place | undefined)[]): Place | undefined => {
  const known = places.filter((place) => place !== undefined);
  if (known.length === 0) return undefined;
  const sum = known.reduce<Place>((total, [x, y]) => [total[0] + x, total[1] + y], [0, 0]);
  return [sum[0] / known.length, sum[1] / known.length];
};

/** The head: the nose, or what else of it is seen. */
const headOf = ({ nose, leftEye, rightEye, leftEar, rightEar }: Found): Place | undefined =>
  nose ?? middle(leftEye, rightEye) ?? middle(leftEar, rightEar);

const ankleOf = ({ leftAnkle, rightAnkle }: Found): Place | undefined => {
  if (!leftAnkle || !rightAnkle) return leftAnkle ?? rightAnkle;
  return leftAnkle[1] > rightAnkle[1] ? leftAnkle : rightAnkle;
};

/**
 * Shares of the height between two places of somebody upright, by the mannequin's own measures, so that it spans as many pixels as the
 * points do. (Noses are 0.93 above the ground, ankles 0.04: 0.93 for the two, as specified, makes figures 5 % too small; overlap with
 * the true maps of toy walkers was 0.80 with it and is 0.83.)
 */
const LEG = SKELETON.thigh + SKELETON.shin;
const HEAD_TO_ANKLE = SKELETON.head - SKELETON.hip.up + LEG;
const SHOULDERS_TO_ANKLE = SKELETON.shoulder.up - SKELETON.hip.up + LEG;
const HEAD_TO_HIPS = SKELETON.head - SKELETON.hip.up;
const SHOULDERS_TO_HIPS = SKELETON.shoulder.up - SKELETON.hip.up;

/** Pixels a metre, from the longest stretch of the body that is seen; undefined where nothing upright is. */
export function pixelsPerMetre(points: Found): number | undefined {
  const [head, ankle] = [headOf(points), ankleOf(points)];
  const shoulders = middle(points.leftShoulder, points.rightShoulder);
  const hips = middle(points.leftHip, points.rightHip);
  const stretches = [
    [head, ankle, HEAD_TO_ANKLE],
    [shoulders, ankle, SHOULDERS_TO_ANKLE],
    [head, hips, HEAD_TO_HIPS],
    [shoulders, hips, SHOULDERS_TO_HIPS],
  ] as const;
  for (const [above, below, share] of stretches) {
    if (above && below && below[1] - above[1] > 2) return (below[1] - above[1]) / (share * BODY_HEIGHT);
  }
  return undefined;
}

/**
 * The direction in which somebody faces, as a turn (0 towards the viewer, pi/2 to the picture's right): how far apart the shoulders are
 * says how much it is turned, the nose to which side.
 */
export function yawOf(points: Found, scale: number): number {
  const { leftShoulder, rightShoulder, leftHip, rightHip } = points;
  const across =
    leftShoulder && rightShoulder
      ? (leftShoulder[0] - rightShoulder[0]) / (2 * SKELETON.shoulder.side)
      : leftHip && rightHip
        ? (leftHip[0] - rightHip[0]) / (2 * SKELETON.hip.side)
        : scale * BODY_HEIGHT;
  const left = Math.max(-1, Math.min(1, across / (scale * BODY_HEIGHT)));
  const trunk = middle(leftShoulder, rightShoulder) ?? middle(leftHip, rightHip);
  const head = headOf(points);
  const rightwards = !head || !trunk || head[0] >= trunk[0];
  return Math.atan2((rightwards ? 1 : -1) * Math.sqrt(1 - left * left), left);
}

/**
 * The direction of a bone in the figure's space: two coordinates from the picture, the third from its length.
 *
 * @param forward whether what the picture does not show goes along the direction of the face, or against it
 */
function boneDirection(from: Place, to: Place, length: number, scale: number, yaw: number, forward: boolean): Point {
  let [x, y] = [(to[0] - from[0]) / scale, (to[1] - from[1]) / scale];
  const planar = Math.hypot(x, y);
  const metres = length * BODY_HEIGHT;
  const longest = Math.max(planar, metres);
  [x, y] = [x / longest, y / longest];
  const depth = Math.sqrt(Math.max(0, 1 - x * x - y * y));
  const [sin, cos] = [Math.sin(yaw), Math.cos(yaw)];
  // The face looks along (sin, -cos) in x and z of the camera.
  const z = cos >= 0 === forward ? -depth : depth;
  return [cos * x + sin * z, -y, sin * x - cos * z];
}

/** Bones of a pose; those whose ends are not both seen are `usual`. */
export function bonesOf(points: Found, scale: number, yaw: number, usual: Bones): Bones {
  const bone = (from: string, to: string, length: number, forward: boolean, otherwise: Pair<Point>): Pair<Point> => {
    const side = (name: 'left' | 'right', i: 0 | 1): Point => {
      const [start, end] = [points[`${name}${from}` as KeyPointName], points[`${name}${to}` as KeyPointName]];
      return start && end ? boneDirection(start, end, length, scale, yaw, forward) : otherwise[i];
    };
    return [side('left', 0), side('right', 1)];
  };
  return {
    thighs: bone('Hip', 'Knee', SKELETON.thigh, true, usual.thighs),
    shins: bone('Knee', 'Ankle', SKELETON.shin, false, usual.shins),
    upperArms: bone('Shoulder', 'Elbow', SKELETON.upperArm, true, usual.upperArms),
    forearms: bone('Elbow', 'Wrist', SKELETON.forearm, true, usual.forearms),
  };
}

/** Height of the hips' middle: its own, or from what else is seen of the trunk. */
function hipsOf(points: Found, scale: number): Place | undefined {
  const hips = middle(points.leftHip, points.rightHip);
  if (hips) return hips;
  const metre = scale * BODY_HEIGHT;
  const shoulders = middle(points.leftShoulder, points.rightShoulder);
  if (shoulders) return [shoulders[0], shoulders[1] + SHOULDERS_TO_HIPS * metre];
  const head = headOf(points);
  return head && [head[0], head[1] + HEAD_TO_HIPS * metre];
}

/**
 * The mannequin in the pose of key points, placed so that its hips are where theirs are and as large as the person.
 *
 * @param size of the photograph in pixels
 * @param usual bones in place of those that are not seen
 * @returns undefined when too little is seen to tell how large the person is
 */
export function placeByKeyPoints({ points }: KeyPoints, size: MapSize, usual: Bones): PlacedMesh | undefined {
  const scale = pixelsPerMetre(points);
  if (scale === undefined) return undefined;
  const hips = hipsOf(points, scale);
  if (!hips) return undefined;
  const yaw = yawOf(points, scale);
  const camera = cropCamera(size);
  const mesh = mannequinMesh(bonesOf(points, scale, yaw, usual), yaw);
  const [x, y] = [(hips[0] - camera.x) / scale, (hips[1] - camera.y) / scale + SKELETON.hip.up * BODY_HEIGHT];
  return { mesh: moveMesh(mesh, [x, y, camera.focal / scale]), camera };
}
