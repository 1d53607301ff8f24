import { counted, whole } from '../../words.js';
import type { GalleryPicture } from '../../worker/gallery.js';
import type { Found } from '../../worker/search.js';
import { field, fill, h, newId } from '../dom.js';
import { openedGallery } from './gallery-session.js';
import { pictureGrid } from './picture-grid.js';

/** The list that a search gave, narrowed by camera, distance and number. */
export interface SearchResults {
  readonly element: HTMLElement;
  set(found: Found | undefined): void;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Steps of the slider. */
const STEPS = 200;

/** The places of a list that are near enough and of the wanted cameras; a picture whose camera nobody knows has the camera ''. */
export function narrowed(
  { ids, distances }: Pick<Found, 'ids' | 'distances'>,
  limit: number,
  cameraOf: (id: number) => string,
  cameras: ReadonlySet<string>,
): number[] {
  const places: number[] = [];
  for (let i = 0; i < ids.length && distances[i]! <= limit; i++) {
    if (cameras.has(cameraOf(ids[i]!))) places.push(i);
  }
  return places;
}

export function searchResults(onLookFor: (id: number) => void): SearchResults {
  const grid = pictureGrid({ action: 'Look for pictures like', onPress: onLookFor });
  const count = h('p', { class: 'figures', role: 'status' });
  const slider = h('input', { type: 'range', min: '0', max: String(STEPS), step: '1', value: String(STEPS) });
  const limitWords = h('output', {});
  const cameraBox = h('fieldset', { hidden: true });
  const wanted = new Set<string>();
  let found: Found | undefined;
  /** The gallery's pictures by their numbers. */
  let pictures: ReadonlyMap<number, GalleryPicture> = new Map();

  const limit = (): number => {
    const { distances } = found!;
    const [near, far] = [distances[0] ?? 0, distances.at(-1) ?? 0];
    const part = Number(slider.value) / STEPS;
    // The ends are those of the list, so that rounding loses none.
    return part === 1 ? far : near + part * (far - near);
  };

  const show = (): void => {
    const gallery = openedGallery.get();
    if (!found || !gallery) return;
    const most = limit();
    const { ids, distances, distance } = found;
    const words = `${most.toFixed(3)} (${distance})`;
    limitWords.textContent = `at most ${words}`;
    slider.setAttribute('aria-valuetext', words);
    const places = narrowed(found, most, (id) => pictures.get(id)?.camera ?? '', wanted).filter((i) =>
      pictures.has(ids[i]!),
    );
    count.textContent = `${whole(places.length)} of ${counted(ids.length, 'picture')}`;
    grid.set(
      gallery.name,
      places.map((i) => ids[i]!),
      (id, place) => {
        const { path, camera, identity } = pictures.get(id)!;
        const far = distances[places[place]!]!.toFixed(3);
        return {
          label: `${path}, distance ${far}`,
          caption: [far, identity ?? nameOf(path), camera === undefined ? '' : `camera ${camera}`],
        };
      },
    );
  };

  const showCameras = (): void => {
    const names = [...new Set(openedGallery.get()?.pictures.map(({ camera = '' }) => camera))].sort();
    wanted.clear();
    for (const name of names) wanted.add(name);
    cameraBox.hidden = names.length < 2;
    fill(
      cameraBox,
      h('legend', {}, 'Cameras'),
      h(
        'div',
        { class: 'choices' },
        names.map((name) => {
          const box = h('input', {
            type: 'checkbox',
            checked: true,
            id: newId('camera'),
            onchange: () => {
              if (box.checked) wanted.add(name);
              else wanted.delete(name);
              show();
            },
          });
          return h('label', {}, box, name === '' ? 'not known' : name);
        }),
      ),
    );
  };
  let drawing = 0;
  slider.addEventListener('input', () => {
    cancelAnimationFrame(drawing);
    drawing = requestAnimationFrame(show);
  });

  const element = h(
    'div',
    { class: 'sheet', hidden: true },
    h('header', {}, h('h2', {}, 'Found, the nearest first'), count),
    h('div', { class: 'fields wide' }, h('div', {}, field('Distance', slider), limitWords), cameraBox),
    grid.element,
  );
  return {
    element,
    set(given) {
      found = given;
      element.hidden = !given;
      if (!given) return grid.clear();
      pictures = new Map(openedGallery.get()?.pictures.map((picture) => [picture.id, picture]));
      slider.value = String(STEPS);
      showCameras();
      show();
    },
  };
}
