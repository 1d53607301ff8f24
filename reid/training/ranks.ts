import type { Image, ImageRecord, ReidDataset } from '../../datasets/index.js';
import type { RankingResult } from '../metrics/ranking.js';
import { drawRanks } from '../report/drawing/rank-picture.js';

/** Queries shown in a picture of ranks. */
const SHOWN = 8;

/** Draws some queries, from the best to the worst at even steps, each with its ten nearest: right ones green, wrong ones red. */
export async function drawRankedQueries(dataset: ReidDataset, result: RankingResult, title: string): Promise<Image> {
  const ordered = result.perQuery.filter(({ valid }) => valid).sort((a, b) => b.ap! - a.ap! || a.query - b.query);
  const shown = Math.min(SHOWN, ordered.length);
  const picks = Array.from(
    { length: shown },
    (_, i) => ordered[Math.round((i * (ordered.length - 1)) / Math.max(shown - 1, 1))]!,
  );
  const item = async (record: ImageRecord) => ({
    image: await dataset.read(record),
    identity: record.identityName,
    camera: record.camera + 1,
  });
  const rows = [];
  for (const { query, ap, nearest } of picks) {
    const list = [];
    for (const { gallery, distance, match } of nearest)
      list.push({ ...(await item(dataset.gallery[gallery]!)), distance, match });
    rows.push({ query: await item(dataset.query[query]!), note: `AP ${ap!.toFixed(2)}`, nearest: list });
  }
  const caption = `mAP ${(100 * result.mAP).toFixed(1)} %, rank-1 ${(100 * result.cmc[0]!).toFixed(1)} %; ${shown} of ${result.valid} queries, from the best to the worst; right green, wrong red.`;
  return drawRanks(rows, { title, caption });
}
