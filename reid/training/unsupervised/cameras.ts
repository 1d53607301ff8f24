import { DatasetError, type UnlabelledDataset } from '../../../datasets/index.js';
import type { CameraMode } from '../../recipes/unsupervised.js';
import { type Features, normalisedFeatures } from '../features.js';

/**
 * Unit features less the mean of their camera's: what all pictures of one camera share (its light, its background) no longer makes
 * neighbours. Clustering brings them to length 1 again.
 *
 * @param cameras of each row, by number or name
 */
export function centredByCamera(features: Features, cameras: ArrayLike<number | string | undefined>): Features {
  const { data, count, dimension } = normalisedFeatures(features);
  const names = Array.from(cameras);
  const known = [...new Set(names)];
  const rows = names.map((name) => known.indexOf(name));
  const means = new Float64Array(known.length * dimension);
  const sizes = new Float64Array(known.length);
  for (const [row, camera] of rows.entries()) {
    sizes[camera]!++;
    for (let k = 0; k < dimension; k++) means[camera * dimension + k]! += data[row * dimension + k]!;
  }
  for (const [row, camera] of rows.entries()) {
    for (let k = 0; k < dimension; k++) data[row * dimension + k]! -= means[camera * dimension + k]! / sizes[camera]!;
  }
  return { data, count, dimension };
}

/**
 * The cameras of the pictures, where a recipe asks for them.
 *
 * @throws DatasetError where the data do not say them
 */
export function camerasFor(mode: CameraMode | undefined, dataset: UnlabelledDataset): Int32Array | undefined {
  if (mode !== 'centred') return undefined;
  if (dataset.cameras) return dataset.cameras;
  throw new DatasetError(
    `clustering.cameras is centred, and ${dataset.name} does not say which camera took a picture. Take --set clustering.cameras=ignored, ` +
      'or data of a kind that names cameras.',
  );
}
