import { fnv1a32 } from '../../random/philox.js';
import type { Picture } from '../dataset.js';
import { mannequinMesh, walkingBones } from './mannequin.js';
import { centroidAxis, turnMesh } from './mesh.js';
import { centreMesh, cropCamera } from './placement.js';
import { checkRequest, normaliseMap, type StructureProvider, VIEW_STEP, VIEWS } from './provider.js';
import { renderMesh } from './render.js';

/** A picture's own phase of the walk, from its file name. */
export function phaseOf({ path }: Picture): number {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (fnv1a32(name) / 2 ** 32) * 2 * Math.PI;
}

/**
 * The generic walker: a mannequin that walks towards the viewer and fills 92 % of the picture's height, for pictures of whose people
 * nothing is known. Its phase comes from the file's name. Where the true pose differs, reconstruction pushes the pose into the
 * appearance code.
 *
 * @example
 *   const map = await walkerStructure().structure(picture, 0, { height: 256, width: 128 });
 */
export function walkerStructure(): StructureProvider {
  const name = 'a walking mannequin, the same for all pictures but for its step';
  return {
    name,
    views: VIEWS,
    structure: async (picture, view, size) => {
      checkRequest(name, VIEWS, view, size);
      const camera = cropCamera(size);
      const mesh = centreMesh(mannequinMesh(walkingBones(phaseOf(picture)), 0), camera);
      return normaliseMap(renderMesh(turnMesh(mesh, view * VIEW_STEP, centroidAxis(mesh)), camera, size));
    },
  };
}
