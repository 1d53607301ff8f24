import type { Picture } from '../dataset.js';
import { centroidAxis, type TriangleMesh, turnMesh } from './mesh.js';
import { checkRequest, normaliseMap, type StructureProvider, VIEW_STEP, VIEWS } from './provider.js';
import { type MeshCamera, renderMesh } from './render.js';

/** A mesh before a camera. */
export interface PlacedMesh {
  readonly mesh: TriangleMesh;
  readonly camera: MeshCamera;
}

/** Meshes kept: the views of a picture are asked for one after the other. */
const KEPT = 32;

/**
 * A provider that renders a mesh for each picture, turned about the vertical through the mean of its vertices.
 *
 * @param place the mesh as photographed
 */
export function meshProvider(
  name: string,
  place: (picture: Picture) => Promise<PlacedMesh>,
  more: Pick<StructureProvider, 'notes' | 'has'> = {},
): StructureProvider {
  const kept = new Map<string, Promise<PlacedMesh>>();
  const placed = (picture: Picture): Promise<PlacedMesh> => {
    const known = kept.get(picture.path);
    if (known) return known;
    if (kept.size >= KEPT) kept.clear();
    const coming = place(picture);
    kept.set(picture.path, coming);
    return coming;
  };
  return {
    name,
    views: VIEWS,
    ...more,
    structure: async (picture, view, size) => {
      checkRequest(name, VIEWS, view, size);
      const { mesh, camera } = await placed(picture);
      return normaliseMap(renderMesh(turnMesh(mesh, view * VIEW_STEP, centroidAxis(mesh)), camera, size));
    },
  };
}
