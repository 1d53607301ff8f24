import type { Picture } from '../dataset.js';
import { DatasetError } from '../error.js';
import { type BodyModel, type BodyParameters, placeBody } from './body-model.js';
import { meshProvider } from './mesh-provider.js';
import { nameFinder } from './photographs.js';
import type { MapSize, StructureProvider } from './provider.js';

/**
 * A body model in the pose and shape of each picture, rendered by the camera of the released mesh pictures.
 *
 * @param source the file of parameters, for errors
 * @param pictures those that will be asked for: all need parameters
 * @throws DatasetError counting and naming pictures without parameters
 */
export function bodyStructure(
  model: BodyModel,
  byName: ReadonlyMap<string, BodyParameters>,
  source: string,
  pictures: readonly Picture[],
  sizeOf: (picture: Picture) => Promise<MapSize>,
): StructureProvider {
  const find = nameFinder(byName);
  const without = pictures.filter((picture) => !find(picture));
  if (without.length > 0) {
    const names = without.slice(0, 20).map(({ path }) => `\n  ${path}`);
    const more = without.length > 20 ? `\n  and ${without.length - 20} more` : '';
    throw new DatasetError(
      `${source} has no parameters for ${without.length} of ${pictures.length} pictures:${names.join('')}${more}\nRun the body estimator on these, too.`,
    );
  }
  return meshProvider(`bodies in the poses and shapes of ${source}`, async (picture) => {
    const parameters = find(picture);
    if (!parameters) throw new DatasetError(`${source} has no parameters for ${picture.path}.`);
    return placeBody(model, parameters, await sizeOf(picture));
  });
}
