import type { GalleryFacts } from '../../worker/gallery.js';
import { call } from '../engine.js';
import { openedModel } from '../session.js';
import { createStore } from '../store.js';

/** The gallery that is open, for Search and Groups. */
export const openedGallery = createStore<GalleryFacts | undefined>(undefined);

/** What makes features: the model that is open, or the pictures' own colours. */
export const featuresBy = createStore<'model' | 'pixels'>('model');

/** What the worker calls it; undefined where a model is wanted and none is open. */
export const describerId = (): string | undefined => (featuresBy.get() === 'pixels' ? 'pixels' : openedModel.get()?.id);

/** Asks anew what is in the open gallery. */
export async function refreshGallery(): Promise<void> {
  const open = openedGallery.get();
  if (open) openedGallery.set(await call('openGallery', { gallery: open.name }));
}

const REMEMBERED = 'reid-webgpu gallery';

/** The gallery that was open last. */
export function rememberedGallery(): string | undefined {
  try {
    return localStorage.getItem(REMEMBERED) ?? undefined;
  } catch {
    return undefined;
  }
}

openedGallery.watch((gallery) => {
  if (!gallery) return;
  try {
    localStorage.setItem(REMEMBERED, gallery.name);
  } catch {
    // Without storage there is no gallery to remember either.
  }
});
