import type { GCLRecipe } from './gcl.js';

/** A map's side must be larger than the widest spacing of the structure encoder. */
const LEAST = 40;

/** Says what is wrong with a GCL recipe and what would be right, or nothing. */
export function gclComplaint(recipe: GCLRecipe): string | undefined {
  const { input, stages, rotations, drawing, variant, weights, mixAlpha, joint, jvtc } = recipe;
  const { height, width } = input;
  if (Math.min(height, width) < LEAST || height % 4 !== 0 || width % 4 !== 0) {
    return (
      `input: pictures of ${height}×${width} are none that GCL can draw: each side must be at least ${LEAST} and a multiple of 4. ` +
      'Take --set input.height=80 --set input.width=40, 128×64 or 256×128.'
    );
  }
  const inOrder = stages.every((stage, i) => [1, 2, 3].includes(stage) && (i === 0 || stage === stages[i - 1]! + 1));
  if (stages.length === 0 || !inOrder) {
    return `stages must be some of 1, 2 and 3 in order without a gap, as [1,2,3] or [2], not ${JSON.stringify(stages)}.`;
  }
  if (rotations.length === 0 || rotations.some((degrees) => degrees % 45 !== 0 || degrees <= 0 || degrees >= 360)) {
    return `rotations must be multiples of 45 from 45 to 315, not ${JSON.stringify(rotations)}.`;
  }
  if (drawing.batch % drawing.microBatch !== 0) {
    return `drawing.microBatch must divide drawing.batch ${drawing.batch}, not be ${drawing.microBatch}.`;
  }
  for (const [key, { decay }] of Object.entries({ drawing, joint })) {
    if (decay >= 0 && decay <= 1) continue;
    return `${key}.decay must be from 0 to 1, not ${decay}: it is the last share of the steps, in which the rates fall.`;
  }
  for (const [key, value] of [
    ['joint.temperature', joint.temperature],
    ['joint.identityTemperature', joint.identityTemperature],
    ['jvtc.temperature', jvtc.temperature],
    ['jvtc.bankTemperature', jvtc.bankTemperature],
  ] as const) {
    if (!(value > 0)) return `${key} must be above 0, not ${value}: it divides scores.`;
  }
  if (!(mixAlpha > 0)) return `mixAlpha must be above 0, not ${mixAlpha}.`;
  if (variant === 'cvpr' && weights.mixedCode > 0)
    return 'weights.mixedCode belongs to variant=ext: the other draws no blends.';
  return recipe.warmup === 'jvtc' && stages[0] === 1 ? jvtcComplaint(recipe) : undefined;
}

/** The same of a warm-up by JVTC. */
function jvtcComplaint({ batch, jvtc: { versions, rho, factor } }: GCLRecipe): string | undefined {
  if (batch % versions !== 0 || batch < 2 * versions) {
    return (
      `batch ${batch} is made of jvtc.versions ${versions} of each picture: it must hold two pictures or more, so ` +
      `${2 * versions} or a larger multiple of ${versions}. Take --set batch=${versions * Math.max(2, Math.round(batch / versions))}.`
    );
  }
  for (const [key, value] of Object.entries({ rho, factor })) {
    if (!(value > 0)) return `jvtc.${key} must be above 0, not ${value}: ε would be 0, and every picture a cluster.`;
  }
  return undefined;
}
