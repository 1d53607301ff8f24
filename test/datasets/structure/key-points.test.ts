import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keyPointStructure } from '../../../datasets/structure/from-key-points.js';
import { KEY_POINTS, type KeyPoints, readKeyPoints, readOpenPose } from '../../../datasets/structure/key-points.js';
import { BODY_HEIGHT, type Bones, jointsOf, SKELETON, walkingBones } from '../../../datasets/structure/mannequin.js';
import { bonesOf, pixelsPerMetre, placeByKeyPoints, yawOf } from '../../../datasets/structure/pose-from-key-points.js';
import { walkerStructure } from '../../../datasets/structure/walker.js';
import type { Point } from '../../../datasets/synthetic/solid.js';
import { failsWith } from '../fails-with.js';

/** COCO's key points of a mannequin, seen from far away. */
function project(bones: Bones, yaw: number, scale: number, [left, top]: readonly [number, number]): number[] {
  const joints = jointsOf(bones);
  const place = ([x, y, z]: Point): number[] => {
    const metre = scale * BODY_HEIGHT;
    return [left + metre * (Math.cos(yaw) * x + Math.sin(yaw) * z), top - metre * y, 1];
  };
  const head = (x: number, z: number): number[] => place([x, SKELETON.head, z]);
  const { shoulders, elbows, wrists, hips, knees, ankles } = joints;
  return [
    ...[head(0, 0.06), head(0.02, 0.05), head(-0.02, 0.05), head(0.05, 0), head(-0.05, 0)],
    ...[shoulders, elbows, wrists, hips, knees, ankles].flatMap(([one, other]) => [place(one), place(other)]),
  ].flat();
}

const SIZE = { height: 128, width: 64 };

const read = (points: unknown): KeyPoints =>
  readKeyPoints(JSON.stringify({ 'a.jpg': points }), 'kp.json').get('a.jpg')!;

test('the pose of key points: size, direction and bones come back', () => {
  for (const yaw of [0, 0.6, -1.3, 2.2, Math.PI, -2.5]) {
    const phase = 0.3;
    const bones = walkingBones(phase);
    const { points } = read(project(bones, yaw, 60, [30, 60]));
    const scale = pixelsPerMetre(points)!;
    assert.ok(Math.abs(scale / 60 - 1) < 0.03, `scale ${scale}`);
    const turn = yawOf(points, 60);
    assert.ok(
      Math.abs(Math.sin(turn) - Math.sin(yaw)) < 1e-6 && Math.abs(Math.cos(turn) - Math.cos(yaw)) < 1e-6,
      `yaw ${yaw}: ${turn}`,
    );
    // Bones that lean the way that their kind usually does come back whole, from every side.
    const found = bonesOf(points, 60, turn, walkingBones(2));
    const usual = (kind: keyof Bones, forward: boolean) =>
      ([0, 1] as const).filter((i) => bones[kind][i][2] >= 0 === forward).map((i) => [kind, i] as const);
    const clear = [...usual('thighs', true), ...usual('shins', false), ...usual('forearms', true)];
    assert.ok(clear.length >= 4);
    for (const [kind, i] of clear) {
      const apart = Math.hypot(...found[kind][i].map((v, axis) => v - bones[kind][i][axis]!));
      assert.ok(apart < 1e-6, `yaw ${yaw}, ${kind} ${i}: ${found[kind][i]} for ${bones[kind][i]}`);
    }
  }
});

test('hips lie where theirs do; missing bones are the walker', () => {
  const numbers = project(walkingBones(1), 0.5, 60, [30, 58]);
  const placed = placeByKeyPoints(read(numbers), SIZE, walkingBones(1))!;
  const { positions } = placed.mesh;
  // The first solid is the pelvis.
  const places = Array.from({ length: 6 * 14 }, (_, i) =>
    [0, 1].map((axis) => (placed.camera.focal * positions[i * 3 + axis]!) / positions[i * 3 + 2]!),
  );
  const middle = [0, 1].map((axis) => {
    const values = places.map((place) => place[axis]!);
    return (Math.min(...values) + Math.max(...values)) / 2;
  });
  assert.ok(Math.abs(32 + middle[0]! - 30) < 0.7 && Math.abs(64 + middle[1]! - 58) < 0.7, `${middle}`);

  const without = numbers.map((value, i) => (i % 3 === 2 && KEY_POINTS[(i - 2) / 3]!.startsWith('left') ? 0 : value));
  const usual = walkingBones(2.5);
  const { points } = read(without);
  const bones = bonesOf(points, 60, 0.5, usual);
  assert.equal(bones.thighs[0], usual.thighs[0]);
  assert.not.equal(bones.thighs[1], usual.thighs[1]);
});

test('forms: by name, results, COCO, BODY-25, OpenPose', () => {
  const numbers = project(walkingBones(1), 0.5, 60, [30, 58]);
  const { points } = read(numbers);
  assert.is(Object.keys(points).length, 17);
  const triples = Array.from({ length: 17 }, (_, i) => numbers.slice(i * 3, i * 3 + 3));
  assert.equal(read({ keypoints: triples, width: 64, height: 128 }), { points, size: SIZE });
  const worse = numbers.map((v) => v + 1);
  const results = readKeyPoints(
    JSON.stringify([
      { image_id: 'a.jpg', keypoints: numbers, score: 2 },
      { image_id: 'a.jpg', keypoints: worse, score: 1 },
    ]),
    'r.json',
  );
  assert.equal(results.get('a.jpg')!.points, points);
  const coco = {
    images: [{ id: 7, file_name: 'b/a.jpg', width: 64, height: 128 }],
    annotations: [
      { image_id: 7, keypoints: worse, area: 5 },
      { image_id: 7, keypoints: numbers, area: 9 },
    ],
  };
  assert.equal(readKeyPoints(JSON.stringify(coco), 'c.json').get('b/a.jpg'), { points, size: SIZE });
  const body = new Array<number>(75).fill(0);
  const order = [0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11];
  for (const [i, at] of order.entries()) body.splice(at * 3, 3, ...triples[i]!);
  assert.equal(read(body).points, points);
  const people = [{ pose_keypoints_2d: new Array(75).fill(0) }, { pose_keypoints_2d: body }];
  assert.equal(readOpenPose(JSON.stringify({ people }), 'a_keypoints.json').points, points);
});

test('files that cannot be read are named, with the picture', async () => {
  const text = (value: unknown) => () => readKeyPoints(JSON.stringify(value), 'kp.json');
  await failsWith(() => readKeyPoints('{', 'kp.json'), 'kp.json is not JSON');
  await failsWith(text({ 'a.jpg': [1, 2, 3] }), 'kp.json', 'a.jpg are 3 numbers', '17 (COCO) or 25');
  await failsWith(text({ 'a.jpg': new Array(51).fill('x') }), 'not all numbers ("x")');
  await failsWith(text([{ keypoints: [] }]), 'result 0 names no picture');
  await failsWith(text({ images: [], annotations: [{ image_id: 1 }] }), 'annotation 0 names no image');
  await failsWith(
    text({ 'a.jpg': { keypoints: new Array(51).fill(0), width: 0, height: 3 } }),
    'size of a.jpg is 0 x 3',
  );
  await failsWith(text({ 'a.jpg': new Array(51).fill(0.5) }), 'a.jpg are all between 0 and 1', 'not pixels');
  await failsWith(text('x'), 'neither a list nor an object');
});

test('pictures without points get the walker and are counted; none at all is a fault', async () => {
  const numbers = project(walkingBones(1), 0.5, 60, [30, 58]);
  const points = readKeyPoints(
    JSON.stringify({
      'a.jpg': numbers,
      'train/b.jpg': new Array(51).fill(0),
      'c.png': numbers.map((v, i) => (i < 45 ? v : 0)),
    }),
    'kp.json',
  );
  const pictures = ['x/a.jpg', 'x/train/b.jpg', 'x/c.jpg', 'x/d.jpg'].map((path) => ({ path }));
  const sizeOf = async () => SIZE;
  const structure = keyPointStructure(points, 'kp.json', pictures, sizeOf);
  assert.equal(structure.notes, [
    "kp.json: 2 of 4 pictures have key points, 1 of them without some limb, which takes the walker's pose",
    '2 pictures get the generic walker: 1 are not in the file, 1 have too few points to tell a size',
  ]);
  const map = (i: number, view = 0) => structure.structure(pictures[i]!, view, SIZE);
  for (const i of [1, 3]) assert.equal(await map(i), await walkerStructure().structure(pictures[i]!, 0, SIZE));
  assert.not.equal(await map(0), await walkerStructure().structure(pictures[0]!, 0, SIZE));
  assert.not.equal(await map(0, 2), await map(0));
  assert.equal(await map(0, 2), await map(0, 2));
  await failsWith(
    () => keyPointStructure(points, 'kp.json', [{ path: 'y.jpg' }], sizeOf),
    'names none of the pictures, such as y.jpg',
  );
  const small = keyPointStructure(points, 'kp.json', pictures, async () => ({ height: 32, width: 16 }));
  await failsWith(() => small.structure(pictures[0]!, 0, SIZE), 'x/a.jpg lie about', 'outside of its 16 x 32 pixels');
  await failsWith(() => keyPointStructure(points, 'kp.json', [pictures[1]!], sizeOf), 'too few points');
});

test.run();
