import { poseOf } from '../synthetic/pose.js';
import { sceneOfShot, shotOfPath } from '../synthetic/walker-shot.js';
import { bodyOf } from './figure.js';
import { limbMesh } from './limb.js';
import { joinMeshes, moveMesh, turnMesh } from './mesh.js';
import { checkRequest, normaliseMap, type StructureProvider, VIEW_STEP, VIEWS } from './provider.js';
import { type MeshCamera, renderMesh } from './render.js';

/** So far away, in body heights, that there is no perspective: as toy walkers are drawn. */
const FAR = 1e4;

/**
 * The true maps of toy walkers: each person's body in the pose, place and direction of the picture, turned to the views of
 * `trueView`. It reads a picture's path and nothing else.
 *
 * @example
 *   const map = await toyStructure().structure(dataset.train[0], 2, { height: 128, width: 64 });
 */
export function toyStructure(): StructureProvider {
  const name = 'true maps of toy walkers';
  return {
    name,
    views: VIEWS,
    structure: async ({ path }, view, size) => {
      checkRequest(name, VIEWS, view, size);
      const shot = shotOfPath(path);
      const { person, sight } = sceneOfShot(shot);
      const pose = poseOf(person, sight.phase, sight.amount);
      const mesh = joinMeshes(bodyOf(person, pose).map((limb) => limbMesh(limb, sight.yaw)));
      const scale = shot.height * sight.stand.size;
      const camera: MeshCamera = {
        focal: scale * FAR,
        x: shot.width * sight.stand.x,
        y: shot.height * sight.stand.y + pose.ground * scale,
        height: shot.height,
        width: shot.width,
      };
      const turned = turnMesh(mesh, view * VIEW_STEP, { x: 0, z: 0 });
      return normaliseMap(renderMesh(moveMesh(turned, [0, 0, FAR]), camera, size));
    },
  };
}
