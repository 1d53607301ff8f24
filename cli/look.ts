import { decodeFile } from '../datasets/decode-file.js';
import { encodeApng, encodePng, type ImageRecord, type ReidDataset, type Tracklet } from '../datasets/index.js';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { drawFrameStrip, drawFrames, type LookedFrame } from '../reid/report/drawing/frame-strip.js';
import { sharedRange } from '../reid/report/drawing/heatmap.js';
import { drawHeatmapGrid, type HeatmapRow } from '../reid/report/drawing/heatmap-grid.js';
import { OVERLAY_STYLES, type OverlayStyle, overlayInStyle } from '../reid/report/drawing/overlay-style.js';
import { drawScatters } from '../reid/report/drawing/scatter-picture.js';
import { inEvalMode, pictureOf } from '../reid/report/evidence/looks.js';
import { type LookColumn, type RecordLookOptions, recordLooks } from '../reid/report/evidence/record-looks.js';
import { documentOf } from '../reid/report/page/document.js';
import { html } from '../reid/report/page/html.js';
import { embed } from '../reid/report/page/picture.js';
import { lookGrid, plate } from '../reid/report/page/pictures.js';
import { scatterChart } from '../reid/report/plot/scatter.js';
import type { LookGrid, Plate } from '../reid/report/report-data.js';
import { RunFolder } from '../reid/training/run-folder.node.js';
import { openMended, readArguments, runCommand, terminal, UsageError, wholeNumber } from './command.js';
import { type MapGroup, mapsOfModel } from './look-maps.js';
import { subjectsOf } from './look-subjects.js';
import { evenly } from './ranked-pictures.js';
import { openTrainedModel, sayUnmatched } from './trained-model.js';

const HELP = `node cli/look.js RUN --out DIR [--picture FILE …] [--tracklet NUMBER|FILE …] [--map] [OPTIONS]

Shows where a trained model looks: in pictures, as maps laid over them; in the frames of tracklets, as a strip and as an animated
PNG. Of FGReID that is its own attention, of other models what each attention module lets through, of models without attention how
strong their last map is. And what it knows, as maps of points by principal components and t-SNE: identities of the test set, rows
of the classifier, and of FGReID the centres that it was trained with.

  RUN               the folder of a run, its checkpoint.safetensors, or with --recipe a file of an original system
  --out DIR         where pictures.png, tracklet-N.png, tracklet-N-animated.png, identities.png … and look.html go
  --picture FILE    a picture of the data set by its path or the end of it, or any other (JPEG or PNG). Several times
  --tracklet T      a tracklet by its number or one of its frames. Several times
  --map             the maps of points; with nothing else named, pictures or tracklets too
  --count N         where nothing is named: so many queries; default 6, of tracklets 2
  --frames N        frames of a strip; default 8. The animation has up to 48
  --delay MS        time of a frame in the animation; default 150
  --style NAME      ${OVERLAY_STYLES.join(', ')}; default heat. viridis and jet are those of FGReID's script
  --data DATA       default: what the run was trained with
  --recipe RECIPE   the recipe of a file that is of no run
  --set KEY=VALUE   changes the recipe
  --json            prints what was written and found to standard output
  --help            prints this

Exit status: 0 drawn, 1 something went wrong, 2 wrong use.`;

const OPTIONS = {
  out: { type: 'string' },
  picture: { type: 'string', multiple: true },
  tracklet: { type: 'string', multiple: true },
  map: { type: 'boolean' },
  count: { type: 'string' },
  frames: { type: 'string' },
  delay: { type: 'string' },
  style: { type: 'string' },
  data: { type: 'string' },
  recipe: { type: 'string' },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Frames of an animation at most. */
const ANIMATED = 48;

/** What is drawn, and how. */
interface Looking {
  readonly options: RecordLookOptions;
  readonly style: OverlayStyle;
  readonly frames: number;
  readonly delayMs: number;
  readonly folder: RunFolder;
}

const whoIs = ({ identityName, camera, path }: ImageRecord): string[] =>
  camera < 0 ? [identityName] : [`Identity ${identityName}, camera ${camera + 1}`, path];

/** Pictures with their maps: a PNG, and a grid for the page. */
async function lookAtPictures({ options, style, folder }: Looking, records: readonly ImageRecord[]): Promise<LookGrid> {
  const columns = await needColumns(options, records);
  // Of FGReID's script: each map by its own values.
  const alone = style !== 'heat';
  const ranges = columns.map(({ maps }) => (alone ? 'min-max' : sharedRange(maps)));
  const rows: HeatmapRow[] = [];
  const shown: LookGrid['rows'][number][] = [];
  for (const [i, record] of records.entries()) {
    const image = await pictureOf(options, record);
    rows.push({ image, caption: whoIs(record), maps: columns.map(({ maps }) => maps[i]) });
    const maps = [];
    for (const [k, { maps: own, name }] of columns.entries()) {
      const overlay = overlayInStyle(image, own[i]!, { style, range: ranges[k] });
      maps.push(await embed(overlay, `${record.identityName}: ${name}`, { maxWidth: image.width }));
    }
    shown.push({
      caption: whoIs(record),
      picture: await embed(image, record.identityName, { maxWidth: image.width }),
      maps,
    });
  }
  const names = columns.map(({ name }) => name);
  await writeFileAtomically(
    folder.file('pictures.png'),
    await encodePng(
      drawHeatmapGrid(rows, { columns: names, range: alone ? 'min-max' : 'column', cellWidth: 112, style }),
    ),
  );
  return {
    title: 'Pictures',
    note: `${columns.map(({ about }) => about).join(' ')} Colours go from the least to the most of each ${alone ? 'picture' : 'column'}.`,
    columns: names,
    rows: shown,
    ends: style === 'heat' ? ['least', 'most'] : undefined,
  };
}

async function needColumns(
  options: RecordLookOptions,
  records: readonly ImageRecord[],
): Promise<readonly LookColumn[]> {
  const columns = await recordLooks(options, records);
  if (columns.length === 0) throw new UsageError('The model has no map of places that could be shown.');
  return columns;
}

/** A tracklet as a strip and as an animation, by the last of the model's attention modules. */
async function lookAtTracklet(
  looking: Looking,
  { frames: all, number, identityName, camera }: Tracklet,
): Promise<Plate[]> {
  const { options, style, folder, frames: wide, delayMs } = looking;
  const records = evenly(all, ANIMATED);
  const column = (await needColumns({ ...options, together: true }, records)).at(-1)!;
  const looked: LookedFrame[] = [];
  for (const [i, record] of records.entries()) {
    const label = record.frame === undefined ? undefined : `frame ${record.frame}`;
    looked.push({ image: await pictureOf(options, record), map: column.maps[i]!, label });
  }
  const who = `identity ${identityName}, camera ${camera + 1}`;
  const strip = drawFrameStrip(evenly(looked, wide), { title: `Tracklet ${number}: ${who}`, style });
  const animated = drawFrames(looked, { style });
  const bytes = await encodeApng(animated, { delayMs });
  await writeFileAtomically(folder.file(`tracklet-${number}.png`), await encodePng(strip));
  await writeFileAtomically(folder.file(`tracklet-${number}-animated.png`), bytes);
  const { width, height } = animated[0]!;
  const alt = `Tracklet ${number} of ${who}`;
  return [
    {
      title: `Tracklet ${number}`,
      note: `${who}, ${evenly(looked, wide).length} of ${all.length} frames. ${column.about} One range of colours for all.`,
      picture: await embed(strip, alt, { maxWidth: 1200, quality: 88 }),
    },
    {
      title: `Tracklet ${number}, moving`,
      picture: { type: 'image/png', bytes, width, height, alt: `${alt}, moving` },
    },
  ];
}

const sharesText = ({ shares = [] }: MapGroup): string =>
  shares.map((share) => `${(100 * share).toFixed(1)} %`).join(', ');

/** Reads pictures of the data set, and others from their files. */
const withOutside = (dataset: ReidDataset, outside: ReadonlySet<ImageRecord>): ReidDataset => ({
  ...dataset,
  onDisk: dataset.onDisk && outside.size === 0,
  read: (record) => (outside.has(record) ? decodeFile(record.path) : dataset.read(record)),
});

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('Give one run: node cli/look.js RUN --out DIR. See --help.');
  if (!values.out) throw new UsageError('--out is missing: the folder that the pictures go into, as --out looked.');
  const style = (values.style ?? 'heat') as OverlayStyle;
  if (!OVERLAY_STYLES.includes(style)) {
    throw new UsageError(`--style must be one of ${OVERLAY_STYLES.join(', ')}, not "${values.style}".`);
  }
  const [frames, delayMs] = [wholeNumber('frames', values.frames, 8), wholeNumber('delay', values.delay, 150)];
  if (frames < 1) throw new UsageError('--frames must be at least 1.');
  if (delayMs < 1 || delayMs > 65535)
    throw new UsageError(`--delay must be from 1 to 65535 milliseconds, not ${delayMs}.`);
  const trained = await openTrainedModel(positionals[0]!, { recipe: values.recipe, set: values.set });
  const data = values.data ?? trained.run?.facts.data;
  if (data === undefined)
    throw new UsageError(`--data is missing: ${trained.path} does not say what it was trained with.`);
  const opened = await openMended(data);
  const named = (values.picture ?? []).length + (values.tracklet ?? []).length > 0;
  const tracked = opened.query.some(({ tracklet }) => tracklet !== undefined);
  const subjects = subjectsOf(opened, {
    pictures: values.picture,
    tracklets: values.tracklet,
    count: wholeNumber('count', values.count, tracked ? 2 : 6),
  });
  const outside = new Set(subjects.pictures.filter(({ camera }) => camera < 0));
  for (const { path } of outside) await decodeFile(path);
  const dataset = withOutside(opened, outside);
  const folder = new RunFolder(values.out);
  const gpu = await openGpu();
  try {
    terminal.write(`${trained.title} on ${gpu.name}\n`);
    const model = trained.build();
    const warning = sayUnmatched(trained.path, trained.load(model));
    if (warning) terminal.write(`${warning}\n`);
    const options: RecordLookOptions = { gpu, model, dataset, input: trained.recipe.input };
    const looking: Looking = { options, style, frames, delayMs, folder };
    const grid = subjects.pictures.length > 0 ? await lookAtPictures(looking, subjects.pictures) : undefined;
    const plates: Plate[] = [];
    for (const tracklet of subjects.tracklets) plates.push(...(await lookAtTracklet(looking, tracklet)));
    const context = { gpu, dataset: opened, recipe: trained.recipe, output: terminal };
    const seed = trained.run?.facts.seed ?? 1;
    const groups =
      values.map || !named ? await inEvalMode(model, () => mapsOfModel(trained, model, context, seed)) : [];
    for (const { name, scatters } of groups) {
      await writeFileAtomically(folder.file(`${name}.png`), await encodePng(drawScatters(scatters)));
    }
    const page = documentOf({
      title: `Where ${trained.recipe.name} looks`,
      subtitle: `${trained.path} · ${data}`,
      date: `Made on ${new Date().toISOString().slice(0, 16).replace('T', ', ')} UTC.`,
      sections: [
        ['pictures', 'Pictures', grid && lookGrid(grid)],
        ['tracklets', 'Tracklets', plates.length > 0 ? html`${plates.map(plate)}` : undefined],
        ...groups.map(
          ({ name, title, scatters }) =>
            [name, title, html`<div class="charts">${scatters.map(scatterChart)}</div>`] as const,
        ),
      ],
    });
    await writeFileAtomically(folder.file('look.html'), page);
    const files = [
      ...(grid ? ['pictures.png'] : []),
      ...subjects.tracklets.flatMap(({ number }) => [`tracklet-${number}.png`, `tracklet-${number}-animated.png`]),
      ...groups.map(({ name }) => `${name}.png`),
      'look.html',
    ].map((name) => folder.file(name));
    if (values.json) {
      const variance = Object.fromEntries(groups.flatMap(({ name, shares }) => (shares ? [[name, shares]] : [])));
      console.log(JSON.stringify({ files, explainedVariance: variance }, null, 2));
      return 0;
    }
    for (const group of groups) {
      if (group.shares)
        console.log(`${group.title}: the first components explain ${sharesText(group)} of the variance`);
    }
    for (const path of files) terminal.write(`${path}\n`);
    return 0;
  } finally {
    gpu.close();
  }
}

await runCommand('look', main);
