import type { LoggedLine } from '../evidence/curves.js';
import { decodeEvent, type EventHistogram, type EventImage, encodeEvent, type TensorboardEvent } from './event.js';
import { frameRecord, readRecords } from './records.js';

/** An event as a record of an event file. */
export const eventRecord = (event: TensorboardEvent): Uint8Array => frameRecord(encodeEvent(event));

/**
 * The whole events of a file `events.out.tfevents.*`, and how many bytes they take: what lies behind was cut short or damaged.
 */
export function readEvents(bytes: Uint8Array): { readonly events: TensorboardEvent[]; readonly bytes: number } {
  const events: TensorboardEvent[] = [];
  let whole = 0;
  for (const { data, end } of readRecords(bytes)) {
    events.push(decodeEvent(data));
    whole = end;
  }
  return { events, bytes: whole };
}

const BUCKETS = 32;

/**
 * Counts values for TensorBoard, in 32 buckets of one width. Values that are not finite are left out; of none there is no
 * histogram.
 */
export function eventHistogram(values: ArrayLike<number>): EventHistogram | undefined {
  const finite = Array.from(values).filter((value) => Number.isFinite(value));
  if (finite.length === 0) return undefined;
  let [min, max, sum, sumOfSquares] = [finite[0]!, finite[0]!, 0, 0];
  for (const value of finite) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    sumOfSquares += value * value;
  }
  const width = (max - min) / BUCKETS;
  const buckets = new Array<number>(BUCKETS).fill(0);
  for (const value of finite) {
    const bucket = width > 0 ? Math.ceil((value - min) / width) - 1 : 0;
    buckets[Math.min(BUCKETS - 1, Math.max(0, bucket))]!++;
  }
  const limits = Array.from({ length: BUCKETS }, (_, i) => (i === BUCKETS - 1 ? max : min + (i + 1) * width));
  return { min, max, count: finite.length, sum, sumOfSquares, limits, buckets };
}

/**
 * A PNG file as a picture of an event; its size is read from the file.
 *
 * @throws RangeError for bytes that are no PNG
 */
export function eventImage(png: Uint8Array): EventImage {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  if (png.length < 24 || view.getUint32(0) !== 0x89504e47)
    throw new RangeError('TensorBoard: the picture is no PNG file');
  return { width: view.getUint32(16), height: view.getUint32(20), png };
}

/** What a log line counts rather than measures. */
const COUNTS: readonly string[] = ['step', 'images'];

/**
 * The scalars of a line of a run's log by tag: `train/loss` of a step, `evaluation/mAP` and `evaluation/rank-1` of an
 * evaluation.
 */
export function scalarsOf(line: LoggedLine): Record<string, number> {
  const found: Record<string, number> = {};
  const { evaluation } = line;
  if (typeof evaluation === 'object' && evaluation !== null) {
    for (const [name, value] of Object.entries(evaluation)) {
      if (typeof value === 'number') found[`evaluation/${name}`] = value;
    }
    for (const [rank, value] of Object.entries((evaluation as { cmc?: object }).cmc ?? {})) {
      if (typeof value === 'number') found[`evaluation/rank-${rank}`] = value;
    }
    return found;
  }
  for (const [name, value] of Object.entries(line)) {
    if (typeof value === 'number' && !COUNTS.includes(name)) found[`train/${name}`] = value;
  }
  return found;
}
