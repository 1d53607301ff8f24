import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limbMesh } from '../../../datasets/structure/limb.js';
import { mannequinMesh, walkingBones } from '../../../datasets/structure/mannequin.js';
import { centroidAxis, joinMeshes, meshWithNormals, moveMesh, turnMesh } from '../../../datasets/structure/mesh.js';
import { centreMesh, cropCamera } from '../../../datasets/structure/placement.js';
import { renderMesh } from '../../../datasets/structure/render.js';

const largest = (a: Float64Array, b: Float64Array): number =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);

test('who faces the left of the picture faces the viewer when turned by 90 degrees', () => {
  const bones = walkingBones(1.1);
  const [left, front] = [mannequinMesh(bones, -Math.PI / 2), mannequinMesh(bones, 0)];
  assert.ok(largest(turnMesh(left, 90, { x: 0, z: 0 }).positions, front.positions) < 1e-12);
  assert.ok(largest(turnMesh(left, 90, { x: 0, z: 0 }).normals, front.normals) < 1e-12);
  assert.ok(largest(left.positions, front.positions) > 0.1);
  // Toes are in front of heels: to the left of the picture, or nearer to the viewer.
  const foot = limbMesh({ from: [0, 0, 0], fromRadius: 0.01, to: [0, 0, 0.12], toRadius: 0.01 }, -Math.PI / 2);
  assert.ok(Math.min(...foot.positions.filter((_, i) => i % 3 === 0)) < -0.12);
});

test('turning keeps the axis, and eight turns come back', () => {
  const mesh = moveMesh(mannequinMesh(walkingBones(2), 0.4), [0.3, 0.1, 4]);
  const axis = centroidAxis(mesh);
  let turned = mesh;
  for (let i = 0; i < 8; i++) turned = turnMesh(turned, 45, axis);
  assert.ok(largest(turned.positions, mesh.positions) < 1e-12);
  const { x, z } = centroidAxis(turnMesh(mesh, 135, axis));
  assert.ok(Math.abs(x - axis.x) < 1e-12 && Math.abs(z - axis.z) < 1e-12);
});

test('a limb is a closed surface with normals outwards', () => {
  for (const limb of [
    { from: [0, 0.4, 0], fromRadius: 0.1, to: [0.1, 0, 0.2], toRadius: 0.05 },
    { from: [0, 0, 0], fromRadius: 1, to: [0, 0, 0], toRadius: 1, stretch: [0.3, 0.2, 0.1] },
    { from: [0, 0, 0], fromRadius: 0.1, to: [0, 0.02, 0], toRadius: 0.05 },
  ] as const) {
    const mesh = limbMesh(limb, 0.7);
    const edges = new Map<string, number>();
    // Rounded, so that vertices of the seams, which are the same but for the last bit, have one name.
    const place = (vertex: number): string =>
      [0, 1, 2].map((axis) => Math.round(mesh.positions[vertex * 3 + axis]! * 1e6) || 0).join();
    for (let face = 0; face < mesh.faces.length; face += 3) {
      const corners = [0, 1, 2].map((i) => place(mesh.faces[face + i]!));
      if (new Set(corners).size < 3) continue;
      for (let i = 0; i < 3; i++) {
        const [a, b] = [corners[i]!, corners[(i + 1) % 3]!];
        const [key, sign] = a < b ? [`${a} ${b}`, 1] : [`${b} ${a}`, -1];
        edges.set(key, (edges.get(key) ?? 0) + sign);
      }
    }
    assert.ok(
      [...edges.values()].every((sum) => sum === 0),
      'each edge belongs to two faces',
    );
    const computed = meshWithNormals(mesh.positions, mesh.faces);
    let worst = 1;
    for (let i = 0; i < mesh.normals.length; i += 3) {
      const [a, b] = [mesh.normals.subarray(i, i + 3), computed.normals.subarray(i, i + 3)];
      if (Math.hypot(...b) > 0.5) worst = Math.min(worst, a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!);
    }
    assert.ok(worst > 0.7, `normals agree with those of the faces: ${worst}`);
  }
});

test('faces that are wound inwards are turned around', () => {
  const mesh = limbMesh({ from: [0, 0, 0], fromRadius: 1, to: [0, 1, 0], toRadius: 0.5 }, 0);
  const reversed = mesh.faces.map((_, i, all) => all[i - (i % 3) + 2 - (i % 3)]!);
  assert.ok(
    largest(meshWithNormals(mesh.positions, reversed).normals, meshWithNormals(mesh.positions, mesh.faces).normals) <
      1e-12,
  );
});

test('the nearer surface is seen, and nothing behind the camera', () => {
  const camera = { focal: 40, x: 10, y: 10, height: 20, width: 20 };
  const square = (z: number, normal: number) => ({
    positions: Float64Array.from([-1, -1, z, 1, -1, z, 1, 1, z, -1, 1, z]),
    normals: Float64Array.from({ length: 12 }, (_, i) => [0, 0, normal][i % 3]!),
    faces: Uint32Array.from([0, 1, 2, 0, 2, 3]),
  });
  const [near, far] = [square(8, -1), square(10, 0)];
  const size = { height: 20, width: 20 };
  const seen = renderMesh(joinMeshes([near, far]), camera, size);
  assert.equal(renderMesh(joinMeshes([far, near]), camera, size), seen);
  // 1 at distance 8 is 5 pixels, at 10 it is 4.
  assert.equal([...seen.subarray(200, 220)].map((grey) => (grey === 255 ? 0 : 1)).join(''), '00000111111111100000');
  assert.is(seen[10 * 20 + 10], renderMesh(near, camera, size)[10 * 20 + 10]);
  assert.not.equal(renderMesh(far, camera, size)[10 * 20 + 10], seen[10 * 20 + 10]);
  assert.ok(renderMesh(square(-8, -1), camera, size).every((grey) => grey === 255));
});

test('a mannequin is as light as the released meshes are, and fills 92 % of the height', () => {
  const greys: number[] = [];
  const size = { height: 128, width: 64 };
  for (let i = 0; i < 8; i++) {
    const camera = cropCamera(size);
    const map = renderMesh(centreMesh(mannequinMesh(walkingBones(i), i * 0.8), camera), camera, size);
    const rows = Array.from({ length: 128 }, (_, y) => map.subarray(y * 64, y * 64 + 64).some((grey) => grey < 200));
    const [top, bottom] = [rows.indexOf(true), rows.lastIndexOf(true)];
    assert.ok(Math.abs(bottom - top + 1 - 0.92 * 128) <= 2, `${bottom - top + 1} rows`);
    assert.ok(Math.abs(top - (127 - bottom)) <= 2, `${top} rows above`);
    for (const grey of map) if (grey < 255) greys.push(grey);
  }
  greys.sort((a, b) => a - b);
  const mean = greys.reduce((sum, grey) => sum + grey, 0) / greys.length;
  const share = (part: number): number => greys[Math.floor(part * greys.length)]!;
  for (const [what, is, should] of [
    ['mean', mean, 202],
    ['5 %', share(0.05), 139],
    ['50 %', share(0.5), 209],
    ['95 %', share(0.95), 247],
  ] as const) {
    assert.ok(Math.abs(is - should) <= 8, `${what}: ${is}, published ${should}`);
  }
});

test.run();
