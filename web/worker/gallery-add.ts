import type { Features } from '../../reid/training/features.js';
import { type Describer, describerOf } from './gallery-describer.js';
import {
  type Cameras,
  type Incoming,
  type IncomingFrom,
  incoming,
  type Original,
  originalOf,
} from './gallery-incoming.js';
import { BatchDecoder, type DecodedBatch } from './gallery-pictures.js';
import { changing, Gallery, galleryOf } from './gallery-store.js';
import { type Handler, type Job, PageError } from './job.js';
import { StorageError } from './storage.js';

/** How far it is. */
export interface GalleryProgress {
  readonly done: number;
  readonly total: number;
  /** Seconds that are left, about; undefined at first. */
  readonly left?: number;
}

/** What became of pictures that were to be added. */
export interface Added {
  readonly added: number;
  /** Pictures that were there already. */
  readonly known: number;
  /** Files that are no pictures. */
  readonly others: number;
  /** Pictures that cannot be read, and why. */
  readonly broken: readonly string[];
  /** Pictures that were not looked at, since somebody stopped. */
  readonly notDone: number;
}

/** Milliseconds between two writings of the list. */
const COMMIT_EVERY = 2000;

/** Tells how far it is, and when it will end. */
function teller({ tell }: Pick<Job<GalleryProgress>, 'tell'>, total: number): (done: number) => void {
  const start = performance.now();
  tell({ done: 0, total });
  return (done) => {
    const seconds = (performance.now() - start) / 1000;
    tell({ done, total, left: done > 0 && seconds > 2 ? (seconds / done) * (total - done) : undefined });
  };
}

/** Decodes batches ahead of the one in use, and gives each with its features. */
async function* described<T extends Original>(
  originals: readonly T[],
  describer: Describer,
  thumbs: boolean,
  signal: AbortSignal,
): AsyncGenerator<DecodedBatch<T> & { readonly features: Features }> {
  const first = originals[0];
  if (!first) return;
  const decoder = new BatchDecoder(first.source, describer);
  const batchAt = (start: number): readonly T[] => originals.slice(start, start + describer.batch);
  const decode = (start: number) => {
    const coming = decoder.decode(batchAt(start), thumbs);
    coming.catch(() => undefined); // A failure is reported when its turn comes.
    return coming;
  };
  try {
    let coming = decode(0);
    for (let start = 0; start < originals.length && !signal.aborted; start += describer.batch) {
      const batch = await coming;
      if (start + describer.batch < originals.length) coming = decode(start + describer.batch);
      const pictures = batch.good.map(({ original }) => original.picture);
      const features =
        pictures.length > 0
          ? await describer.features(pictures, first.source, decoder.store)
          : { data: new Float32Array(0), count: 0, dimension: 0 };
      decoder.forget(batchAt(start));
      yield { ...batch, features };
    }
  } finally {
    await decoder.close();
  }
}

function needSameModel(gallery: Gallery, { model }: Describer): void {
  if (gallery.model.key === model.key) return;
  throw new PageError(
    `The features of ${gallery.name} were made by ${gallery.model.title}; ${model.title} makes others, which cannot be compared with them. Open that model, compute the gallery anew, or make another gallery.`,
  );
}

/** The error, with what the gallery holds now that no more fits into it. */
async function withWhatIsKept(error: StorageError, gallery: Gallery): Promise<StorageError> {
  const kept = await gallery.commit().then(
    () => gallery.items.length,
    async () => (await Gallery.open(gallery.name)).items.length,
  );
  return new StorageError(`${error.message}\nThe gallery holds ${kept} pictures, which are kept.`, { cause: error });
}

/**
 * Adds pictures to a gallery: one batch after the other, and what is done is kept when somebody stops, when the disk is full, and when
 * the page is closed.
 */
const addToGallery: Handler<
  { readonly gallery: string; readonly model: string; readonly from: IncomingFrom; readonly cameras: Cameras },
  Added,
  GalleryProgress
> = ({ gallery: name, model, from, cameras }, job) =>
  changing(name, async (gallery) => {
    const describer = await describerOf(model);
    if (gallery.items.length > 0) needSameModel(gallery, describer);
    const { pictures, others } = await incoming(from, cameras, gallery.items);
    const there = new Set(gallery.items.map(({ path }) => path));
    const fresh = pictures.filter(({ item }) => !there.has(item.path));
    const known = pictures.length - fresh.length;
    if (gallery.items.length === 0) gallery.takeModel(describer.model);
    const broken: string[] = [];
    let added = 0;
    let looked = 0;
    let committed = performance.now();
    const said = teller(job, fresh.length);
    const work = async () => {
      for await (const { good, broken: bad, features } of described<Incoming>(fresh, describer, true, job.signal)) {
        broken.push(...bad.map(({ words }) => words));
        if (good.length > 0) {
          await gallery.append(
            good.map(({ original, thumb }) => ({ ...original.item, thumb: thumb! })),
            features,
          );
        }
        added += good.length;
        looked += good.length + bad.length;
        said(looked);
        if (performance.now() - committed < COMMIT_EVERY) continue;
        await gallery.commit();
        committed = performance.now();
      }
    };
    try {
      await describer.using('adding pictures to a gallery', work);
      await gallery.commit();
    } catch (error) {
      if (error instanceof StorageError) throw await withWhatIsKept(error, gallery);
      await gallery.commit();
      throw error;
    }
    return { added, known, others, broken, notDone: fresh.length - looked };
  });

/** Pictures of a gallery that are not at hand at their own size. */
export interface Lacking {
  readonly lacking: number;
  /** The folders that they were chosen in. */
  readonly folders: readonly string[];
  readonly first?: string;
}

function lackingOf({ items }: Gallery): Lacking {
  const paths = items.map(({ path }) => path).filter((path) => !originalOf(path));
  return { lacking: paths.length, folders: [...new Set(paths.map((path) => path.split('/')[0]!))], first: paths[0] };
}

const listed = (folders: readonly string[]): string =>
  `${folders.slice(0, 3).join(', ')}${folders.length > 3 ? ' …' : ''}`;

/** What has to be chosen again before a gallery can be computed anew. */
const galleryLacking: Handler<{ readonly gallery: string }, Lacking> = async ({ gallery }) =>
  lackingOf(await galleryOf(gallery));

/**
 * Computes the features of a gallery anew, with another model, from the pictures themselves. All or nothing: until the last one is
 * done the gallery stays as it was.
 *
 * @throws PageError that says which folders have to be chosen again
 */
const renewGallery: Handler<
  { readonly gallery: string; readonly model: string; readonly from?: IncomingFrom },
  { readonly done: boolean },
  GalleryProgress
> = ({ gallery: name, model, from }, job) =>
  changing(name, async (gallery) => {
    if (from) await incoming(from, undefined, gallery.items);
    const describer = await describerOf(model);
    const { lacking, folders, first } = lackingOf(gallery);
    if (lacking > 0) {
      throw new PageError(
        `The small pictures of a gallery are too small to compute from, and ${lacking} of ${gallery.items.length} pictures were not chosen since the page was opened (first: ${first}). Choose ${listed(folders)} again, below.`,
      );
    }
    const all = gallery.items.map(({ path }) => originalOf(path)!);
    const said = teller(job, all.length);
    let rows = new Float32Array(0);
    let dimension = 0;
    let done = 0;
    const bySource = new Map<Original['source'], number[]>();
    for (const [row, { source }] of all.entries()) {
      const numbers = bySource.get(source);
      if (numbers) numbers.push(row);
      else bySource.set(source, [row]);
    }
    await describer.using('computing a gallery anew', async () => {
      for (const numbers of bySource.values()) {
        let at = 0;
        const originals = numbers.map((row) => all[row]!);
        for await (const { good, broken, features } of described(originals, describer, false, job.signal)) {
          if (broken[0]) throw new PageError(`${broken[0].words} Remove it from the gallery, and try again.`);
          if (rows.length === 0) {
            dimension = features.dimension;
            rows = new Float32Array(all.length * dimension);
          }
          for (let i = 0; i < good.length; i++) {
            rows.set(features.data.subarray(i * dimension, (i + 1) * dimension), numbers[at++]! * dimension);
          }
          done += good.length;
          said(done);
        }
      }
    });
    if (done < all.length) return { done: false };
    await gallery.renew(describer.model, { data: rows, count: all.length, dimension });
    return { done: true };
  });

export const galleryAddCalls = { addToGallery, galleryLacking, renewGallery };
