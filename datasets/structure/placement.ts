import { moveMesh, type TriangleMesh } from './mesh.js';
import type { MapSize } from './provider.js';
import type { MeshCamera } from './render.js';

/** Focal length of the released mesh pictures, in pixels of a crop of 224 x 224. */
const FOCAL = 500;
export const CROP = 224;

/** Share of the picture's height that a person fills where nothing says it. */
export const FILLED = 0.92;

/** The camera of the released mesh pictures for a photograph: focal length 500 when its longer side is 224, principal point in the middle. */
export function cropCamera({ height, width }: MapSize): MeshCamera {
  return { focal: (FOCAL * Math.max(height, width)) / CROP, x: width / 2, y: height / 2, height, width };
}

/** Moves a mesh so that its picture is `FILLED` of the photograph's height, in the middle. */
export function centreMesh(mesh: TriangleMesh, camera: MeshCamera): TriangleMesh {
  const { positions } = mesh;
  let [x, y, z] = [0, 0, 0];
  for (let i = 1; i < positions.length; i += 3) z = Math.max(z, 2 * Math.abs(positions[i]!));
  z *= camera.focal / (FILLED * camera.height);
  // Perspective makes near parts larger: a few rounds settle it.
  for (let round = 0; round < 6; round++) {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < positions.length; i += 3) {
      const scale = camera.focal / (positions[i + 2]! + z);
      const [across, down] = [(positions[i]! + x) * scale, (positions[i + 1]! + y) * scale];
      [left, right] = [Math.min(left, across), Math.max(right, across)];
      [top, bottom] = [Math.min(top, down), Math.max(bottom, down)];
    }
    x -= (((left + right) / 2) * z) / camera.focal;
    y -= (((top + bottom) / 2) * z) / camera.focal;
    z *= (bottom - top) / (FILLED * camera.height);
  }
  return moveMesh(mesh, [x, y, z]);
}
