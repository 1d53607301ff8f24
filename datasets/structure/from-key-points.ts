import type { Picture } from '../dataset.js';
import { DatasetError } from '../error.js';
import { KEY_POINTS, type KeyPoints } from './key-points.js';
import { mannequinMesh, walkingBones } from './mannequin.js';
import { meshProvider } from './mesh-provider.js';
import { nameFinder } from './photographs.js';
import { centreMesh, cropCamera } from './placement.js';
import { pixelsPerMetre, placeByKeyPoints } from './pose-from-key-points.js';
import type { MapSize, StructureProvider } from './provider.js';
import { phaseOf } from './walker.js';

/**
 * A mannequin in the pose of each picture's key points. Bones that are not seen take the walker's pose; a picture without points, or with
 * too few to tell how large the person is, gets the walker. `notes` counts them.
 *
 * @param byName key points by names of pictures, see `readKeyPoints`
 * @param source the file, for notes and errors
 * @param pictures those that will be asked for
 * @param sizeOf size of a photograph, where the file does not say it
 * @throws DatasetError when no picture has usable points
 */
export function keyPointStructure(
  byName: ReadonlyMap<string, KeyPoints>,
  source: string,
  pictures: readonly Picture[],
  sizeOf: (picture: Picture) => Promise<MapSize>,
): StructureProvider {
  const find = nameFinder(byName);
  let [posed, partial, unnamed, unusable] = [0, 0, 0, 0];
  for (const picture of pictures) {
    const found = find(picture);
    if (!found) unnamed++;
    else if (pixelsPerMetre(found.points) === undefined) unusable++;
    else if (BONE_ENDS.some((name) => !found.points[name])) partial++;
    else posed++;
  }
  if (pictures.length > 0 && posed + partial === 0) {
    const names = [...byName.keys()].slice(0, 3).join(', ');
    const reason =
      unnamed === pictures.length
        ? `names none of the pictures, such as ${pictures[0]!.path}; its names are ${names || 'none'}`
        : 'has too few points for every picture: needed are the head and an ankle, or shoulders and hips';
    throw new DatasetError(`${source} ${reason}.`);
  }
  const notes = [
    `${source}: ${posed + partial} of ${pictures.length} pictures have key points${partial > 0 ? `, ${partial} of them without some limb, which takes the walker's pose` : ''}`,
  ];
  const rest = unnamed + unusable;
  if (rest > 0) {
    notes.push(
      `${rest} pictures get the generic walker: ${unnamed} are not in the file, ${unusable} have too few points to tell a size`,
    );
  }
  return meshProvider(
    `a mannequin in the poses of ${source}`,
    async (picture) => {
      const usual = walkingBones(phaseOf(picture));
      const found = find(picture);
      const size = found?.size ?? (await sizeOf(picture));
      if (found) checkPlaces(found, size, picture.path, source);
      const placed = found && placeByKeyPoints(found, size, usual);
      if (placed) return placed;
      const camera = cropCamera(size);
      return { camera, mesh: centreMesh(mannequinMesh(usual, 0), camera) };
    },
    { notes },
  );
}

/** @throws DatasetError for points whose middle is not in the picture: they are those of another one */
function checkPlaces({ points }: KeyPoints, { height, width }: MapSize, path: string, source: string): void {
  const places = Object.values(points);
  const mean = (axis: 0 | 1): number => places.reduce((sum, place) => sum + place[axis], 0) / places.length;
  if (places.length === 0 || (mean(0) >= 0 && mean(0) <= width && mean(1) >= 0 && mean(1) <= height)) return;
  throw new DatasetError(
    `${source}: the key points of ${path} lie about ${Math.round(mean(0))}, ${Math.round(mean(1))}, outside of its ${width} x ${height} pixels. They belong to a picture of another size: write its width and height beside them, or give pixels of the crop.`,
  );
}

/** The points between which bones lie: all below the head. */
const BONE_ENDS = KEY_POINTS.slice(KEY_POINTS.indexOf('leftShoulder'));
