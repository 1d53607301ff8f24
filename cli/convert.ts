import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openGpu } from '../engine/index.js';
import { writeFileAtomically } from '../engine/io/files.node.js';
import { writePth } from '../engine/io/pth-writer.js';
import { writeSafetensors } from '../engine/io/safetensors.js';
import { overrideRecipe, recipeCalled } from '../reid/recipes/index.js';
import { readArguments, runCommand, UsageError } from './command.js';
import { type ExportOptions, exportFeatures, isWhole, type Matched, matchModel } from './convert-model.js';
import { type ConvertReport, countsOf, describeReport, type OnnxFacts, rowsOf, sizesOf } from './convert-report.js';
import { type ModelFacts, metadataOf, readWeights, type WeightsSource } from './convert-source.js';
import { requireFolderOf } from './output-file.js';
import { quoted } from './shell-word.js';

const HELP = `node cli/convert.js IN OUT [--recipe NAME] [--set KEY=VALUE …] [--dry-run] [--force] [--json]

Converts weights, or a whole model to ONNX, and prints every name with its shape and type. Files of PyTorch are read and written
without PyTorch, and none of the code in them is run.

  IN             the folder of a run, its checkpoint.safetensors, a .safetensors, or a .pth, .pt or .tar of PyTorch
  OUT            .safetensors
                 .pth or .pt     a state dict that torch.load(…, weights_only=True) reads
                 .onnx           the features that retrieval compares; of a run, or with --recipe
                 may be left out with --dry-run, which then shows what IN holds
  --recipe NAME  compares with the model of a recipe: what is loaded, missing, unknown or of another shape.
                 "node cli/list.js recipes" names them all
  --set KEY=VALUE  changes that recipe, as --set model.backbone=resnet50
  --path KEYS    where the state dict lies in a file of PyTorch, as ema/state_dict; the usual places are found without
  --batch N      of .onnx: a batch of this size alone, where the model can not take any
  --opset N      of .onnx: version of the operators, 17 (default) to 21
  --dry-run      does everything but write
  --force        overwrites OUT
  --json         prints the report as JSON
  --help         prints this`;

const OPTIONS = {
  recipe: { type: 'string' },
  set: { type: 'string', multiple: true },
  path: { type: 'string' },
  batch: { type: 'string' },
  opset: { type: 'string' },
  'dry-run': { type: 'boolean' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values'];

const FORMATS = { '.safetensors': 'safetensors', '.pth': 'pth', '.pt': 'pth', '.onnx': 'onnx' } as const;
type Format = (typeof FORMATS)[keyof typeof FORMATS];

function formatOf(out: string): Format {
  const format = FORMATS[extname(out).toLowerCase() as keyof typeof FORMATS];
  if (format) return format;
  throw new UsageError(`${out}: what OUT becomes is told by its ending: ${Object.keys(FORMATS).join(', ')}.`);
}

/** Refuses what could not be written, before anything is read. */
function checkOut(out: string, { force = false, 'dry-run': dryRun = false }: Values): void {
  if (existsSync(out)) {
    if (statSync(out).isDirectory())
      throw new UsageError(`${out} is a folder. Name the file in it that is to be written.`);
    if (!force && !dryRun)
      throw new UsageError(`${out} is there already. Overwrite it by --force, or choose another name.`);
  }
  if (!dryRun) requireFolderOf(out);
}

/** A whole number option from `least` to `most`. */
function numberWithin(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not "${text}".`);
}

const versionOfProject = (): string => {
  const file = fileURLToPath(new URL('../../package.json', import.meta.url));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** How a model is to be exported; options that are for nothing are refused. */
function exportOptions({ batch, opset, recipe, set }: Values, format: Format | undefined): ExportOptions {
  if (format !== 'onnx' && (batch ?? opset) !== undefined) {
    throw new UsageError(`--${batch === undefined ? 'opset' : 'batch'} is for .onnx alone.`);
  }
  if (set && recipe === undefined) throw new UsageError('--set changes the recipe that --recipe names; give both.');
  return {
    batch: batch === undefined ? 'dynamic' : numberWithin('batch', batch, 1, 65535),
    opset: numberWithin('opset', opset ?? '17', 17, 21),
    producerVersion: versionOfProject(),
  };
}

/** The recipe that was asked for, or else the one that the weights came with; only with the latter the identities are known. */
function factsFor(
  source: WeightsSource,
  values: Values,
): (Pick<ModelFacts, 'recipe'> & Partial<ModelFacts>) | undefined {
  if (values.recipe === undefined) return source.facts;
  return { recipe: overrideRecipe(recipeCalled(values.recipe), values.set ?? []) };
}

interface Made {
  readonly chunks: () => AsyncIterable<Uint8Array>;
  readonly onnx?: OnnxFacts;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function make(
  format: Format,
  source: WeightsSource,
  matched: Matched | undefined,
  options: ExportOptions,
): Promise<Made> {
  if (format === 'pth') return { chunks: () => writePth(source.arrays) };
  if (format === 'safetensors') {
    const facts = source.facts ?? (matched && isWhole(matched) ? matched : undefined);
    const metadata = { format: 'pt', producer: 'reid-webgpu', ...(facts ? metadataOf(facts) : {}) };
    return { chunks: () => writeSafetensors(source.arrays, metadata) };
  }
  const { bytes, input, outputs, operators, parameters } = await exportFeatures(source.path, matched!, options);
  const onnx = { opset: options.opset, input, output: outputs[0]!, operators, parameters: parameters.length };
  return { chunks: () => once(bytes), onnx };
}

async function sizeOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

/** What makes sense next. */
function nextStep(
  place: string,
  out: string | undefined,
  source: WeightsSource,
  values: Values,
  onnx?: OnnxFacts,
): string {
  const recipe = values.recipe === undefined ? '' : ` --recipe ${values.recipe}`;
  const changes = (values.set ?? []).map((change) => ` --set ${quoted(change)}`).join('');
  const asked = `${recipe}${changes}${values.path === undefined ? '' : ` --path ${quoted(values.path)}`}`;
  if (out === undefined) return `node cli/convert.js ${quoted(place)} weights.safetensors${asked}`;
  if (values['dry-run']) return `node cli/convert.js ${quoted(place)} ${quoted(out)}${asked}`;
  if (onnx)
    return `load ${out} with ONNX Runtime: ${onnx.input.name} in, ${onnx.output.name} out; its metadata says what the pictures must be`;
  if (source.kind === 'checkpoint') return `node cli/evaluate.js ${quoted(place)}   (the figures of these weights)`;
  const known = values.recipe ?? source.facts?.recipe.name;
  return known === undefined
    ? `node cli/convert.js ${quoted(out)} --recipe NAME --dry-run   (what of it a model takes)`
    : `node cli/evaluate.js ${quoted(out)} --recipe ${known}${changes} --data DATA`;
}

async function convert(place: string, out: string | undefined, values: Values): Promise<ConvertReport> {
  const format = out === undefined ? undefined : formatOf(out);
  const options = exportOptions(values, format);
  if (out !== undefined) checkOut(out, values);
  const source = await readWeights(place, values.path);
  if (out !== undefined && existsSync(out) && realpathSync(out) === realpathSync(source.path)) {
    throw new UsageError(`${out} is what is to be converted. Write to another file.`);
  }
  const facts = factsFor(source, values);
  if (format === 'onnx' && !facts) {
    throw new UsageError(
      `${source.path} does not say which model it is of, and ONNX needs the model. Say the recipe, as --recipe baseline-r50; ` +
        '"node cli/list.js recipes" names them all.',
    );
  }
  const compare = facts && (values.recipe !== undefined || format === 'onnx');
  const gpu = compare ? await openGpu() : undefined;
  try {
    const matched = compare ? matchModel(source, facts.recipe, facts.identities) : undefined;
    const made = format && (await make(format, source, matched, options));
    const written = made !== undefined && !values['dry-run'];
    if (written) await writeFileAtomically(out!, made.chunks());
    const to = made && { path: out!, bytes: written ? statSync(out!).size : await sizeOf(made.chunks()), written };
    const arrays = rowsOf(source, matched);
    return {
      from: { path: source.path, kind: source.kind },
      to,
      arrays,
      ...sizesOf(source),
      leftOut: source.leftOut,
      model: matched && { recipe: matched.recipe.name, identities: matched.identities, counts: countsOf(arrays) },
      onnx: made?.onnx,
      next: nextStep(place, out, source, values, made?.onnx),
    };
  } finally {
    gpu?.close();
  }
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments(OPTIONS);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [place, out] = positionals;
  if (place === undefined || positionals.length > 2 || (out === undefined && !values['dry-run'])) {
    throw new UsageError('Give what is converted and what it becomes: node cli/convert.js IN OUT. See --help.');
  }
  const report = await convert(place, out, values);
  console.log(values.json ? JSON.stringify(report, null, 2) : describeReport(report));
  return 0;
}

await runCommand('convert', main);
