import type { Turned, TurnPicture } from '../../worker/turn.js';
import { field, fill, h } from '../dom.js';
import { call } from '../engine.js';
import { dropBox } from '../parts/gallery-adder.js';
import { modelPicker } from '../parts/model-picker.js';
import { errorNotice, notice } from '../parts/notice.js';
import { progressPart } from '../parts/progress.js';
import { turntable } from '../parts/turntable.js';
import { openedData, openedModel } from '../session.js';
import type { View } from '../view.js';

let models: ReturnType<typeof modelPicker> | undefined;

/** Pictures of the open data set that are offered. */
const OFFERED = 200;

/** Turn: a GCL generator draws the person of a picture from other sides. */
export const turn: View = {
  name: 'turn',
  title: 'Turn',
  shown: () => void models?.refresh(),
  build() {
    models = modelPicker();
    const said = h('div', { class: 'stack', role: 'status' });
    const progress = progressPart('Drawing');
    const stage = h('div', { class: 'stack' });
    const walkers = h('select', {});
    const ofData = h('select', {});
    const dataField = h('div', { class: 'stack', hidden: true }, field('Or a picture of the open data set', ofData));
    let clear = (): void => {};
    let asked = 0;

    const show = async (picture: TurnPicture): Promise<void> => {
      const model = openedModel.get();
      if (!model) {
        fill(said, notice('warning', 'Open a model with a generator first.'));
        return;
      }
      const mine = ++asked;
      fill(said);
      try {
        const turned: Turned = await call(
          'turn',
          { model: model.id, picture },
          { onEvent: ({ done, total }) => progress.show(done, total, `${done} of ${total} sides`) },
        );
        if (mine !== asked) return;
        clear();
        const table = turntable(turned);
        clear = table.close;
        fill(stage, table.element);
      } catch (error) {
        fill(said, errorNotice(error));
      } finally {
        progress.hide();
      }
    };

    const file = h('input', {
      type: 'file',
      accept: '.jpg,.jpeg,.png,image/jpeg,image/png',
      onchange: () => {
        const chosen = file.files?.[0];
        file.value = '';
        if (chosen) void show({ file: chosen });
      },
    });
    const choose = h(
      'div',
      { class: 'sheet', hidden: true },
      h('header', {}, h('h2', {}, 'Whom to turn')),
      h(
        'div',
        { class: 'row ends' },
        field('A drawn person', walkers),
        h(
          'button',
          { type: 'button', class: 'first', onclick: () => void show({ walker: Number(walkers.value) }) },
          'Turn',
        ),
      ),
      dropBox(
        (transfer) => transfer.files[0] && void show({ file: transfer.files[0] }),
        field('Or a picture of one person', file, 'Cut out as the model was trained: the whole person, upright.'),
      ),
      dataField,
    );
    ofData.addEventListener('change', () => {
      const data = openedData.get();
      if (data && ofData.value !== '') void show({ data: data.id, path: ofData.value });
    });
    openedData.watch((data) => {
      const paths = data?.examples.flatMap(({ paths: some }) => some).slice(0, OFFERED) ?? [];
      dataField.hidden = paths.length === 0;
      fill(
        ofData,
        h('option', { value: '' }, 'choose'),
        paths.map((path) => h('option', { value: path }, path)),
      );
    });

    const missing = notice(
      'note',
      'Turning takes a model with a generator (GCL), which draws people from sides that no camera saw.',
      'Train one by the command line, node cli/train.js gcl-small --data toy-walkers, and open its checkpoint.safetensors here as a file. This page does not train them yet.',
    );
    openedModel.watch(async (model) => {
      asked++;
      clear();
      clear = () => {};
      fill(stage);
      fill(said);
      choose.hidden = true;
      missing.hidden = model !== undefined;
      if (!model) return;
      try {
        const facts = await call('turnFacts', { model: model.id });
        if (openedModel.get() !== model) return;
        fill(
          walkers,
          Array.from({ length: facts.walkers }, (_, i) => h('option', { value: String(i) }, `Person ${i + 1}`)),
        );
        choose.hidden = false;
      } catch (error) {
        if (openedModel.get() === model) fill(said, errorNotice(error));
      }
    });

    return h(
      'div',
      { class: 'bench' },
      h('div', { class: 'stack' }, models.element, choose),
      h('div', { class: 'stack' }, missing, said, progress.element, stage),
    );
  },
};
