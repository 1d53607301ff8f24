import { basename, join } from '#files';
import type { ImageRecord, ReidDataset } from './dataset.js';
import { readTextOf } from './decode-file.js';
import { DatasetError } from './error.js';
import { sayContents } from './files.js';
import { counted } from './finding.js';
import { openVeri } from './market-style.js';

const LIST = 'test_track.txt';

/** The gallery with a tracklet for each line of the list; a picture on no line stays without. */
async function withTracks(dataset: ReidDataset): Promise<ReidDataset> {
  const root = join(dataset.folders![0]!, '..');
  const file = join(root, LIST);
  let text: string;
  try {
    text = await readTextOf(file);
  } catch {
    throw new DatasetError(`${root} has no ${LIST}; ${await sayContents(root)}. Copy it, or leave tracks=yes away.`);
  }
  const known = new Map(dataset.gallery.map((record) => [basename(record.path), record]));
  const tracked: ImageRecord[] = [];
  const seen = new Set<ImageRecord>();
  let tracks = 0;
  for (const [i, line] of text.split('\n').entries()) {
    // Some copies put the name of the track first.
    const names = line.split(/\s+/).filter((name) => /\.jpg$/i.test(name));
    if (names.length === 0) continue;
    for (const name of names) {
      const record = known.get(name);
      if (!record || seen.has(record)) {
        const why = record ? 'was on an earlier line too' : 'is no picture of image_test';
        throw new DatasetError(`${file}, line ${i + 1}: ${name} ${why}. Copy the list again.`);
      }
      seen.add(record);
      tracked.push({ ...record, tracklet: tracks });
    }
    tracks++;
  }
  const rest = dataset.gallery.filter((record) => !seen.has(record));
  const left = rest.length > 0 ? `, and ${counted(rest.length, 'picture')} on no line` : '';
  return {
    ...dataset,
    gallery: [...tracked, ...rest],
    notes: [...(dataset.notes ?? []), `gallery: ${counted(tracks, 'track')} of ${LIST}${left}`],
  };
}

/**
 * Reads VeRi-776, see `openVeri`.
 *
 * @param tracks `yes`: the gallery's pictures are frames of the tracks in `test_track.txt`, as image-to-track evaluation ranks them
 * @throws DatasetError naming the folder, or the line of the list, and what is wrong
 */
export async function openVeri776(folder: string, tracks?: 'yes' | 'no'): Promise<ReidDataset> {
  const dataset = await openVeri(folder);
  return tracks === 'yes' ? withTracks(dataset) : dataset;
}
