import type { TriangleMesh } from './mesh.js';
import type { MapSize } from './provider.js';

/** A pinhole camera at the origin that looks along z; all in pixels of the photograph. */
export interface MeshCamera {
  readonly focal: number;
  /** The principal point. */
  readonly x: number;
  readonly y: number;
  /** Size of the photograph. */
  readonly height: number;
  readonly width: number;
}

/** Samples a pixel, along each side. */
const SAMPLES = 2;

/** Grey of the ground. */
export const GROUND = 255;

type Direction = readonly [x: number, y: number, z: number];

/** A far light: where it stands (x right, y down, z away), and how strong it is. */
interface MeshLight {
  readonly place: Direction;
  readonly strength: number;
}

/** A place turned by 120 degrees about the vertical through the camera. */
function turned([x, y, z]: Direction): Direction {
  const [sin, cos] = [Math.sin((2 * Math.PI) / 3), Math.cos((2 * Math.PI) / 3)];
  const length = Math.hypot(x, y, z);
  return [(x * cos - z * sin) / length, y / length, (x * sin + z * cos) / length];
}

/** The lights of the released mesh pictures' renderer. */
const LIGHTS: readonly MeshLight[] = [
  { place: turned([-200, -100, -100]), strength: 1 },
  { place: turned([800, 10, 300]), strength: 1 },
  { place: turned([-500, 500, 1000]), strength: 0.7 },
];

/**
 * Grey of a surface in light 1, the tone curve's power, and the lightest grey: chosen so that bodies are as light and as contrasty as in
 * the published pictures (mean 202; 5, 50 and 95 % of their pixels below 139, 209 and 247).
 */
const ALBEDO = 224;
const TONE = 1.2;
const LIGHTEST = 253;

/** Grey of each vertex: Lambert's law. */
function shades({ normals }: TriangleMesh): Float64Array {
  const grey = new Float64Array(normals.length / 3);
  for (let i = 0; i < grey.length; i++) {
    let light = 0;
    for (const { place, strength } of LIGHTS) {
      const facing = normals[i * 3]! * place[0] + normals[i * 3 + 1]! * place[1] + normals[i * 3 + 2]! * place[2];
      if (facing > 0) light += strength * facing;
    }
    grey[i] = Math.min(ALBEDO * light ** TONE, LIGHTEST);
  }
  return grey;
}

/** What is seen at each sample: grey, and how near it is (1 / z; 0 is the ground). */
interface Samples {
  readonly height: number;
  readonly width: number;
  readonly grey: Float32Array;
  readonly nearness: Float32Array;
}

/** Corners of a triangle on the plane of samples: x, y, nearness, grey. */
type Corner = readonly [x: number, y: number, nearness: number, grey: number];

function fillTriangle({ height, width, grey, nearness }: Samples, a: Corner, b: Corner, c: Corner): void {
  const area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
  if (area === 0) return;
  const top = Math.max(0, Math.ceil(Math.min(a[1], b[1], c[1]) - 0.5));
  const bottom = Math.min(height - 1, Math.floor(Math.max(a[1], b[1], c[1]) - 0.5));
  const left = Math.max(0, Math.ceil(Math.min(a[0], b[0], c[0]) - 0.5));
  const right = Math.min(width - 1, Math.floor(Math.max(a[0], b[0], c[0]) - 0.5));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      const shareB = ((px - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (py - a[1])) / area;
      const shareC = ((b[0] - a[0]) * (py - a[1]) - (px - a[0]) * (b[1] - a[1])) / area;
      const shareA = 1 - shareB - shareC;
      if (shareA < 0 || shareB < 0 || shareC < 0) continue;
      const near = shareA * a[2] + shareB * b[2] + shareC * c[2];
      const at = y * width + x;
      if (near <= nearness[at]!) continue;
      nearness[at] = near;
      grey[at] = shareA * a[3] + shareB * b[3] + shareC * c[3];
    }
  }
}

/**
 * A grey picture of a mesh on white, as the released ones are: Lambert shading by three lights that stand with the camera, a z-buffer,
 * four samples a pixel. What lies behind the camera is not drawn.
 *
 * @returns `[height, width]`, 255 where nothing is
 */
export function renderMesh(mesh: TriangleMesh, camera: MeshCamera, size: MapSize): Uint8Array {
  const [height, width] = [size.height * SAMPLES, size.width * SAMPLES];
  const samples: Samples = {
    height,
    width,
    grey: new Float32Array(height * width).fill(GROUND),
    nearness: new Float32Array(height * width),
  };
  const light = shades(mesh);
  const [across, down] = [width / camera.width, height / camera.height];
  const { positions, faces } = mesh;
  const corners = Array.from(light, (grey, i): Corner => {
    const [x, y, z] = [positions[i * 3]!, positions[i * 3 + 1]!, positions[i * 3 + 2]!];
    return [(camera.x + (camera.focal * x) / z) * across, (camera.y + (camera.focal * y) / z) * down, 1 / z, grey];
  });
  for (let face = 0; face < faces.length; face += 3) {
    const [a, b, c] = [corners[faces[face]!]!, corners[faces[face + 1]!]!, corners[faces[face + 2]!]!];
    if (a[2] > 0 && b[2] > 0 && c[2] > 0) fillTriangle(samples, a, b, c);
  }
  const map = new Uint8Array(size.height * size.width);
  for (let y = 0, to = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, to++) {
      let sum = 0;
      for (let row = 0; row < SAMPLES; row++)
        for (let column = 0; column < SAMPLES; column++)
          sum += samples.grey[(y * SAMPLES + row) * width + x * SAMPLES + column]!;
      map[to] = Math.round(sum / SAMPLES ** 2);
    }
  }
  return map;
}
