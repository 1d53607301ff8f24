/** What is called the distance of two points; all are functions of the squared Euclidean distance that points give. */
export type ClusterDistance = 'euclidean' | 'sqeuclidean' | 'cosine';

/** The squared Euclidean distance at which a distance has this value; `cosine` means points of length 1. */
export function squaredOf(kind: ClusterDistance, distance: number): number {
  if (kind === 'sqeuclidean') return distance;
  return kind === 'cosine' ? 2 * distance : distance * distance;
}

/** The distance of points that are this far apart, squared. */
export function distanceOf(kind: ClusterDistance, squared: number): number {
  if (kind === 'sqeuclidean') return squared;
  return kind === 'cosine' ? squared / 2 : Math.sqrt(squared);
}
