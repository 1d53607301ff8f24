import { DatasetError } from '../error.js';
import type { MapSize } from './provider.js';

/** The 17 key points of COCO, in their order. */
export const KEY_POINTS = [
  'nose',
  'leftEye',
  'rightEye',
  'leftEar',
  'rightEar',
  'leftShoulder',
  'rightShoulder',
  'leftElbow',
  'rightElbow',
  'leftWrist',
  'rightWrist',
  'leftHip',
  'rightHip',
  'leftKnee',
  'rightKnee',
  'leftAnkle',
  'rightAnkle',
] as const;

export type KeyPointName = (typeof KEY_POINTS)[number];

/** Where each of COCO's key points is among the 25 of BODY-25. */
const IN_BODY_25 = [0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11] as const;

/** Points that are less certain count as not seen. */
const CERTAIN = 0.1;

/** The key points that were found in a picture, in its pixels. */
export interface KeyPoints {
  readonly points: Readonly<Partial<Record<KeyPointName, readonly [x: number, y: number]>>>;
  /** Size of the picture that the points refer to, where the file says it. */
  readonly size?: MapSize;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** 51 or 75 numbers x, y, score, or as many triples. */
function readPoints(value: unknown, file: string, name: string): KeyPoints['points'] {
  const wrong = (what: string): DatasetError =>
    new DatasetError(
      `${file}: the key points of ${name} are ${what}; write 17 (COCO) or 25 (BODY-25) times x, y, score, with score 0 where one is not seen.`,
    );
  if (!Array.isArray(value)) throw wrong('no list');
  const flat: unknown[] = value.flat();
  const bad = flat.find((number) => !isNumber(number));
  if (bad !== undefined) throw wrong(`not all numbers (${JSON.stringify(bad)})`);
  if (flat.length !== 51 && flat.length !== 75) throw wrong(`${flat.length} numbers`);
  const numbers = flat as number[];
  const points: Partial<Record<KeyPointName, readonly [number, number]>> = {};
  for (const [i, key] of KEY_POINTS.entries()) {
    const at = 3 * (numbers.length === 75 ? IN_BODY_25[i]! : i);
    if (numbers[at + 2]! >= CERTAIN) points[key] = [numbers[at]!, numbers[at + 1]!];
  }
  const places = Object.values(points);
  if (places.length > 3 && places.every(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1)) {
    throw wrong('all between 0 and 1: shares of the picture, not pixels');
  }
  return points;
}

function readSize(value: Readonly<Record<string, unknown>>, file: string, name: string): MapSize | undefined {
  const { height, width } = value;
  if (height === undefined && width === undefined) return undefined;
  if (isNumber(height) && isNumber(width) && height >= 1 && width >= 1) return { height, width };
  throw new DatasetError(`${file}: the size of ${name} is ${width} x ${height}; give width and height in pixels.`);
}

/** COCO: `images` with names, `annotations` with key points; of several people in a picture, the one with the largest area. */
function readCoco(file: string, images: readonly unknown[], annotations: readonly unknown[]): Map<string, KeyPoints> {
  const names = new Map<unknown, Readonly<Record<string, unknown>>>();
  for (const image of images) if (isObject(image)) names.set(image.id, image);
  const found = new Map<string, KeyPoints>();
  const areas = new Map<string, number>();
  for (const [i, annotation] of annotations.entries()) {
    const image = isObject(annotation) ? names.get(annotation.image_id) : undefined;
    if (!isObject(annotation) || typeof image?.file_name !== 'string') {
      throw new DatasetError(`${file}: annotation ${i} names no image: its image_id is the id of none in "images".`);
    }
    const name = image.file_name;
    const area = isNumber(annotation.area) ? annotation.area : 0;
    if (area < (areas.get(name) ?? -1)) continue;
    areas.set(name, area);
    const points = readPoints(annotation.keypoints, file, name);
    found.set(name, { points, size: readSize(image, file, name) });
  }
  return found;
}

/** A list of results, each with `image_id` and `keypoints`; of several in a picture, the one with the highest score. */
function readResults(file: string, results: readonly unknown[]): Map<string, KeyPoints> {
  const found = new Map<string, KeyPoints>();
  const scores = new Map<string, number>();
  for (const [i, result] of results.entries()) {
    const name = isObject(result) ? (result.image_id ?? result.file_name) : undefined;
    if (!isObject(result) || typeof name !== 'string') {
      throw new DatasetError(`${file}: result ${i} names no picture: image_id should be its file name.`);
    }
    const score = isNumber(result.score) ? result.score : 0;
    if (score < (scores.get(name) ?? -1)) continue;
    scores.set(name, score);
    found.set(name, { points: readPoints(result.keypoints, file, name), size: readSize(result, file, name) });
  }
  return found;
}

/** By name: the numbers themselves, or `{keypoints, width, height}`. */
function readByName(file: string, pictures: Readonly<Record<string, unknown>>): Map<string, KeyPoints> {
  return new Map(
    Object.entries(pictures).map(([name, value]) => {
      if (!isObject(value)) return [name, { points: readPoints(value, file, name) }];
      return [name, { points: readPoints(value.keypoints, file, name), size: readSize(value, file, name) }];
    }),
  );
}

/** One picture's file of OpenPose; of several people, the one with the most points. */
export function readOpenPose(text: string, file: string): KeyPoints {
  const content = readJson(text, file);
  const people = isObject(content) && Array.isArray(content.people) ? content.people : undefined;
  if (!people) throw new DatasetError(`${file} has no list "people": it is no file of OpenPose.`);
  let best: KeyPoints = { points: {} };
  for (const person of people) {
    const points = readPoints(isObject(person) ? person.pose_keypoints_2d : undefined, file, 'a person');
    if (Object.keys(points).length > Object.keys(best.points).length) best = { points };
  }
  return best;
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`${file} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

/**
 * Reads key points, COCO's 17 or BODY-25's 25, in one of three forms:
 *
 * - `{"0001_c1.jpg": [x, y, score, ...], ...}`, or with sizes `{"0001_c1.jpg": {"keypoints": [...], "width": 64, "height": 128}}`
 * - `[{"image_id": "0001_c1.jpg", "keypoints": [...], "score": 0.9}, ...]`, as many pose estimators write
 * - COCO's own, with `images` and `annotations`
 *
 * @param file its name, for errors
 * @returns by the names in the file
 * @throws DatasetError naming the picture whose points cannot be read
 */
export function readKeyPoints(text: string, file: string): Map<string, KeyPoints> {
  const content = readJson(text, file);
  if (Array.isArray(content)) return readResults(file, content);
  if (!isObject(content)) throw new DatasetError(`${file} holds no key points: it is neither a list nor an object.`);
  const { images, annotations } = content;
  if (Array.isArray(images) && Array.isArray(annotations)) return readCoco(file, images, annotations);
  return readByName(file, content);
}
