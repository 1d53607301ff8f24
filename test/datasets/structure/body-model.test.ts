import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readBodyModel, readBodyParameters } from '../../../datasets/structure/body-file.js';
import { bodyVertices, placeBody } from '../../../datasets/structure/body-model.js';
import { bodyStructure } from '../../../datasets/structure/from-body-model.js';
import { readNpz } from '../../../datasets/structure/npz.js';
import { loadJson } from '../../fixture.js';
import { failsWith } from '../fails-with.js';
import { bytesOf } from '../pseudo-picture.js';

interface Fixture {
  /** Files in base64: a model, parameters of two pictures (both compressed), and one that is not. */
  readonly model: string;
  readonly params: string;
  readonly stored: string;
  readonly pose: number[];
  readonly shape: number[];
  readonly expected: number[];
}

const known = (await loadJson('body-model.json')) as Fixture;

const SIZE = { height: 128, width: 64 };

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** An upright bar of two joints, its upper half on the second. */
const BAR = {
  v_template: [
    [0, 0, 0],
    [0.1, 0, 0],
    [0, 1, 0],
    [0.1, 1, 0],
  ],
  shapedirs: [
    [[0], [0], [0]],
    [[0.1], [0], [0]],
    [[0], [0], [0]],
    [[0.1], [0], [0]],
  ],
  J_regressor: [
    [1, 0, 0, 0],
    [0.5, 0, 0.5, 0],
  ],
  weights: [
    [1, 0],
    [1, 0],
    [0, 1],
    [0, 1],
  ],
  parents: [-1, 0],
  f: [
    [0, 1, 2],
    [1, 3, 2],
  ],
};

const near = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((v, i) => Math.abs(v - b[i]!) < 2e-6);

test('skinning agrees with a product of matrices, from files as NumPy writes them', async () => {
  const model = await readBodyModel(bytesOf(known.model), 'model.npz');
  assert.equal([model.template.length, model.parents.slice(1), model.faces.length], [18, [0, 1], 12]);
  const found = await readBodyParameters(bytesOf(known.params), 'params.npz', model);
  assert.equal([...found.keys()], ['a.jpg', 'äb.jpg']);
  const { camera, pose, shape } = found.get('äb.jpg')!;
  assert.equal(camera, [1.1, 0, 0.02]);
  assert.ok(near(pose, known.pose) && near(shape, known.shape));
  assert.ok(near(bodyVertices(model, pose, shape), known.expected));
  const stored = await readNpz(bytesOf(known.stored), 'stored.npz', ['names', 'count']);
  assert.equal([...stored.get('count')!.values], [1, -2]);
  assert.equal([...stored.get('names')!.values], ['a.jpg', 'äb.jpg']);
});

test('a body bends at its joints and is shaped by its bases', async () => {
  const model = await readBodyModel(text(BAR), 'bar.json');
  assert.ok(near(bodyVertices(model, new Array(6).fill(0), []), BAR.v_template.flat()));
  assert.ok(near(bodyVertices(model, new Array(6).fill(0), [2]), [0, 0, 0, 0.3, 0, 0, 0, 1, 0, 0.3, 1, 0]));
  // The joint is half way up; a quarter turn about z lays the upper half to the left.
  const bent = bodyVertices(model, [0, 0, 0, 0, 0, Math.PI / 2], []);
  assert.ok(near(bent, [0, 0, 0, 0.1, 0, 0, -0.5, 0.5, 0, -0.5, 0.6, 0]), String(bent));
});

test('the camera: a metre is 112 scale / 224 of the longer side, about the middle', async () => {
  const model = await readBodyModel(text(BAR), 'bar.json');
  const { mesh, camera } = placeBody(model, { camera: [0.8, 0.25, -0.5], pose: new Array(6).fill(0), shape: [] }, SIZE);
  const at = (vertex: number, axis: number, middle: number): number =>
    middle + (camera.focal * mesh.positions[vertex * 3 + axis]!) / mesh.positions[vertex * 3 + 2]!;
  const metre = (128 / 224) * 112 * 0.8;
  assert.ok(near([at(0, 0, camera.x), at(0, 1, camera.y)], [32 + 0.25 * metre, 64 - 0.5 * metre]));
  assert.ok(Math.abs(at(2, 1, camera.y) - at(0, 1, camera.y) - metre) < 1e-9);
});

test('bodies as maps; pictures without parameters are counted and named', async () => {
  const model = await readBodyModel(text(BAR), 'bar.json');
  const pictures = [{ path: 'x/a.jpg' }, { path: 'x/b.jpg' }];
  const entry = { cam: [0.8, 0, -0.5], pose: [0, 0.4, 0, 0, 0, 0.3], shape: [1] };
  const both = await readBodyParameters(
    text({ 'a.jpg': entry, 'b.jpg': { ...entry, cam: [0.9, 0, -0.4] } }),
    'p.json',
    model,
  );
  const structure = bodyStructure(model, both, 'p.json', pictures, async () => SIZE);
  const maps = await Promise.all([0, 0, 2].map((view) => structure.structure(pictures[0]!, view, SIZE)));
  assert.equal(maps[0], maps[1]);
  assert.not.equal(maps[0], maps[2]);
  assert.not.equal(maps[0], await structure.structure(pictures[1]!, 0, SIZE));
  const one = await readBodyParameters(text({ 'a.jpg': entry }), 'p.json', model);
  const open = () => bodyStructure(model, one, 'p.json', pictures, async () => SIZE);
  await failsWith(open, 'p.json has no parameters for 1 of 2 pictures', 'x/b.jpg');
});

test('files that do not fit are named, with the array', async () => {
  const { J_regressor: _, ...without } = BAR;
  await failsWith(() => readBodyModel(text(without), 'm.json'), 'm.json has no J_regressor');
  await failsWith(
    () => readBodyModel(text({ ...BAR, weights: [[1], [1]] }), 'm.json'),
    'weights is [2, 1]',
    '[4, any]',
  );
  await failsWith(() => readBodyModel(text({ ...BAR, parents: [-1, 1] }), 'm.json'), 'joint 1 hangs on 1');
  await failsWith(() => readBodyModel(text({ ...BAR, f: [[0, 1, 4]] }), 'm.json'), 'names vertex 4', '0 to 3');
  await failsWith(() => readBodyModel(text({ ...BAR, f: [[0, 1], [2]] }), 'm.json'), 'f is not a list of lists');
  await failsWith(() => readBodyModel(new Uint8Array([1, 2]), 'm.pkl'), 'm.pkl is neither .npz nor JSON');
  await failsWith(() => readBodyModel(bytesOf(known.model).subarray(0, 900), 'cut.npz'), 'cut.npz is no .npz file');
  const model = await readBodyModel(text(BAR), 'm.json');
  const read = (value: unknown) => () => readBodyParameters(text({ 'a.jpg': value }), 'p.json', model);
  await failsWith(read({ cam: [1, 0, 0], pose: [0, 0, 0], shape: [] }), 'p.json: a.jpg', 'pose of 6');
  await failsWith(read({ cam: [0, 0, 0], pose: new Array(6).fill(0), shape: [] }), 'the first above 0');
  await failsWith(read(null), 'a.jpg needs cam');
});

test.run();
