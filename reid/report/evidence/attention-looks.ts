import { FGReID } from '../../models/fgreid/fgreid.js';
import type { HeatRange } from '../drawing/heatmap.js';
import { sharedRange } from '../drawing/heatmap.js';
import type { NamedLayer } from '../looking/map-layer.js';
import { numberText } from '../plot/ticks.js';
import type { LookGrid } from '../report-data.js';
import { embedded, type LookOptions, overlaid, pictureOf } from './looks.js';
import { cameraName, evenly, worstFirst } from './ranked-lists.js';
import { type LookColumn, recordLooks } from './record-looks.js';

/**
 * What attention modules let through, module by module, for queries from the best to the worst. Each module's maps are coloured
 * from the smallest to the largest value of its column, which stand above it: an attention that hardly varies shows as such.
 *
 * @param options.layers default: those that {@link attentionLayers} finds
 * @returns undefined without layers, or where no query has a match
 */
export async function attentionLooks(
  options: LookOptions & { readonly layers?: readonly NamedLayer[] },
): Promise<LookGrid | undefined> {
  const { dataset, report, count = 6 } = options;
  const queries = evenly(worstFirst(report).reverse(), count);
  const records = queries.map(({ query }) => dataset.query[query]!);
  const layers = await recordLooks({ ...options, attentionOnly: true }, records);
  if (layers.length === 0) return undefined;
  const ranges: HeatRange[] = layers.map(({ maps }) => sharedRange(maps));
  const rows = [];
  for (const [i, record] of records.entries()) {
    const picture = await pictureOf(options, record);
    const overlays = [];
    for (const [k, { name }] of layers.entries()) {
      const alt = `Identity ${record.identityName}: what ${name} lets through`;
      overlays.push(await overlaid(picture, layers[k]!.maps[i]!, ranges[k]!, alt));
    }
    rows.push({
      caption: [`Query ${record.identityName}`, cameraName(record), `AP ${queries[i]!.ap.toFixed(3)}`],
      picture: await embedded(picture, `Query: identity ${record.identityName}`),
      maps: overlays,
    });
  }
  return {
    title: 'Attention',
    note: `${options.model instanceof FGReID ? 'How much each place has of the channels that are strong in the picture' : 'How much each module lets through at each place: the length of what comes out over that of what goes in'}, from the smallest to the largest value of the column.`,
    columns: layers.map(({ name }, k) => `${shortName(name, layers)} ${rangeText(ranges[k]!)}`),
    rows,
    ends: ['the column’s least', 'most'],
  };
}

/** The last part of a dotted name, where that says enough. */
function shortName(name: string, layers: readonly Pick<LookColumn, 'name'>[]): string {
  const last = (dotted: string) => dotted.slice(dotted.lastIndexOf('.') + 1);
  return layers.filter((layer) => last(layer.name) === last(name)).length > 1 ? name : last(name);
}

/** Two numbers that stay on one line. */
const rangeText = (range: HeatRange): string =>
  range === 'min-max' ? 'one value' : range.map((end) => numberText(Number(end.toPrecision(2)))).join('\u00a0to\u00a0');
