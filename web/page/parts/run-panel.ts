import { duration } from '../../../reid/training/progress.js';
import type { StepReport } from '../../../reid/training/trainer.js';
import type { LogLine } from '../../../reid/training/training-loop.js';
import { bytes, percent, whole } from '../../words.js';
import type { BatchPicture } from '../../worker/batch-pictures.js';
import type { TrainInput } from '../../worker/train.js';
import type { TrainEvent } from '../../worker/training-run.js';
import { fill, h } from '../dom.js';
import { call } from '../engine.js';
import { lineChart } from './chart.js';
import { errorNotice, notice } from './notice.js';
import { drawBitmap, pictureCanvas } from './picture.js';
import { progressPart } from './progress.js';
import { readings } from './readings.js';

/** The training under way: its curves, its pictures, and the buttons that hold it up. */
export interface RunPanel {
  readonly element: HTMLElement;
  /** Trains; resolves when it has ended, however. */
  start(input: TrainInput): Promise<void>;
}

/** Most points of a curve that are drawn: older ones are thinned out. */
const POINTS = 2000;

interface Curves {
  readonly steps: number[];
  readonly loss: number[];
  readonly id: (number | null)[];
  readonly triplet: (number | null)[];
  readonly lr: number[];
  readonly evaluated: { readonly step: number; readonly mAP: number; readonly rank1: number }[];
}

const none = (): Curves => ({ steps: [], loss: [], id: [], triplet: [], lr: [], evaluated: [] });

function addStep(curves: Curves, { step, loss, idLoss, tripletLoss, lr }: StepReport): void {
  curves.steps.push(step);
  curves.loss.push(loss);
  curves.id.push(idLoss ?? null);
  curves.triplet.push(tripletLoss ?? null);
  curves.lr.push(lr);
}

/** Every n-th of a list, so that no more than `POINTS` are left; the last is always there. */
function thinned<T>(list: readonly T[]): T[] {
  const step = Math.ceil(list.length / POINTS);
  return list.filter((_, i) => (list.length - 1 - i) % step === 0);
}

export function runPanel(onEnd: () => void): RunPanel {
  const title = h('h2', { tabIndex: -1 }, 'Run');
  const said = h('div', { class: 'stack' });
  const problem = h('div', { class: 'stack' });
  const progress = progressPart('Training');
  const doing = h('p', { class: 'quiet', role: 'status' });
  const figures = readings(['mAP', 'Rank-1', 'Loss', 'Epoch']);
  const pace = readings(['Steps a second', 'Time left', 'Trained for', 'GPU memory']);
  const loss = lineChart(
    'Loss',
    [
      { label: 'loss', colour: '--accent' },
      { label: 'identity', colour: '--quiet', dashed: true },
      { label: 'triplet', colour: '--warn', dashed: true },
    ],
    { x: 'step' },
  );
  const quality = lineChart(
    'Test: mAP and rank-1',
    [
      { label: 'mAP', colour: '--accent', dots: true },
      { label: 'rank-1', colour: '--good', dots: true, dashed: true },
    ],
    { x: 'step', format: (value) => percent(value) },
  );
  const rate = lineChart('Learning rate', [{ label: 'rate', colour: '--accent' }], {
    x: 'step',
    format: (value) => value.toExponential(1),
  });
  const batch = h('ul', { class: 'pictures' });
  const batchTitle = h('h3', {}, 'The last batch, as the network saw it');
  const pause = h('button', { type: 'button', onclick: () => void (paused ? goOn() : hold()) }, 'Pause');
  const stop = h('button', { type: 'button', onclick: () => void end() }, 'Stop');
  const buttons = h('div', { class: 'row', hidden: true }, pause, stop);
  const body = h(
    'div',
    { class: 'stack', hidden: true },
    figures.element,
    pace.element,
    h('div', { class: 'charts' }, quality.element, loss.element, rate.element),
    batchTitle,
    batch,
  );
  const empty = h(
    'p',
    { class: 'lead' },
    'Choose pictures and a recipe, and train. Curves, speed and the pictures of the last batch appear here. A run is kept in this browser: it goes on after a reload to the same numbers.',
  );
  const element = h(
    'div',
    { class: 'sheet' },
    h('header', {}, title, buttons),
    empty,
    progress.element,
    doing,
    problem,
    said,
    body,
  );

  let curves = none();
  let paused = false;
  let total = 0;

  const draw = (): void => {
    const { evaluated } = curves;
    loss.set([thinned(curves.steps), thinned(curves.loss), thinned(curves.id), thinned(curves.triplet)]);
    rate.set([thinned(curves.steps), thinned(curves.lr)]);
    quality.set([evaluated.map((one) => one.step), evaluated.map((one) => one.mAP), evaluated.map((one) => one.rank1)]);
  };

  const hold = async (): Promise<void> => {
    pause.disabled = true;
    doing.textContent = 'Pausing after this step …';
    await call('pauseTraining', undefined);
  };
  const goOn = async (): Promise<void> => {
    pause.disabled = true;
    fill(problem);
    await call('goOnTraining', undefined);
  };
  const end = async (): Promise<void> => {
    stop.disabled = true;
    doing.textContent = 'Stopping after this step, with a checkpoint …';
    await call('stopTraining', undefined);
  };

  const showBatch = (step: number, pictures: readonly BatchPicture[]): void => {
    batchTitle.textContent = `The last batch, as the network saw it (step ${whole(step)})`;
    fill(
      batch,
      pictures.map(({ identity, bitmap }) => {
        const canvas = pictureCanvas(`identity ${identity}`, 96);
        drawBitmap(canvas, bitmap, 96);
        return h('li', {}, h('figure', {}, canvas, h('figcaption', {}, identity)));
      }),
    );
  };

  /** The curves of a run that goes on. */
  const replay = (log: readonly LogLine[]): void => {
    for (const line of log) {
      const evaluation = line.evaluation as { mAP: number; cmc: Record<string, number> } | undefined;
      if (evaluation) curves.evaluated.push({ step: line.step, mAP: evaluation.mAP, rank1: evaluation.cmc['1']! });
      else addStep(curves, line as unknown as StepReport);
    }
  };

  const showFigures = (step: number, { mAP, cmc }: { mAP: number; cmc: Readonly<Record<string, number>> }): void => {
    curves.evaluated.push({ step, mAP, rank1: cmc['1']! });
    figures.set('mAP', percent(mAP));
    figures.set('Rank-1', percent(cmc['1']!));
    draw();
  };

  const show = (event: TrainEvent): void => {
    switch (event.kind) {
      case 'doing':
        doing.textContent = event.total === undefined ? event.words : '';
        if (event.total === undefined) progress.hide();
        else progress.show(event.done!, event.total, event.words);
        return;
      case 'note':
        said.append(notice('note', event.words));
        return;
      case 'before':
        body.hidden = false;
        showFigures(0, event.untrained);
        said.append(
          notice(
            'note',
            `Before training: the pictures’ own pixels reach mAP ${percent(event.rawPixels.mAP)}, the untrained net ${percent(event.untrained.mAP)}.`,
          ),
        );
        return;
      case 'begins':
        body.hidden = false;
        total = event.recipe.epochs;
        if (event.log.length > 0) {
          curves = { ...none(), evaluated: curves.evaluated.filter(({ step }) => step === 0) };
          replay(event.log);
        }
        draw();
        return;
      case 'steps': {
        for (const report of event.reports) addStep(curves, report);
        const last = event.reports.at(-1);
        if (!last) return;
        doing.textContent = '';
        figures.set('Loss', last.loss.toPrecision(3));
        figures.set('Epoch', `${last.epoch + 1} of ${total}`);
        pace.set('Steps a second', event.perSecond > 0 ? event.perSecond.toPrecision(2) : '–');
        pace.set('Time left', event.perSecond > 0 ? duration(event.left / event.perSecond) : '–');
        pace.set('Trained for', duration(event.seconds));
        pace.set('GPU memory', `${bytes(event.memory)}, at most ${bytes(event.peak)}`);
        progress.show(
          last.step,
          last.step + event.left,
          `step ${whole(last.step)} of about ${whole(last.step + event.left)}`,
        );
        draw();
        return;
      }
      case 'batch':
        showBatch(event.step, event.pictures);
        return;
      case 'evaluated':
        showFigures(event.step, event.metrics);
        return;
      case 'saved':
        element.dataset.saved = String(event.step);
        return;
      case 'paused':
        paused = true;
        pause.disabled = false;
        pause.textContent = 'Go on';
        doing.textContent = `Paused after step ${whole(event.step)}. Everything is saved.`;
        if (event.problem) {
          doing.textContent = `Waiting after step ${whole(event.step)}.`;
          fill(problem, notice('error', event.problem));
        }
        return;
      case 'goes on':
        paused = false;
        pause.disabled = false;
        pause.textContent = 'Pause';
        doing.textContent = 'Going on …';
    }
  };

  return {
    element,
    async start(input) {
      curves = none();
      paused = false;
      title.textContent = input.run;
      empty.hidden = true;
      buttons.hidden = false;
      pause.disabled = false;
      pause.textContent = 'Pause';
      stop.disabled = false;
      fill(said);
      fill(problem);
      fill(batch);
      title.focus();
      try {
        void call('keepStorage', undefined);
        const { finished, step, metrics } = await call('train', input, { onEvent: show });
        doing.textContent = finished
          ? `Finished after ${whole(step)} steps: mAP ${percent(metrics!.mAP)}, rank-1 ${percent(metrics!.cmc['1']!)}.`
          : step > 0
            ? `Stopped after step ${whole(step)}. It goes on from there whenever you like.`
            : 'Stopped before the first step. Pictures that were made small are kept.';
      } catch (error) {
        doing.textContent = 'Training has ended.';
        fill(problem, errorNotice(error));
      } finally {
        buttons.hidden = true;
        progress.hide();
        onEnd();
      }
    },
  };
}
