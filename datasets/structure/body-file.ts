import { DatasetError } from '../error.js';
import type { BodyModel, BodyParameters } from './body-model.js';
import { type NpyArray, readNpz } from './npz.js';

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** An array of JSON: lists in lists, all of one length at each depth. */
function fromLists(value: unknown, name: string): NpyArray {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const flat: unknown[] = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [];
  const whole = shape.reduce((product, size) => product * size, 1) === flat.length;
  if (shape.length === 0 || !whole) throw new DatasetError(`${name} is not a list of lists of equal lengths.`);
  if (flat.every((item) => typeof item === 'string')) return { shape, values: flat };
  const bad = flat.find((item) => typeof item !== 'number' || !Number.isFinite(item));
  if (bad !== undefined) throw new DatasetError(`${name} holds ${JSON.stringify(bad)}; needed are numbers.`);
  return { shape, values: Float64Array.from(flat as number[]) };
}

function parseJson(bytes: Uint8Array, file: string): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
      return content as Readonly<Record<string, unknown>>;
    }
  } catch (error) {
    throw new DatasetError(`${file} is neither .npz nor JSON: ${(error as Error).message}.`, { cause: error });
  }
  throw new DatasetError(`${file} is JSON, but no object.`);
}

async function readArrays(bytes: Uint8Array, file: string, wanted: readonly string[]): Promise<Map<string, NpyArray>> {
  if (isZip(bytes)) return readNpz(bytes, file, wanted);
  const content = parseJson(bytes, file);
  const present = wanted.filter((name) => content[name] !== undefined);
  return new Map(present.map((name) => [name, fromLists(content[name], `${file}: ${name}`)]));
}

/** Arrays by name, of shapes that are checked. */
class Arrays {
  readonly #arrays: ReadonlyMap<string, NpyArray>;
  readonly #file: string;

  constructor(arrays: ReadonlyMap<string, NpyArray>, file: string) {
    this.#arrays = arrays;
    this.#file = file;
  }

  has(name: string): boolean {
    return this.#arrays.has(name);
  }

  /** @param shape lengths; undefined where any will do */
  get(name: string, shape: readonly (number | undefined)[]): { shape: readonly number[]; values: Float64Array } {
    const array = this.#arrays.get(name);
    if (!array) throw new DatasetError(`${this.#file} has no ${name}. A body model needs ${REQUIRED.join(', ')}.`);
    const fits =
      array.shape.length === shape.length && shape.every((size, i) => size === undefined || size === array.shape[i]);
    if (!fits || !(array.values instanceof Float64Array)) {
      const wanted = shape.map((size) => size ?? 'any').join(', ');
      throw new DatasetError(
        `${this.#file}: ${name} is [${array.shape.join(', ')}]; it should be numbers of [${wanted}].`,
      );
    }
    return { shape: array.shape, values: array.values };
  }
}

const REQUIRED = ['v_template', 'shapedirs', 'J_regressor', 'weights', 'kintree_table (or parents)', 'f'];

/**
 * Reads a body model under SMPL's names: `v_template [V, 3]`, `shapedirs [V, 3, B]`, `posedirs [V, 3, 9 (J - 1)]` (may be absent),
 * `J_regressor [J, V]`, `weights [V, J]`, `kintree_table [2, J]` or `parents [J]`, `f [F, 3]`; as .npz (dense arrays) or JSON (lists of lists).
 *
 * @param file its name, for errors
 * @throws DatasetError naming the array that is missing or of another shape
 */
export async function readBodyModel(bytes: Uint8Array, file: string): Promise<BodyModel> {
  const wanted = ['v_template', 'shapedirs', 'posedirs', 'J_regressor', 'weights', 'kintree_table', 'parents', 'f'];
  const arrays = new Arrays(await readArrays(bytes, file, wanted), file);
  const template = arrays.get('v_template', [undefined, 3]);
  const vertices = template.shape[0]!;
  const weights = arrays.get('weights', [vertices, undefined]);
  const joints = weights.shape[1]!;
  const table = arrays.has('parents') ? arrays.get('parents', [joints]) : arrays.get('kintree_table', [2, joints]);
  const parents = Array.from(table.values.subarray(0, joints));
  const wrong = parents.findIndex(
    (parent, joint) => joint > 0 && !(Number.isInteger(parent) && parent >= 0 && parent < joint),
  );
  if (wrong >= 0) {
    throw new DatasetError(
      `${file}: joint ${wrong} hangs on ${parents[wrong]}; each hangs on one that comes before it.`,
    );
  }
  const faces = arrays.get('f', [undefined, 3]).values;
  const beyond = faces.find((vertex) => !(Number.isInteger(vertex) && vertex >= 0 && vertex < vertices));
  if (beyond !== undefined)
    throw new DatasetError(`${file}: f names vertex ${beyond}; there are 0 to ${vertices - 1}.`);
  return {
    template: template.values,
    shapes: arrays.get('shapedirs', [vertices, 3, undefined]).values,
    ...(arrays.has('posedirs') ? { poses: arrays.get('posedirs', [vertices, 3, 9 * (joints - 1)]).values } : {}),
    regressor: arrays.get('J_regressor', [joints, vertices]).values,
    weights: weights.values,
    parents,
    faces: Uint32Array.from(faces),
  };
}

/** @throws DatasetError for lists of other lengths than the model's */
function checked(parameters: BodyParameters, model: BodyModel, file: string, name: string): BodyParameters {
  const { camera, pose, shape } = parameters;
  const [joints, shapes] = [model.parents.length, model.shapes.length / model.template.length];
  const numbers = [camera, pose, shape].every((list) => Array.isArray(list) && list.every(Number.isFinite));
  if (!numbers || camera.length !== 3 || pose.length !== 3 * joints || shape.length > shapes || !(camera[0] > 0)) {
    throw new DatasetError(
      `${file}: ${name} needs cam of 3 numbers (the first above 0), pose of ${3 * joints} and shape of at most ${shapes}.`,
    );
  }
  return parameters;
}

/**
 * Reads how bodies are seen in pictures: JSON `{"0001_c1.jpg": {"cam": [s, x, y], "pose": [3 J], "shape": [B]}, ...}`, or .npz with `names [N]`
 * (texts), `cam [N, 3]`, `pose [N, 3 J]` and `shape [N, B]`. The numbers are HMR's.
 *
 * @throws DatasetError naming the picture whose numbers do not fit the model
 */
export async function readBodyParameters(
  bytes: Uint8Array,
  file: string,
  model: BodyModel,
): Promise<Map<string, BodyParameters>> {
  const found = new Map<string, BodyParameters>();
  if (!isZip(bytes)) {
    for (const [name, value] of Object.entries(parseJson(bytes, file))) {
      const { cam, pose, shape } = (value ?? {}) as Readonly<Record<string, unknown>>;
      found.set(name, checked({ camera: cam, pose, shape } as BodyParameters, model, file, name));
    }
    return found;
  }
  const arrays = await readNpz(bytes, file, ['names', 'cam', 'pose', 'shape']);
  const names = arrays.get('names');
  if (!names || names.values instanceof Float64Array) {
    throw new DatasetError(`${file} has no array "names" of texts: the names of its pictures.`);
  }
  const row = (key: string, i: number): number[] => {
    const array = arrays.get(key);
    if (!array || !(array.values instanceof Float64Array) || array.shape[0] !== names.values.length) {
      throw new DatasetError(
        `${file} needs an array "${key}" with a row for each of its ${names.values.length} names.`,
      );
    }
    const width = array.values.length / names.values.length;
    return Array.from(array.values.subarray(i * width, (i + 1) * width));
  };
  for (const [i, name] of names.values.entries()) {
    const [scale = 0, x = 0, y = 0] = row('cam', i);
    const parameters: BodyParameters = { camera: [scale, x, y], pose: row('pose', i), shape: row('shape', i) };
    found.set(name, checked(parameters, model, file, name));
  }
  return found;
}
