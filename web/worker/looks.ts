import { type Image, type ImageRecord, resizeBilinear } from '../../datasets/index.js';
import { tensor } from '../../engine/index.js';
import { type HeatMap, heatRange, overlayHeatmap } from '../../reid/report/drawing/heatmap.js';
import { inEvalMode, lookAt } from '../../reid/report/evidence/looks.js';
import { recordLooks } from '../../reid/report/evidence/record-looks.js';
import { gradCam, similarityScore } from '../../reid/report/looking/grad-cam.js';
import { lastMapLayer } from '../../reid/report/looking/map-layer.js';
import { bitmapOf } from './data.js';
import { evaluationOf, type OpenEvaluation } from './evaluate.js';
import type { Handler } from './job.js';
import { alone } from './machine.js';

/** A picture with a map over it. */
export interface Look {
  readonly title: string;
  readonly about: string;
  readonly bitmap: ImageBitmap;
}

const WIDTH = 192;

type Side = 'query' | 'gallery';

interface Place {
  readonly side: Side;
  readonly index: number;
}

const recordAt = ({ sides }: OpenEvaluation, { side, index }: Place): ImageRecord => sides[side].records[index]!;

const featureAt = ({ sides }: OpenEvaluation, { side, index }: Place): Float32Array => {
  const { data, dimension } = sides[side].features;
  return data.slice(index * dimension, (index + 1) * dimension);
};

async function overlaid(picture: Image, map: HeatMap, fromZero: boolean): Promise<ImageBitmap> {
  const [, most] = heatRange(map);
  return bitmapOf(overlayHeatmap(picture, map, { range: fromZero && most > 0 ? [0, most] : 'min-max' }));
}

/** What makes one picture like another: Grad-CAM of the cosine similarity of their features; undefined without a map. */
async function likeness(open: OpenEvaluation, of: Place, to: Place): Promise<HeatMap | undefined> {
  const { model, recipe, dataset } = open;
  const { gpu } = model;
  let found: HeatMap | undefined;
  const options = { gpu, dataset, input: recipe.input };
  await inEvalMode(model.model, () =>
    lookAt(options, [recordAt(open, of)], async (images) => {
      const layer = lastMapLayer(model.model, images)?.module;
      if (!layer) return;
      const other = featureAt(open, to);
      const score = similarityScore(tensor(other, [1, other.length], { gpu }));
      [found] = await gradCam({ images, layer, forward: (x) => model.model.forward(x), score });
    }),
  );
  return found;
}

/** Where the model looks: what makes a query and a gallery picture alike, and what its attention lets through. */
const look: Handler<{ readonly evaluation: string; readonly query: number; readonly gallery?: number }, Look[]> = ({
  evaluation,
  query,
  gallery,
}) =>
  alone('looking', async () => {
    const open = evaluationOf(evaluation);
    const { model, recipe, dataset } = open;
    const { height, width } = recipe.input;
    const size = [WIDTH, Math.round((WIDTH * height) / width)] as const;
    const pictureOf = async (record: ImageRecord) => resizeBilinear(await dataset.read(record), ...size);
    const [of, to]: [Place, Place | undefined] = [
      { side: 'query', index: query },
      gallery === undefined ? undefined : { side: 'gallery', index: gallery },
    ];
    const looks: Look[] = [];
    if (to) {
      for (const [one, other, title] of [
        [of, to, 'Query'],
        [to, of, 'Gallery picture'],
      ] as const) {
        const map = await likeness(open, one, other);
        if (!map) continue;
        const bitmap = await overlaid(await pictureOf(recordAt(open, one)), map, true);
        looks.push({
          title,
          about: 'Bright places make the two pictures more alike (Grad-CAM of their similarity).',
          bitmap,
        });
      }
    }
    const { gpu } = model;
    const record = recordAt(open, of);
    const columns = await recordLooks({ gpu, model: model.model, dataset, input: recipe.input }, [record]);
    for (const { name, about, maps } of columns) {
      looks.push({ title: name, about, bitmap: await overlaid(await pictureOf(record), maps[0]!, false) });
    }
    return looks;
  });

export const lookCalls = { look };
