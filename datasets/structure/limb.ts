import type { Point, Solid } from '../synthetic/solid.js';
import type { TriangleMesh } from './mesh.js';

/** Two balls and the cone that joins them, in a figure's space (x to its left, y up, z forward): a `Solid` without paint. */
export type Limb = Pick<Solid, 'from' | 'fromRadius' | 'to' | 'toRadius' | 'stretch'>;

/** Points around an axis, and rings along each of the two balls. */
const AROUND = 14;
const RINGS = 5;

const EVEN: Point = [1, 1, 1];

/** Two directions across an axis. */
function across([x, y, z]: Point): readonly [Point, Point] {
  const helper: Point = Math.abs(y) < 0.9 ? [0, 1, 0] : [1, 0, 0];
  const u: Point = [y * helper[2] - z * helper[1], z * helper[0] - x * helper[2], x * helper[1] - y * helper[0]];
  const length = Math.hypot(...u);
  const [ux, uy, uz] = [u[0] / length, u[1] / length, u[2] / length];
  return [
    [ux, uy, uz],
    [y * uz - z * uy, z * ux - x * uz, x * uy - y * ux],
  ];
}

/**
 * The surface of a limb as triangles, in the space of a camera that looks at the figure.
 *
 * @param yaw turn of the figure in radians: 0 looks at the face, pi/2 at its right side
 */
export function limbMesh({ from, to, fromRadius, toRadius, stretch = EVEN }: Limb, yaw: number): TriangleMesh {
  const plain = [0, 1, 2].map((i) => (to[i]! - from[i]!) / stretch[i]!) as [number, number, number];
  const length = Math.hypot(...plain);
  const axis: Point = length > 1e-9 ? [plain[0] / length, plain[1] / length, plain[2] / length] : [0, 1, 0];
  // The cone touches both balls at the same angle; a ball inside the other one is not seen.
  const taper = fromRadius - toRadius;
  const tangent = length > Math.abs(taper) ? Math.asin(taper / length) : (Math.sign(taper) || -1) * (Math.PI / 2);
  const [u, v] = across(axis);
  const arc = (low: number, high: number, start: number, radius: number) =>
    high - low < 1e-6
      ? []
      : Array.from({ length: RINGS + 1 }, (_, i) => ({ angle: low + ((high - low) * i) / RINGS, start, radius }));
  const arcs = [...arc(-Math.PI / 2, tangent, 0, fromRadius), ...arc(tangent, Math.PI / 2, length, toRadius)];
  const rings = arcs.length;
  const positions = new Float64Array(rings * AROUND * 3);
  const normals = new Float64Array(rings * AROUND * 3);
  const [sin, cos] = [Math.sin(yaw), Math.cos(yaw)];
  for (const [ring, { angle, start, radius }] of arcs.entries()) {
    const [along, out] = [Math.sin(angle), Math.cos(angle)];
    for (let step = 0; step < AROUND; step++) {
      const turn = (2 * Math.PI * step) / AROUND;
      const [cu, cv] = [Math.cos(turn) * out, Math.sin(turn) * out];
      const nx = axis[0] * along + u[0] * cu + v[0] * cv;
      const ny = axis[1] * along + u[1] * cu + v[1] * cv;
      const nz = axis[2] * along + u[2] * cu + v[2] * cv;
      const x = from[0] + stretch[0] * (axis[0] * start + nx * radius);
      const y = from[1] + stretch[1] * (axis[1] * start + ny * radius);
      const z = from[2] + stretch[2] * (axis[2] * start + nz * radius);
      const at = (ring * AROUND + step) * 3;
      positions[at] = cos * x + sin * z;
      positions[at + 1] = -y;
      positions[at + 2] = sin * x - cos * z;
      // A stretched ball's normals are bent the other way.
      const [bx, by, bz] = [nx / stretch[0], ny / stretch[1], nz / stretch[2]];
      const size = Math.sqrt(bx * bx + by * by + bz * bz);
      normals[at] = (cos * bx + sin * bz) / size;
      normals[at + 1] = -by / size;
      normals[at + 2] = (sin * bx - cos * bz) / size;
    }
  }
  const faces = new Uint32Array((rings - 1) * AROUND * 6);
  for (let ring = 0, at = 0; ring < rings - 1; ring++) {
    for (let step = 0; step < AROUND; step++, at += 6) {
      const [a, b] = [ring * AROUND + step, ring * AROUND + ((step + 1) % AROUND)];
      faces.set([a, b, a + AROUND, b, b + AROUND, a + AROUND], at);
    }
  }
  return { positions, normals, faces };
}
