/** Triangles in a camera's space: x to the right, y down, z away from the viewer. */
export interface TriangleMesh {
  /** `[V, 3]`. */
  readonly positions: Float64Array;
  /** `[V, 3]`, of length 1, outwards. */
  readonly normals: Float64Array;
  /** `[F, 3]`. */
  readonly faces: Uint32Array;
}

/** A vertical line: where it stands. */
export interface Axis {
  readonly x: number;
  readonly z: number;
}

/** The vertical through the mean of all vertices. */
export function centroidAxis({ positions }: TriangleMesh): Axis {
  let [x, z] = [0, 0];
  for (let i = 0; i < positions.length; i += 3) {
    x += positions[i]!;
    z += positions[i + 2]!;
  }
  const count = positions.length / 3;
  return { x: x / count, z: z / count };
}

/**
 * A mesh turned about a vertical line: who faces the picture's left at 0 degrees faces the viewer at 90.
 *
 * x' = cx + (x - cx) cos - (z - cz) sin, z' = cz + (x - cx) sin + (z - cz) cos
 */
export function turnMesh(mesh: TriangleMesh, degrees: number, axis: Axis): TriangleMesh {
  if (degrees === 0) return mesh;
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const turn = (points: Float64Array, { x: cx, z: cz }: Axis): Float64Array => {
    const turned = Float64Array.from(points);
    for (let i = 0; i < points.length; i += 3) {
      const [x, z] = [points[i]! - cx, points[i + 2]! - cz];
      turned[i] = cx + x * cos - z * sin;
      turned[i + 2] = cz + x * sin + z * cos;
    }
    return turned;
  };
  return { positions: turn(mesh.positions, axis), normals: turn(mesh.normals, { x: 0, z: 0 }), faces: mesh.faces };
}

/** A mesh moved by an offset. */
export function moveMesh(mesh: TriangleMesh, offset: readonly [x: number, y: number, z: number]): TriangleMesh {
  const positions = new Float64Array(mesh.positions.length);
  for (let i = 0; i < positions.length; i++) positions[i] = mesh.positions[i]! + offset[i % 3]!;
  return { ...mesh, positions };
}

/** Several meshes as one. */
export function joinMeshes(meshes: readonly TriangleMesh[]): TriangleMesh {
  const vertices = meshes.reduce((sum, { positions }) => sum + positions.length, 0);
  const corners = meshes.reduce((sum, { faces }) => sum + faces.length, 0);
  const positions = new Float64Array(vertices);
  const normals = new Float64Array(vertices);
  const faces = new Uint32Array(corners);
  let [vertex, corner] = [0, 0];
  for (const mesh of meshes) {
    positions.set(mesh.positions, vertex);
    normals.set(mesh.normals, vertex);
    for (let i = 0; i < mesh.faces.length; i++) faces[corner + i] = mesh.faces[i]! + vertex / 3;
    vertex += mesh.positions.length;
    corner += mesh.faces.length;
  }
  return { positions, normals, faces };
}

/**
 * Normals of a mesh that has none: at each vertex the mean of its faces', by area. Faces that are wound inwards (a negative volume)
 * are turned around.
 */
export function meshWithNormals(positions: Float64Array, faces: Uint32Array): TriangleMesh {
  const normals = new Float64Array(positions.length);
  let volume = 0;
  for (let face = 0; face < faces.length; face += 3) {
    const [a, b, c] = [faces[face]! * 3, faces[face + 1]! * 3, faces[face + 2]! * 3];
    const [ux, uy, uz] = [0, 1, 2].map((axis) => positions[b + axis]! - positions[a + axis]!) as [
      number,
      number,
      number,
    ];
    const [vx, vy, vz] = [0, 1, 2].map((axis) => positions[c + axis]! - positions[a + axis]!) as [
      number,
      number,
      number,
    ];
    const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    for (let axis = 0; axis < 3; axis++) {
      volume += positions[a + axis]! * normal[axis]!;
      for (const corner of [a, b, c]) normals[corner + axis] = normals[corner + axis]! + normal[axis]!;
    }
  }
  const sign = volume < 0 ? -1 : 1;
  for (let i = 0; i < normals.length; i += 3) {
    const length = sign * (Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!) || 1);
    for (let axis = 0; axis < 3; axis++) normals[i + axis] = normals[i + axis]! / length;
  }
  return { positions, normals, faces };
}
