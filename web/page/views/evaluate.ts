import type { DistanceKind } from '../../../reid/metrics/distances.js';
import type { Protocol } from '../../../reid/metrics/protocols.js';
import type { Evaluated } from '../../worker/evaluate.js';
import { field, fill, h, select } from '../dom.js';
import { call, isAbort } from '../engine.js';
import { dataPicker } from '../parts/data-picker.js';
import { evaluationFigures } from '../parts/evaluation-figures.js';
import { featureMapPart } from '../parts/feature-map.js';
import { modelPicker } from '../parts/model-picker.js';
import { errorNotice, notice } from '../parts/notice.js';
import { openSetPart } from '../parts/open-set.js';
import { progressPart } from '../parts/progress.js';
import { rankedLists } from '../parts/ranked-lists.js';
import { saveFile } from '../parts/save-file.js';
import { openedData, openedModel } from '../session.js';
import type { View } from '../view.js';

const PROTOCOLS: readonly (readonly [Protocol, string])[] = [
  ['market1501', 'its identity in its own camera'],
  ['separate-cameras', 'anything of its own camera'],
  ['no-camera', 'its own file only'],
];

const DISTANCES: readonly (readonly [DistanceKind, string])[] = [
  ['cosine', 'cosine'],
  ['euclidean', 'Euclidean'],
  ['sqeuclidean', 'squared Euclidean'],
];

const models = modelPicker();

/** Evaluate: a model on test pictures; its figures, its lists, its map, and where it looks. */
export const evaluate: View = {
  name: 'evaluate',
  title: 'Evaluate',
  shown: () => void models.refresh(),
  build() {
    let protocol: Protocol = 'market1501';
    let distance: DistanceKind = 'cosine';
    const distances = select(DISTANCES, distance, (chosen) => {
      distance = chosen;
    });
    const flip = h('input', { type: 'checkbox' });
    const rerank = h('input', { type: 'checkbox' });
    const start = h('button', { type: 'submit', class: 'first', disabled: true }, 'Evaluate');
    const missing = h('p', { class: 'hint' });
    let abort = new AbortController();
    const progress = progressPart('Evaluating', () => abort.abort());
    const said = h('div', { class: 'stack', role: 'status' });
    const results = h('div', { class: 'stack' });

    const ready = (): void => {
      const [model, data] = [openedModel.get(), openedData.get()];
      start.disabled = !model || !data;
      missing.textContent = !model ? 'Choose a model.' : !data ? 'Choose pictures.' : '';
    };
    openedModel.watch((model) => {
      ready();
      if (!model) return;
      distance = model.recipe.evaluation.distance;
      distances.value = distance;
    });
    openedData.watch(ready);

    const run = async (): Promise<void> => {
      start.disabled = true;
      fill(said);
      fill(results);
      abort = new AbortController();
      const data = openedData.get()!;
      progress.show(0, 0, 'Getting ready …');
      progress.element.scrollIntoView({ block: 'nearest' });
      try {
        const found = await call(
          'evaluate',
          {
            model: openedModel.get()!.id,
            data: data.id,
            protocol,
            distance,
            flip: flip.checked,
            rerank: rerank.checked,
          },
          { signal: abort.signal, onEvent: ({ words, done = 0, total = 0 }) => progress.show(done, total, words) },
        );
        fill(results, show(found));
      } catch (error) {
        fill(
          said,
          isAbort(error)
            ? h(
                'p',
                { class: 'quiet' },
                `Stopped: there are no figures.${data.onDisk ? ' Small copies of pictures that were made are kept.' : ''}`,
              )
            : errorNotice(error),
        );
      } finally {
        progress.hide();
        ready();
      }
    };

    const check = (box: HTMLInputElement, words: string) => h('label', { class: 'check' }, box, h('span', {}, words));
    const form = h(
      'form',
      {
        class: 'sheet',
        onsubmit: (event: Event) => {
          event.preventDefault();
          void run();
        },
      },
      h('header', {}, h('h2', {}, 'How to compare')),
      field(
        'A query does not see',
        select(PROTOCOLS, protocol, (chosen) => {
          protocol = chosen;
        }),
      ),
      field('Distance', distances),
      check(flip, 'Average in mirrored pictures'),
      check(rerank, 'Re-rank (k-reciprocal)'),
      missing,
      h('div', {}, start),
    );
    fill(
      results,
      h(
        'p',
        { class: 'lead' },
        'Choose a model and pictures, and evaluate: figures by both conventions, ranked lists with the worst queries first, where the model looks, a map of its features, and what it would do with somebody new.',
      ),
    );
    return h(
      'div',
      { class: 'bench' },
      h('div', { class: 'stack' }, models.element, dataPicker(), form),
      h('div', { class: 'stack' }, progress.element, said, results),
    );
  },
};

const sheet = (title: string, ...content: readonly Node[]): HTMLElement =>
  h('div', { class: 'sheet' }, h('header', {}, h('h2', {}, title)), content);

function show(found: Evaluated): HTMLElement[] {
  return [
    ...found.notes.map((note) => notice('warning', note)),
    sheet('Figures', evaluationFigures(found.report), downloads(found)),
    sheet('Ranked lists', rankedLists(found)),
    sheet('Map of features', mapOf(found)),
    sheet('Somebody new: the open set', openSetPart(found)),
  ];
}

function downloads({ id, report }: Evaluated): HTMLElement {
  const said = h('div', {});
  const features = async (format: 'npy' | 'safetensors'): Promise<void> => {
    try {
      saveFile(await call('downloadFeatures', { evaluation: id, format }), `features.${format}`);
    } catch (error) {
      fill(said, errorNotice(error));
    }
  };
  const json = () => saveFile(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }), 'report.json');
  return h(
    'div',
    { class: 'row' },
    h('button', { type: 'button', class: 'plain', onclick: json }, 'Download report.json'),
    h('button', { type: 'button', class: 'plain', onclick: () => void features('npy') }, 'Download features.npy'),
    h(
      'button',
      { type: 'button', class: 'plain', onclick: () => void features('safetensors') },
      'features.safetensors',
    ),
    said,
  );
}

/** The map is made when it is asked for: it takes a while. */
function mapOf({ id, data, report }: Evaluated): HTMLElement {
  const place = h('div', { class: 'stack' });
  const progress = progressPart('Making the map');
  const make = async (): Promise<void> => {
    button.disabled = true;
    try {
      const points = await call(
        'featureMap',
        { evaluation: id, seed: 1 },
        { onEvent: ({ done, total }) => progress.show(done, total, `${done} of ${total} steps`) },
      );
      fill(place, featureMapPart(data, points, report.queries + report.gallery));
    } catch (error) {
      button.disabled = false;
      place.append(errorNotice(error));
    } finally {
      progress.hide();
    }
  };
  const button = h('button', { type: 'button', onclick: () => void make() }, 'Make the map');
  fill(place, h('div', {}, button), progress.element);
  return place;
}
