import type { Person } from '../synthetic/person.js';
import type { Pose } from '../synthetic/pose.js';
import type { Point } from '../synthetic/solid.js';
import type { Limb } from './limb.js';

/** A trunk is this deep for a width of 1, as the dressed one. */
const DEPTH: Point = [1, 1, 0.66];

const both = [0, 1] as const;

/** The body of a drawn person in a pose, without clothes, hair and luggage: what a body model would find. */
export function bodyOf(person: Person, pose: Pose): Limb[] {
  const { girth, shoulders, hips, head } = person;
  const ease = 0.006;
  const chest = 0.04 * girth + 0.044 * shoulders + ease;
  const waist = 0.071 * girth + ease;
  const hip = 0.04 * girth + 0.042 * hips + ease;
  const [arm, leg] = [0.74 + 0.3 * girth, 0.66 + 0.38 * girth];
  const chin = 0.868;
  const onHead = (y: number, z: number): Point => [0, chin + (y - chin) * head, z * head];
  const inner = (i: 0 | 1): Point => [pose.shoulders[i][0] * 0.75, pose.shoulders[i][1] - 0.022, 0];
  const yoke: Limb = { from: inner(0), fromRadius: 0.045, to: inner(1), toRadius: 0.045, stretch: DEPTH };
  const limbs: Limb[] = [
    { from: pose.chest, fromRadius: chest, to: pose.waist, toRadius: waist, stretch: DEPTH },
    { from: pose.waist, fromRadius: waist, to: pose.crotch, toRadius: hip, stretch: DEPTH },
    yoke,
    { from: [0, 0.8, 0], fromRadius: 0.034, to: [0, 0.885, 0.006], toRadius: 0.03 },
    {
      from: onHead(0.898, 0.01),
      fromRadius: 0.04 * head,
      to: onHead(0.942, -0.004),
      toRadius: 0.058 * head,
      stretch: [0.94, 1, 1.06],
    },
  ];
  for (const i of both) {
    const [shoulder, elbow, hand] = [pose.shoulders[i], pose.elbows[i], pose.hands[i]];
    const [thigh, knee, ankle, toe] = [pose.hips[i], pose.knees[i], pose.ankles[i], pose.toes[i]];
    const [top, middle, end] = [0.034 * arm, 0.028 * arm, 0.02 * arm];
    limbs.push(
      { from: pose.neck, fromRadius: 0.028, to: shoulder, toRadius: 0.033 },
      { from: shoulder, fromRadius: top, to: elbow, toRadius: middle },
      { from: elbow, fromRadius: middle, to: hand, toRadius: end },
      { from: hand, fromRadius: 0.019, to: [hand[0], hand[1] - 0.022, hand[2] + 0.004], toRadius: 0.015 },
      { from: thigh, fromRadius: 0.052 * leg, to: knee, toRadius: 0.038 * leg },
      { from: knee, fromRadius: 0.038 * leg, to: ankle, toRadius: 0.028 * leg },
      { from: [ankle[0], ankle[1] - 0.018, ankle[2] - 0.012], fromRadius: 0.0255, to: toe, toRadius: 0.0195 },
    );
  }
  return limbs;
}
