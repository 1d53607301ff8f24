import { bytesOf, flopsOf } from './cases.js';
import { type CheckLine, type Line, linesOf, type PytorchLine, type SpeedLine, type TrainLine } from './results.js';
import { wayName } from './ways.js';

/** One measured case, with what PyTorch took for it. */
export interface Row {
  readonly case: string;
  readonly ms: number | null;
  readonly gpu_ms: number | null;
  readonly gflops: number | null;
  readonly gbps: number | null;
  /** Of the highest rate that any case reached here, of operations or of bytes, whichever is more. */
  readonly share: number | null;
  readonly pytorch_ms: number | null;
  /** Our rate over PyTorch's: 1 is as fast, 0.5 takes twice the time. */
  readonly ratio: number | null;
  readonly images_per_second: number | null;
  readonly pytorch_images_per_second: number | null;
  /** Whether the results were compared and right; times of wrong ones do not count. */
  readonly correct: 'ok' | 'wrong' | 'not checked';
  readonly error: number | null;
  readonly note: string;
}

/** What all checks of a measured case say, as the engine runs it by itself (`own`). */
export function correctness(
  checks: readonly CheckLine[],
  name: string,
  own: string,
): Pick<Row, 'correct' | 'error' | 'note'> {
  const mine = checks.filter((line) => line.case === name || line.case.startsWith(`${name}: `));
  const ways = mine.filter(({ way }) => way === own || way === '-');
  const others = [...new Set(mine.filter(({ status }) => status !== 'ok').map(({ way }) => way))];
  const error = ways.length > 0 ? Math.max(...ways.map((line) => line.error ?? Infinity)) : null;
  if (ways.length === 0) return { correct: 'not checked', error: null, note: '' };
  const wrong = ways.find(({ status }) => status !== 'ok');
  if (wrong) return { correct: 'wrong', error, note: wrong.message ?? wrong.status };
  return { correct: 'ok', error, note: others.length > 0 ? `wrong as ${others.join(', ')}` : '' };
}

const perMs = (amount: number, ms: number | null) => (ms === null || amount === 0 ? null : amount / ms / 1e6);
const ratioOf = (ours: number | null, theirs: number | null) =>
  ours === null || theirs === null ? null : theirs / ours;

function speedRow(line: SpeedLine, theirs: PytorchLine | undefined, checked: ReturnType<typeof correctness>): Row {
  const valid = checked.correct !== 'wrong';
  const ms = valid ? line.ms : null;
  return {
    case: line.case,
    ms,
    gpu_ms: valid ? line.gpu_ms : null,
    gflops: perMs(flopsOf(line.work), ms),
    gbps: perMs(bytesOf(line.work), ms),
    share: null,
    pytorch_ms: theirs?.ms ?? null,
    ratio: ratioOf(ms, theirs?.ms ?? null),
    images_per_second: null,
    pytorch_images_per_second: null,
    ...checked,
    note: line.message ?? checked.note,
  };
}

function trainRow(line: TrainLine, theirs: PytorchLine | undefined): Row {
  const ms = line.status === 'ok' ? line.ms : null;
  const rate = ms === null ? null : (1000 * line.batch) / ms;
  const their = theirs?.ms && theirs.batch ? (1000 * theirs.batch) / theirs.ms : null;
  return {
    case: `${line.case}, batch ${line.batch}`,
    ms,
    gpu_ms: line.gpu_ms,
    gflops: null,
    gbps: null,
    share: null,
    pytorch_ms: theirs?.ms ?? null,
    ratio: ratioOf(their, rate),
    images_per_second: rate,
    pytorch_images_per_second: their,
    correct: line.status === 'ok' ? 'ok' : 'wrong',
    error: null,
    note: line.message ?? (theirs?.batch && theirs.batch !== line.batch ? `PyTorch's batch is ${theirs.batch}` : ''),
  };
}

/** A step that is replayed is compared with PyTorch's plain one. */
const theirName = (name: string) => name.replace(/, static$/, '');

/** The rows of all measured cases. Of a training step that failed with some batches only what worked counts, if anything did. */
export function rowsOf(lines: readonly Line[]): Row[] {
  const facts = linesOf(lines, 'facts').at(-1);
  const sharing = facts?.facts.sharing as Parameters<typeof wayName>[0] | undefined;
  const own = sharing ? wayName(sharing) : '';
  const checks = linesOf(lines, 'check');
  const theirs = new Map<string, PytorchLine>();
  for (const line of linesOf(lines, 'pytorch')) if (!theirs.get(line.case)?.ms) theirs.set(line.case, line);
  const speeds = linesOf(lines, 'speed').map((line) =>
    speedRow(line, theirs.get(line.case), correctness(checks, line.case, own)),
  );
  const trains = linesOf(lines, 'train');
  const worked = trains.some(({ status }) => status !== 'failed');
  const steps = trains
    .filter(({ status }) => !worked || status !== 'failed')
    .map((line) => trainRow(line, theirs.get(theirName(line.case))));
  return withShares([...speeds, ...steps], linesOf(lines, 'pytorch'));
}

/** Fills in the shares of the highest rates. */
function withShares(rows: readonly Row[], theirs: readonly PytorchLine[]): Row[] {
  const known = new Map(theirs.map((line) => [line.case, line.ms]));
  const highest = (of: 'gflops' | 'gbps') =>
    Math.max(
      0,
      ...rows.flatMap((row) => {
        const mine = row[of];
        const ms = known.get(row.case);
        return mine === null ? [] : [mine, ...(ms && row.ms ? [(mine * row.ms) / ms] : [])];
      }),
    );
  const [gflops, gbps] = [highest('gflops'), highest('gbps')];
  const part = (value: number | null, most: number) => (value === null || most === 0 ? 0 : value / most);
  return rows.map((row) => ({
    ...row,
    share: row.gflops === null && row.gbps === null ? null : Math.max(part(row.gflops, gflops), part(row.gbps, gbps)),
  }));
}

/** Everything that is wrong, by name; each makes the exit status 1. */
export function faultsOf(lines: readonly Line[]): string[] {
  const checks = linesOf(lines, 'check').filter(({ status }) => status !== 'ok');
  const trains = linesOf(lines, 'train');
  const worked = trains.some(({ status }) => status === 'ok');
  return [
    ...checks.map(
      ({ case: name, way, status, kernels, message }) =>
        `${status}: ${name} (${way}), kernels ${kernels.join(', ') || '-'}: ${message ?? ''}`,
    ),
    ...linesOf(lines, 'parity').flatMap(({ wrong }) => wrong.map((text) => `wrong: golden case ${text}`)),
    ...linesOf(lines, 'tests')
      .filter(({ failed }) => failed > 0)
      .map(({ file, failed, errors }) => `failed: ${file}, ${failed} tests: ${firstLine(errors[0])}`),
    ...linesOf(lines, 'speed')
      .filter(({ ms }) => ms === null)
      .map(({ case: name, message }) => `failed: ${name}: ${message}`),
    ...trains
      .filter(({ status }) => status === 'wrong' || (status === 'failed' && !worked))
      .map(({ case: name, message }) => `wrong: ${name}: ${message}`),
    ...linesOf(lines, 'explore')
      .filter(({ status, own }) => own && status !== 'ok')
      .map(({ case: name, message }) => `wrong: tile of ${name}: ${message}`),
    ...linesOf(lines, 'note')
      .filter(({ failed }) => failed)
      .map(({ of, message }) => `failed: ${of}: ${message}`),
  ];
}

/** Faults that are printed; all are in the file. */
const MOST_FAULTS = 40;

const listed = (faults: readonly string[]): string => {
  const more = faults.length > MOST_FAULTS ? [`and ${faults.length - MOST_FAULTS} more, which gpu.json has`] : [];
  return [...faults.slice(0, MOST_FAULTS), ...more].map((fault) => `  ${fault}`).join('\n');
};

const firstLine = (text = '') => text.trim().split('\n')[0] ?? '';

const figures = (value: number | null): string =>
  value === null ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

const percent = (value: number | null): string => (value === null ? '-' : `${Math.round(100 * value)} %`);

/** Cells in columns, the first to the left. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const last = widths.length - 1;
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 || i === last ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const HEAD = ['case', 'ms', 'GPU ms', 'GFLOP/s', 'GB/s', 'share', 'PyTorch ms', 'ratio', 'correct'];

function cells(row: Row): string[] {
  const { correct, error, note } = row;
  const verdict =
    correct === 'ok' && error !== null ? `ok ${error.toExponential(0)}` : correct.replace('wrong', 'WRONG');
  return [
    row.case,
    figures(row.ms),
    figures(row.gpu_ms),
    figures(row.gflops),
    figures(row.gbps),
    percent(row.share),
    figures(row.pytorch_ms),
    row.ratio === null ? '-' : row.ratio.toFixed(2),
    note ? `${verdict} (${note})` : verdict,
  ];
}

/** The wanted and the aimed at part of PyTorch's speed. */
const WANTED = 0.5;
const AIM = 0.8;

/** All of it for people: the machine, the table, what is wrong, where a step's time goes, and the fastest tiles. */
export function report(lines: readonly Line[]): string {
  const facts = linesOf(lines, 'facts').at(-1);
  const python = linesOf(lines, 'python').at(-1);
  const rows = rowsOf(lines);
  const faults = faultsOf(lines);
  const ratios = rows.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  const count = (least: number) => ratios.filter((ratio) => ratio >= least).length;
  const train = rows.filter(({ images_per_second: rate }) => rate !== null);
  const sums = { passed: 0, failed: 0, skipped: 0 };
  for (const line of linesOf(lines, 'tests')) {
    sums.passed += line.passed;
    sums.failed += line.failed;
    sums.skipped += line.skipped;
  }
  const checks = linesOf(lines, 'check');
  const parity = linesOf(lines, 'parity').at(-1);
  const machine = facts ? `${facts.adapter}, ${facts.facts.dawn}, ${facts.date}` : 'no adapter';
  const peer = python?.torch
    ? `PyTorch ${python.torch} on ${python.device}`
    : (python?.device ?? 'PyTorch: not looked for');
  return [
    `${machine}\n${peer}, float32 without TF32`,
    rows.length > 0 ? columns([HEAD, ...rows.map(cells)]) : 'Nothing was measured.',
    ...train.map(
      ({ case: name, images_per_second: ours, pytorch_images_per_second: theirs }) =>
        `${name}: ${figures(ours)} images/s${theirs === null ? '' : `, PyTorch ${figures(theirs)}`}`,
    ),
    ratios.length > 0
      ? `Of ${ratios.length} ratios ${count(WANTED)} are at least ${WANTED} and ${count(AIM)} at least ${AIM}; the least is ${Math.min(...ratios).toFixed(2)}.`
      : 'Nothing to compare with.',
    `Compared with plain loops: ${checks.length} results, ${checks.filter(({ status }) => status !== 'ok').length} not right. ` +
      `Golden cases: ${parity ? `${parity.passed} passed, ${parity.failed} failed` : 'not run'}. ` +
      `Tests: ${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped.`,
    ...profileOf(lines),
    ...tilesOf(lines),
    ...notesOf(lines),
    faults.length > 0 ? `Not right:\n${listed(faults)}` : 'Nothing is wrong.',
  ].join('\n\n');
}

/** Where the time of a training step goes. */
function profileOf(lines: readonly Line[]): string[] {
  const step = linesOf(lines, 'train').find(({ shares }) => shares.length > 0);
  if (!step?.gpu_ms) return [];
  const { gpu_ms: whole, shares } = step;
  const rows = shares.map(({ name, calls, ms }) => [`  ${name}`, String(calls), figures(ms), percent(ms / whole), '']);
  return [columns([[`A step's kernels`, 'calls', 'ms', 'share', ''], ...rows])];
}

/** The tiles that were tried, the fastest of each problem first. */
function tilesOf(lines: readonly Line[]): string[] {
  const tried = linesOf(lines, 'explore');
  if (tried.length === 0) return [];
  const cases = [...new Set(tried.map((line) => line.case))];
  const rows = cases.flatMap((name) =>
    tried
      .filter((line) => line.case === name)
      .sort((a, b) => (a.ms ?? Infinity) - (b.ms ?? Infinity))
      .map(({ sharing, lanes, rows: r, own, ms, gflops, status }) => [
        `  ${name}`,
        sharing,
        String(lanes),
        String(r),
        figures(ms),
        figures(gflops),
        `${own ? 'own ' : ''}${status === 'ok' ? '' : status.toUpperCase()}`,
      ]),
  );
  return [columns([['Tiles', 'sharing', 'lanes', 'rows', 'ms', 'GFLOP/s', ''], ...rows])];
}

function notesOf(lines: readonly Line[]): string[] {
  const notes = linesOf(lines, 'note').filter(({ failed }) => !failed);
  return notes.length > 0 ? [`Notes:\n${notes.map(({ of, message }) => `  ${of}: ${message}`).join('\n')}`] : [];
}

/** All of it for programs. */
export function summary(lines: readonly Line[]): object {
  const facts = linesOf(lines, 'facts').at(-1);
  const python = linesOf(lines, 'python').at(-1);
  return {
    adapter: facts?.adapter ?? null,
    date: facts?.date ?? null,
    software: facts?.software ?? null,
    facts: facts?.facts ?? null,
    pytorch: python ? { torch: python.torch, device: python.device, python: python.python } : null,
    cases: rowsOf(lines),
    faults: faultsOf(lines),
    tests: linesOf(lines, 'tests').map(({ part: _, ...line }) => line),
    parity: linesOf(lines, 'parity').at(-1) ?? null,
    train: linesOf(lines, 'train').map(({ part: _, ...line }) => line),
    tiles: linesOf(lines, 'explore').map(({ part: _, ...line }) => line),
    notes: linesOf(lines, 'note').map(({ of, failed, message }) => ({ of, failed, message })),
  };
}
