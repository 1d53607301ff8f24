import { type ImageRecord, type ReidDataset, SPLITS } from './dataset.js';

/** Camera, sequence, frame. */
const NAME = /_c(\d)s(\d)_(\d{6})_\d{2}\.jpg/;

/** Camera, sequence and frame of a Market-1501 file, as numbers. */
function timeOf(path: string): readonly [camera: number, sequence: number, frame: number] | undefined {
  const [, camera, sequence, frame] = NAME.exec(path) ?? [];
  return camera === undefined ? undefined : [Number(camera), Number(sequence), Number(frame)];
}

/**
 * Gives Market-1501's pictures a clock. Frames are counted anew in each of a camera's sequences there: to each is added the largest
 * frame of every earlier sequence of its camera, as st-ReID has it (Wang et al., "Spatial-Temporal Person Re-identification", AAAI
 * 2019). The largest frames are those of this copy.
 */
export function withMarketClock(dataset: ReidDataset): ReidDataset {
  const largest = new Map<string, number>();
  for (const split of SPLITS) {
    for (const { path } of dataset[split]) {
      const time = timeOf(path);
      if (!time) continue;
      const key = `${time[0]} ${time[1]}`;
      largest.set(key, Math.max(largest.get(key) ?? 0, time[2]));
    }
  }
  const timed = (record: ImageRecord): ImageRecord => {
    const time = timeOf(record.path);
    if (!time) return record;
    const [camera, sequence, own] = time;
    let frame = own;
    for (let earlier = 1; earlier < sequence; earlier++) frame += largest.get(`${camera} ${earlier}`) ?? 0;
    return { ...record, frame };
  };
  const { train, query, gallery } = dataset;
  return { ...dataset, timed: true, train: train.map(timed), query: query.map(timed), gallery: gallery.map(timed) };
}
