import type { Recipe } from '../../../reid/recipes/index.js';
import { duration } from '../../../reid/training/progress.js';
import { bytes, counted, sentence, whole } from '../../words.js';
import { field, fill, h, select } from '../dom.js';
import { call } from '../engine.js';
import { openedData } from '../session.js';
import { errorNotice, notice } from './notice.js';

/** What is chosen in the form. */
export interface RecipeChoice {
  readonly recipe: string;
  readonly changes: readonly string[];
  readonly seed: number;
  readonly run: string;
}

const stamp = (): string => new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '');

/** Operations a second, and seconds for each kernel, of a graphics card and of the processor: very roughly, for the words only. */
const PACE = { card: { flops: 1e12, kernel: 2e-5 }, processor: { flops: 4e9, kernel: 5e-4 } };

/** The recipe and its main settings, with what it takes. */
export function recipeForm(onStart: (choice: RecipeChoice) => void): HTMLElement {
  const place = h('div', {});
  call('trainRecipes', undefined)
    .then((all) => fill(place, formOf(all, onStart)))
    .catch((error) => fill(place, errorNotice(error)));
  return place;
}

function formOf(all: readonly Recipe[], onStart: (choice: RecipeChoice) => void): HTMLElement {
  let recipe = all.find(({ name }) => name === 'baseline-tiny') ?? all[0]!;
  const number = (name: string, step = '1') => h('input', { type: 'number', name, min: '0', step });
  const inputs = {
    epochs: number('epochs'),
    lr: number('lr', 'any'),
    identities: number('identities'),
    images: number('images'),
    height: number('height'),
    width: number('width'),
    every: number('every'),
  };
  const seed = h('input', { type: 'number', name: 'seed', min: '0', step: '1', value: '1' });
  const name = h('input', { name: 'run', required: true, spellcheck: false });
  const more = h('input', { name: 'set', spellcheck: false, placeholder: 'loss.margin=0.5 augment.flip=0' });
  const about = h('p', { class: 'hint' });
  const takes = h('div', { class: 'stack', 'aria-live': 'polite' });
  const start = h('button', { type: 'submit', class: 'first', disabled: true }, 'Train');

  const show = (): void => {
    about.textContent = sentence(recipe.about);
    inputs.epochs.value = String(recipe.epochs);
    inputs.lr.value = String(recipe.optimiser.lr);
    inputs.identities.value = String(recipe.sampler.identities);
    inputs.images.value = String(recipe.sampler.images);
    inputs.height.value = String(recipe.input.height);
    inputs.width.value = String(recipe.input.width);
    inputs.every.value = String(Math.max(1, Math.round(recipe.epochs / 8)));
    name.value = `${recipe.name} ${stamp()}`;
    void plan();
  };

  const changes = (): string[] => {
    const list: string[] = [];
    const change = (key: string, input: HTMLInputElement, was: number) => {
      if (input.value !== '' && Number(input.value) !== was) list.push(`${key}=${input.value}`);
    };
    change('epochs', inputs.epochs, recipe.epochs);
    // A course that ends with the last epoch goes on doing so.
    if ('end' in recipe.schedule && recipe.schedule.end === recipe.epochs) {
      change('schedule.end', inputs.epochs, recipe.epochs);
    }
    change('optimiser.lr', inputs.lr, recipe.optimiser.lr);
    change('sampler.identities', inputs.identities, recipe.sampler.identities);
    change('sampler.images', inputs.images, recipe.sampler.images);
    change('input.height', inputs.height, recipe.input.height);
    change('input.width', inputs.width, recipe.input.width);
    change('evaluation.every', inputs.every, recipe.evaluation.every);
    return [...list, ...more.value.split(/\s+/).filter((part) => part !== '')];
  };

  let asked = 0;
  const plan = async (): Promise<void> => {
    const data = openedData.get();
    start.disabled = true;
    if (!data) return fill(takes, h('p', { class: 'hint' }, 'Choose pictures first.'));
    const mine = ++asked;
    try {
      const {
        note,
        needs,
        recipe: planned,
        steps,
      } = await call('planTraining', {
        data: data.id,
        recipe: recipe.name,
        changes: changes(),
      });
      if (mine !== asked) return;
      start.disabled = data.splits.train.images === 0;
      const { software } = await call('machine', undefined).catch(() => ({ software: true }));
      const { flops, kernel } = software ? PACE.processor : PACE.card;
      const step = needs ? needs.training.flops / flops + needs.training.dispatches * kernel : 0;
      const seconds = step * steps * planned.epochs;
      fill(
        takes,
        note && notice('note', note),
        needs &&
          h(
            'p',
            { class: 'hint figures' },
            `${whole(needs.parameters)} numbers to train; about ${counted(steps, 'step')} an epoch; up to ${bytes(needs.training.peakBytes)} of GPU memory; ` +
              `${duration(seconds)} very roughly.`,
          ),
      );
    } catch (error) {
      if (mine === asked) fill(takes, errorNotice(error));
    }
  };

  let later = 0;
  const planSoon = (): void => {
    clearTimeout(later);
    later = window.setTimeout(() => void plan(), 250);
  };
  openedData.watch(planSoon);
  show();
  return h(
    'form',
    {
      class: 'sheet',
      oninput: (event: Event) => event.target !== name && planSoon(),
      onsubmit: (event: Event) => {
        event.preventDefault();
        onStart({ recipe: recipe.name, changes: changes(), seed: Number(seed.value), run: name.value });
        name.value = `${recipe.name} ${stamp()}`;
      },
    },
    h('header', {}, h('h2', {}, 'Recipe')),
    field(
      'Recipe',
      select(
        all.map((one) => [one.name, one.name] as const),
        recipe.name,
        (chosen) => {
          recipe = all.find((one) => one.name === chosen)!;
          show();
        },
      ),
    ),
    about,
    h(
      'div',
      { class: 'fields' },
      field('Epochs', inputs.epochs),
      field('Learning rate', inputs.lr),
      field('Evaluate every (epochs)', inputs.every),
    ),
    h(
      'details',
      {},
      h('summary', {}, 'Batch, size, seed'),
      h(
        'div',
        { class: 'stack' },
        h(
          'div',
          { class: 'fields' },
          field('Identities in a batch', inputs.identities),
          field('Pictures of each', inputs.images),
          field('Height (pixels)', inputs.height),
          field('Width (pixels)', inputs.width),
          field('Seed', seed),
        ),
        field('Other settings', more, 'As --set of the command line, apart by spaces.'),
      ),
    ),
    field('Name of the run', name),
    takes,
    h('div', {}, start),
  );
}
