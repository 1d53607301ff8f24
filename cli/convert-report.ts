import { bytesPerElement, elementCount } from '../engine/io/arrays.js';
import { formatShape, type Shape } from '../engine/shape.js';
import type { ImportAction } from '../reid/models/checkpoints/import.js';
import type { Matched } from './convert-model.js';
import type { WeightsSource } from './convert-source.js';
import { textTable } from './text-table.js';

/** One name of a file, or of the model alone. */
export interface WeightRow {
  readonly name: string;
  /** In the file; where it is missing there, in the model. */
  readonly shape: Shape;
  /** None where it is missing in the file. */
  readonly dtype?: string;
  /** With a model to compare with: what becomes of it. */
  readonly match?: ImportAction;
  /** The model's shape, where it is another one. */
  readonly expected?: Shape;
}

/** An exported model, for people and programs. */
export interface OnnxFacts {
  readonly opset: number;
  readonly input: { readonly name: string; readonly shape: readonly (number | string)[] };
  readonly output: { readonly name: string; readonly shape: readonly (number | string)[] };
  readonly operators: number;
  readonly parameters: number;
}

/** What was converted, or would be. */
export interface ConvertReport {
  readonly from: { readonly path: string; readonly kind: WeightsSource['kind'] };
  readonly to?: { readonly path: string; readonly bytes: number; readonly written: boolean };
  readonly arrays: readonly WeightRow[];
  /** Numbers in all arrays, and their bytes. */
  readonly numbers: number;
  readonly bytes: number;
  /** What the file holds besides. */
  readonly leftOut: readonly string[];
  readonly model?: {
    readonly recipe: string;
    readonly identities: number;
    readonly counts: Readonly<Record<string, number>>;
  };
  readonly onnx?: OnnxFacts;
  /** The command, or the step, that makes sense next. */
  readonly next: string;
}

/** Every name of the file, then those that the model has and the file lacks. */
export function rowsOf({ arrays }: WeightsSource, matched: Matched | undefined): WeightRow[] {
  const plain = [...arrays].map(([name, { shape, dtype }]): WeightRow => ({ name, shape, dtype }));
  if (!matched) return plain;
  const left = [...matched.rows];
  const rows = plain.map((row): WeightRow => {
    const short = row.name.replace(/^(module\.)+/, '');
    const i = left.findIndex(({ name }) => name === short);
    if (i < 0) return { ...row, match: 'left out' };
    const [{ action, expected }] = left.splice(i, 1) as [Matched['rows'][number]];
    return { ...row, match: action, ...(action === 'other shape' ? { expected } : {}) };
  });
  const missing = left.filter(({ action }) => action === 'missing');
  return [...rows, ...missing.map(({ name, expected }): WeightRow => ({ name, shape: expected!, match: 'missing' }))];
}

/** Sums over the arrays of a file. */
export function sizesOf({ arrays }: WeightsSource): { readonly numbers: number; readonly bytes: number } {
  let [numbers, bytes] = [0, 0];
  for (const { shape, dtype } of arrays.values()) {
    numbers += elementCount(shape);
    bytes += elementCount(shape) * bytesPerElement(dtype);
  }
  return { numbers, bytes };
}

/** How many names became what. */
export function countsOf(rows: readonly WeightRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { match } of rows) if (match) counts[match] = (counts[match] ?? 0) + 1;
  return counts;
}

const megabytes = (bytes: number): string =>
  bytes < 1e5 ? `${bytes.toLocaleString('en')} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;

const portText = ({ name, shape }: OnnxFacts['input']): string => `${name} [${shape.join(', ')}]`;

function matchText({ match, expected }: WeightRow): string {
  if (match === 'other shape') return `other shape: ${formatShape(expected!)} in the model`;
  return match ?? '';
}

/** The report as text. */
export function describeReport(report: ConvertReport): string {
  const { from, to, arrays, numbers, bytes, leftOut, model, onnx, next } = report;
  const rows = arrays.map((row) => [row.name, formatShape(row.shape), row.dtype ?? '–', matchText(row)]);
  const title = ['name', 'shape', 'dtype', model ? `in ${model.recipe}` : ''];
  const held = arrays.filter(({ dtype }) => dtype !== undefined).length;
  const lines = [
    ...textTable([title, ...rows], [0, 1, 2, 3]),
    '',
    `${from.path}: ${held} arrays, ${numbers.toLocaleString('en')} numbers, ${megabytes(bytes)}`,
  ];
  if (leftOut.length > 0) lines.push(`left out: ${leftOut.join(', ')}`);
  if (model) {
    const counts = Object.entries(model.counts).map(([action, n]) => `${n} ${action}`);
    lines.push(`${model.recipe} for ${model.identities} identities: ${counts.join(', ')}`);
  }
  if (onnx) {
    lines.push(
      `ONNX, operator set ${onnx.opset}: ${portText(onnx.input)} → ${portText(onnx.output)}, ${onnx.operators} operators, ${onnx.parameters} parameters`,
    );
  }
  if (to) lines.push(`${to.written ? 'wrote' : 'would write'} ${to.path}, ${megabytes(to.bytes)}`);
  return [...lines, `next: ${next}`].join('\n');
}
