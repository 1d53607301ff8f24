import type { RunFacts } from '../../worker/runs.js';
import type { TrainInput } from '../../worker/train.js';
import { h } from '../dom.js';
import { dataPicker } from '../parts/data-picker.js';
import { notice } from '../parts/notice.js';
import { recipeForm } from '../parts/recipe-form.js';
import { runList } from '../parts/run-list.js';
import { runPanel } from '../parts/run-panel.js';
import { openedData } from '../session.js';
import type { View } from '../view.js';

/** Train: choose pictures and a recipe, watch the run, keep the checkpoint. */
export const train: View = {
  name: 'train',
  title: 'Train',
  build() {
    const said = h('div', { class: 'stack' });
    let training = false;
    const panel = runPanel(() => void list.refresh());

    const start = async (input: TrainInput): Promise<void> => {
      said.replaceChildren();
      if (training) {
        said.append(notice('warning', 'A run is under way. Stop it first: it goes on from there whenever you like.'));
        return;
      }
      training = true;
      try {
        await panel.start(input);
      } finally {
        training = false;
      }
    };

    const goOn = (run: RunFacts, changes: readonly string[]): void => {
      const data = openedData.get();
      if (!run.ready && !data) {
        said.replaceChildren(
          notice('warning', `Choose the pictures of ${run.name} first (it was trained on ${run.data}); then go on.`),
        );
        said.scrollIntoView({ block: 'nearest' });
        return;
      }
      void start({
        run: run.name,
        data: run.ready ? undefined : data!.id,
        recipe: run.recipe.name,
        changes,
        seed: run.seed,
        resume: true,
      });
    };

    const list = runList(goOn);
    const form = recipeForm(
      ({ recipe, changes, seed, run }) => void start({ run, data: openedData.get()?.id, recipe, changes, seed }),
    );
    return h(
      'div',
      { class: 'bench' },
      h('div', { class: 'stack' }, dataPicker(), form),
      h('div', { class: 'stack' }, said, panel.element, list.element),
    );
  },
};
