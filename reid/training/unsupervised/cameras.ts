import { DatasetError, type UnlabelledDataset } from '../../../datasets/index.js';
import type { CameraMode } from '../../recipes/unsupervised.js';
import { type Features, normalisedFeatures } from '../features.js';

/**
 * Unit features less the mean of their camera's: what all pictures of one camera share (its light, its background) no longer makes
 * neighbours. Clustering brings them to length 1 again.
 *
 * @param cameras of each row
 */
export function centredByCamera(features: Features, cameras: Int32Array): Features {
  const { data, count, dimension } = normalisedFeatures(features);
  const cameraCount = cameras.reduce((most, camera) => Math.max(most, camera + 1), 0);
  const means = new Float64Array(cameraCount * dimension);
  const sizes = new Float64Array(cameraCount);
  for (const [row, camera] of cameras.entries()) {
    sizes[camera]!++;
    for (let k = 0; k < dimension; k++) means[camera * dimension + k]! += data[row * dimension + k]!;
  }
  for (const [row, camera] of cameras.entries()) {
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
