import type { ImageRecord } from '../../../datasets/index.js';
import { noGrad, tensor } from '../../../engine/index.js';
import type { Module } from '../../../engine/nn/index.js';
import { type HeatMap, type HeatRange, heatRange } from '../drawing/heatmap.js';
import { gradCam, similarityScore } from '../looking/grad-cam.js';
import { lastMapLayer } from '../looking/map-layer.js';
import type { EmbeddedPicture } from '../page/picture.js';
import type { LookGrid } from '../report-data.js';
import { embedded, inEvalMode, type LookOptions, lookAt, overlaid, pictureOf } from './looks.js';
import { cameraName, evenly, type FoundQuery, worstFirst } from './ranked-lists.js';

/** A query, the nearest picture of somebody else, and pictures of the same person elsewhere. */
interface Case {
  readonly found: FoundQuery;
  readonly query: ImageRecord;
  readonly wrong: ImageRecord | undefined;
  readonly right: readonly ImageRecord[];
}

/** Right pictures beyond a query's list that are compared to find the nearest. */
const CANDIDATES = 12;

function casesOf({ dataset, report, count = 6 }: LookOptions): Case[] {
  const { query: queries, gallery } = dataset;
  return worstFirst(report)
    .slice(0, count)
    .map((found) => {
      const query = queries[found.query]!;
      const listed = (match: boolean) => found.nearest.find((item) => item.match === match);
      const [wrong, right] = [listed(false), listed(true)];
      const elsewhere = gallery.filter(
        ({ identity, camera }) => identity === query.identity && camera !== query.camera,
      );
      return {
        found,
        query,
        wrong: wrong && gallery[wrong.gallery]!,
        right: right ? [gallery[right.gallery]!] : evenly(elsewhere, CANDIDATES),
      };
    });
}

/** One thing to ask: what makes the first like the second? */
interface Pair {
  readonly of: ImageRecord;
  readonly to: ImageRecord;
}

/**
 * For the worst queries: which parts of query and gallery picture make them alike, for the nearest wrong one and for the nearest
 * right one. Grad-CAM of the cosine similarity of the two features, both ways.
 *
 * @param options.layer whose map is weighed; default: the last one of the forward pass
 * @returns undefined where the model has no map to look at, or no query has a match
 */
export async function similarityLooks(
  options: LookOptions & { readonly layer?: Module },
): Promise<LookGrid | undefined> {
  const cases = casesOf(options);
  if (cases.length === 0) return undefined;
  const asked = await inEvalMode(options.model, async () => {
    const features = await featuresOf(options, cases);
    const pairs = cases.flatMap(({ query, wrong, right }) => {
      const nearest = nearestTo(query, right, features);
      return [wrong, nearest].flatMap((other): (Pair | undefined)[] =>
        other
          ? [
              { of: query, to: other },
              { of: other, to: query },
            ]
          : [undefined, undefined],
      );
    });
    const some = pairs.filter((pair) => pair !== undefined);
    const maps = await explain(options, some, features);
    return maps && pairs.map((pair) => pair && { ...pair, map: maps[some.indexOf(pair)]! });
  });
  if (!asked) return undefined;
  const rows = [];
  for (const [i, { found, query }] of cases.entries()) {
    const maps = [];
    for (const look of asked.slice(4 * i, 4 * i + 4)) maps.push(look ? await drawLook(options, look) : null);
    rows.push({
      caption: [
        `Query ${query.identityName}`,
        cameraName(query),
        `AP ${found.ap.toFixed(3)}`,
        `first match at rank ${found.firstMatch}`,
      ],
      picture: await embedded(await pictureOf(options, query), `Query: identity ${query.identityName}`),
      maps,
    });
  }
  return {
    title: 'Why pictures look alike to it',
    note: 'Grad-CAM of the cosine similarity of two features, for the worst queries: bright places make the two pictures more alike. Each map from 0 to its own largest value; dark all over where no place does.',
    columns: [
      'query, to the nearest wrong one',
      'the nearest wrong one',
      'query, to the nearest right one',
      'the nearest right one',
    ],
    rows,
    ends: ['no effect', 'the map’s most'],
  };
}

async function drawLook(options: LookOptions, { of, to, map }: Pair & { map: HeatMap }): Promise<EmbeddedPicture> {
  const alt = `Identity ${of.identityName}, ${cameraName(of)}: what makes it like identity ${to.identityName}, ${cameraName(to)}`;
  const [, most] = heatRange(map);
  const range: HeatRange = most > 0 ? [0, most] : 'min-max';
  return overlaid(await pictureOf(options, of), map, range, alt);
}

type FeatureOf = ReadonlyMap<ImageRecord, Float32Array>;

/** The features of all pictures of the cases. */
async function featuresOf(options: LookOptions, cases: readonly Case[]): Promise<FeatureOf> {
  const { model } = options;
  const records = [
    ...new Set(cases.flatMap(({ query, wrong, right }) => [query, ...(wrong ? [wrong] : []), ...right])),
  ];
  const features = new Map<ImageRecord, Float32Array>();
  await lookAt(options, records, async (images, indices) => {
    const rows = await noGrad(() => model.forward(images).read());
    const dimension = rows.length / indices.length;
    indices.forEach((index, i) => {
      features.set(records[index]!, rows.slice(i * dimension, (i + 1) * dimension) as Float32Array);
    });
  });
  return features;
}

/** The picture whose feature is the most similar; the first of equals. */
function nearestTo(query: ImageRecord, others: readonly ImageRecord[], features: FeatureOf): ImageRecord | undefined {
  const own = features.get(query)!;
  const similarity = (other: ImageRecord) => {
    const feature = features.get(other)!;
    return feature.reduce((sum, value, i) => sum + value * own[i]!, 0) / Math.max(Math.hypot(...feature), 1e-12);
  };
  return others.map((other) => [similarity(other), other] as const).sort(([a], [b]) => b - a)[0]?.[1];
}

/** Grad-CAMs of pairs; undefined where the model makes no map. */
async function explain(
  options: LookOptions & { readonly layer?: Module },
  pairs: readonly Pair[],
  features: FeatureOf,
): Promise<HeatMap[] | undefined> {
  const { gpu, model } = options;
  let { layer } = options;
  const maps: HeatMap[] = [];
  const records = pairs.map(({ of }) => of);
  await lookAt(options, records, async (images, indices) => {
    if (maps.length === 0) layer ??= lastMapLayer(model, images)?.module;
    if (!layer) return;
    const others = indices.map((index) => features.get(pairs[index]!.to)!);
    const dimension = others[0]!.length;
    const flat = new Float32Array(others.length * dimension);
    others.forEach((row, i) => {
      flat.set(row, i * dimension);
    });
    const score = similarityScore(tensor(flat, [others.length, dimension], { gpu }));
    maps.push(...(await gradCam({ images, layer, forward: (x) => model.forward(x), score })));
  });
  return layer && maps;
}
