import { meshWithNormals, moveMesh, type TriangleMesh } from './mesh.js';
import type { PlacedMesh } from './mesh-provider.js';
import { CROP, cropCamera } from './placement.js';
import type { MapSize } from './provider.js';

/** A body that is shaped by coefficients and posed by its joints, as SMPL is. V vertices, J joints, B shapes. */
export interface BodyModel {
  /** `[V, 3]`. */
  readonly template: Float64Array;
  /** `[V, 3, B]`. */
  readonly shapes: Float64Array;
  /** `[V, 3, 9 (J - 1)]`; absent: poses bend the skin and nothing else. */
  readonly poses?: Float64Array;
  /** `[J, V]`: joints as sums of vertices. */
  readonly regressor: Float64Array;
  /** `[V, J]`. */
  readonly weights: Float64Array;
  /** `[J]`: the joint that each hangs on; the first hangs on none. Parents come first. */
  readonly parents: readonly number[];
  /** `[F, 3]`. */
  readonly faces: Uint32Array;
}

/** How a body is seen in a picture. */
export interface BodyParameters {
  /** Scale and shift of the crop of 224 x 224 about the picture's middle. */
  readonly camera: readonly [scale: number, x: number, y: number];
  /** `[3 J]`: an axis times an angle for each joint; the first is the whole body's. */
  readonly pose: readonly number[];
  /** `[<= B]`. */
  readonly shape: readonly number[];
}

type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** Rodrigues' formula. */
function rotation(x: number, y: number, z: number): Matrix {
  const angle = Math.hypot(x, y, z);
  if (angle < 1e-12) return [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const [u, v, w] = [x / angle, y / angle, z / angle];
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const rest = 1 - cos;
  return [
    cos + u * u * rest,
    u * v * rest - w * sin,
    u * w * rest + v * sin,
    u * v * rest + w * sin,
    cos + v * v * rest,
    v * w * rest - u * sin,
    u * w * rest - v * sin,
    v * w * rest + u * sin,
    cos + w * w * rest,
  ];
}

function times(a: Matrix, b: Matrix): Matrix {
  const product = (row: number, column: number): number =>
    a[row * 3]! * b[column]! + a[row * 3 + 1]! * b[3 + column]! + a[row * 3 + 2]! * b[6 + column]!;
  return [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => product(row, column))) as unknown as Matrix;
}

const apply = (m: Matrix, x: number, y: number, z: number): readonly [number, number, number] => [
  m[0] * x + m[1] * y + m[2] * z,
  m[3] * x + m[4] * y + m[5] * z,
  m[6] * x + m[7] * y + m[8] * z,
];

/** Adds a basis, weighted by coefficients, to vertices. */
function addBasis(vertices: Float64Array, basis: Float64Array, coefficients: readonly number[]): void {
  const width = basis.length / vertices.length;
  for (let i = 0; i < vertices.length; i++) {
    let sum = 0;
    for (let k = 0; k < coefficients.length; k++) sum += basis[i * width + k]! * coefficients[k]!;
    vertices[i] = vertices[i]! + sum;
  }
}

/**
 * The vertices of a body: linear blend skinning (Loper et al., SMPL: a skinned multi-person linear model, 2015). Shape and pose bases bend
 * the template, joints follow from the shaped template, and each vertex goes with its joints by its weights.
 *
 * @returns `[V, 3]`
 */
export function bodyVertices(model: BodyModel, pose: readonly number[], shape: readonly number[]): Float64Array {
  const { parents, regressor, weights } = model;
  const count = model.template.length / 3;
  const vertices = Float64Array.from(model.template);
  addBasis(vertices, model.shapes, shape);
  const joints = parents.map((_, joint) => {
    const place = [0, 0, 0] as [number, number, number];
    for (let i = 0; i < count; i++) {
      const share = regressor[joint * count + i]!;
      if (share !== 0)
        for (let axis = 0; axis < 3; axis++) place[axis] = place[axis]! + share * vertices[i * 3 + axis]!;
    }
    return place;
  });
  const turns = parents.map((_, joint) => rotation(pose[joint * 3]!, pose[joint * 3 + 1]!, pose[joint * 3 + 2]!));
  if (model.poses) {
    const bends = turns.slice(1).flatMap((turn) => turn.map((value, i) => value - (i % 4 === 0 ? 1 : 0)));
    addBasis(vertices, model.poses, bends);
  }
  // Of each joint: its rotation, and where it carries the origin of the unposed body.
  const worlds: { readonly turn: Matrix; readonly at: readonly [number, number, number] }[] = [];
  for (const [joint, parent] of parents.entries()) {
    const place = joints[joint]!;
    const above = worlds[parent];
    if (joint === 0 || !above) {
      worlds.push({ turn: turns[joint]!, at: place });
      continue;
    }
    const base = joints[parent]!;
    const [x, y, z] = apply(above.turn, place[0] - base[0], place[1] - base[1], place[2] - base[2]);
    worlds.push({ turn: times(above.turn, turns[joint]!), at: [above.at[0] + x, above.at[1] + y, above.at[2] + z] });
  }
  const skinned = new Float64Array(vertices.length);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [vertices[i * 3]!, vertices[i * 3 + 1]!, vertices[i * 3 + 2]!];
    for (const [joint, { turn, at }] of worlds.entries()) {
      const weight = weights[i * parents.length + joint]!;
      if (weight === 0) continue;
      const place = joints[joint]!;
      const moved = apply(turn, x - place[0], y - place[1], z - place[2]);
      for (let axis = 0; axis < 3; axis++) {
        skinned[i * 3 + axis] = skinned[i * 3 + axis]! + weight * (moved[axis]! + at[axis]!);
      }
    }
  }
  return skinned;
}

/** A body before the camera of its picture: shifted by (x, y, 500 / (112 scale)). */
export function placeBody(model: BodyModel, { camera, pose, shape }: BodyParameters, size: MapSize): PlacedMesh {
  const mesh: TriangleMesh = meshWithNormals(bodyVertices(model, pose, shape), model.faces);
  const [scale, x, y] = camera;
  return { mesh: moveMesh(mesh, [x, y, 500 / ((CROP / 2) * scale)]), camera: cropCamera(size) };
}
