import { h, newId } from '../dom.js';
import { openedModel } from '../session.js';
import { galleryAdder } from './gallery-adder.js';
import { galleryPicker } from './gallery-picker.js';
import { featuresBy, openedGallery } from './gallery-session.js';
import { modelPicker } from './model-picker.js';

/** The left side of Search and Groups: gallery, model, new pictures. */
export interface GalleryBench {
  readonly element: HTMLElement;
  refresh(): void;
}

export function galleryBench(): GalleryBench {
  const picker = galleryPicker();
  const models = modelPicker();
  const group = newId('by');
  const weak = h(
    'p',
    { class: 'hint' },
    'For a first try: pictures are compared by their colours and where they are. That finds pictures that look alike as a whole, hardly the same animal or person. A trained model is far better.',
  );
  const train = h(
    'p',
    { class: 'hint' },
    'No model yet? ',
    h('a', { href: '#train' }, 'Train one'),
    ' first, or choose “Colours alone”.',
  );
  const radio = (value: 'model' | 'pixels', words: string) => {
    const input = h('input', { type: 'radio', name: group, value, onchange: () => featuresBy.set(value) });
    featuresBy.watch((now) => {
      input.checked = now === value;
    });
    return h('label', {}, input, words);
  };
  const show = (): void => {
    const pixels = featuresBy.get() === 'pixels';
    weak.hidden = !pixels;
    models.element.hidden = pixels;
    train.hidden = pixels || openedModel.get() !== undefined;
  };
  featuresBy.watch(show);
  openedModel.watch(show);
  const filling = h(
    'details',
    { open: true },
    h('summary', {}, 'Model, and adding pictures'),
    h(
      'div',
      { class: 'stack' },
      h(
        'div',
        { class: 'sheet' },
        h('header', {}, h('h2', {}, 'Compared by')),
        h(
          'fieldset',
          {},
          h('legend', { class: 'unseen' }, 'What pictures are compared by'),
          h('div', { class: 'choices' }, radio('model', 'A trained model'), radio('pixels', 'Colours alone (weak)')),
        ),
        weak,
        train,
      ),
      models.element,
      galleryAdder(picker.create),
    ),
  );
  // A gallery of colours is gone on with as it was begun.
  let seen: string | undefined;
  // On a narrow page what fills a gallery stands above what looks into it, and would be in the way.
  const narrow = matchMedia('(max-width: 56rem)');
  openedGallery.watch((gallery) => {
    if (gallery?.name === seen) return;
    seen = gallery?.name;
    filling.open = !(narrow.matches && gallery && gallery.pictures.length > 0);
    if (gallery && gallery.pictures.length > 0) featuresBy.set(gallery.model.key === 'pixels' ? 'pixels' : 'model');
  });
  return {
    refresh: () => {
      void picker.refresh();
      void models.refresh();
    },
    element: h('div', { class: 'stack' }, picker.element, filling),
  };
}
