import { type Gpu, openGpu, scope } from '../../engine/index.js';
import type { Sharing } from '../../shaders/rowtile.js';
import { dispatchesOf } from '../case.js';
import type { Sizes } from './cases.js';
import { largeConvolutions, oddConvolutions } from './checks/convolutions.js';
import { largeLines, oddLines } from './checks/lines.js';
import { largePlanes, oddPlanes } from './checks/planes.js';
import { largeProducts, oddProducts } from './checks/products.js';
import type { CheckSet, Result } from './checks/set.js';
import { messageOf, type Part } from './part.js';
import type { CheckLine } from './results.js';
import { compare, expectedAt } from './sampled.js';
import { type Ways, wayName, waysOf } from './ways.js';

/** What is measured and costs the most first, for without it no time counts; then odd sizes, then the rest of what is large. */
export const checkSets = (sizes: Sizes): CheckSet[] => [
  ...largeProducts(sizes),
  ...largeConvolutions(sizes),
  ...oddProducts,
  ...oddConvolutions,
  ...oddPlanes,
  ...oddLines,
  ...largePlanes(sizes),
  ...largeLines(sizes),
];

/** Runs a result in every way and compares samples of it, which are computed once. */
async function checkResult(
  gpu: Gpu,
  { name, work, expected }: Result,
  ways: readonly (Sharing | undefined)[],
): Promise<CheckLine[]> {
  const want = expected();
  const samples = expectedAt(want);
  const own = gpu.sharing;
  const lines: CheckLine[] = [];
  for (const way of ways) {
    const line = { part: 'check', case: name, way: way ? wayName(way) : '-', tolerance: want.tolerance } as const;
    if (way) gpu.sharing = way;
    let kernels: string[] = [];
    try {
      const got = await scope(() => {
        let out: ReturnType<Result['work']> | undefined;
        const noted = dispatchesOf(gpu, () => {
          out = work();
        });
        kernels = [...new Set(noted.map(({ shader }) => shader.name))];
        return out!.read();
      }, gpu);
      const { status, error, samples: count, message } = compare(got, samples, want);
      lines.push({ ...line, status, error: Number.isFinite(error) ? error : null, samples: count, kernels, message });
    } catch (error) {
      lines.push({ ...line, status: 'failed', error: null, samples: 0, kernels, message: messageOf(error) });
    } finally {
      gpu.sharing = own;
    }
    if (!gpu.healthy) break;
  }
  return lines;
}

/** Checks one set: a line for each result and way, which `tell` gets at once. */
export async function checkSet(
  gpu: Gpu,
  set: CheckSet,
  { kinds }: Pick<Ways, 'kinds'>,
  tell: (line: CheckLine) => void = () => {},
): Promise<CheckLine[]> {
  const ways = set.shares ? kinds : [undefined];
  const lines: CheckLine[] = [];
  const add = (line: CheckLine) => {
    lines.push(line);
    tell(line);
  };
  const failed = (message: string): CheckLine => ({
    part: 'check',
    case: set.name,
    way: '-',
    status: 'failed',
    error: null,
    tolerance: 0,
    samples: 0,
    kernels: [],
    message,
  });
  try {
    await scope(async () => {
      for (const one of await set.make()) {
        if (!gpu.healthy) break;
        for (const line of await checkResult(gpu, one, ways)) add(line);
      }
    }, gpu);
  } catch (error) {
    add(failed(messageOf(error)));
  }
  return lines;
}

/** What was found, in a few words. */
function summary(lines: readonly CheckLine[]): string {
  const bad = lines.filter(({ status }) => status !== 'ok');
  const error = Math.max(0, ...lines.map((line) => line.error ?? 0));
  if (bad.length === 0) return `ok  ${error.toExponential(1)}`;
  return bad
    .map((line) => `${line.status.toUpperCase()}  ${line.case} (${line.way}): ${line.message}`)
    .join('\n          ');
}

/** The part `check`: every family against plain loops, at odd sizes and at those that are measured. */
export async function runChecks(part: Part, sizes: Sizes): Promise<void> {
  let gpu = await openGpu();
  const ways = waysOf(gpu);
  for (const message of part.options.shard?.index ? [] : ways.notes) {
    part.say(message);
    part.add({ part: 'note', of: part.name, failed: false, message });
  }
  for (const set of part.mine(checkSets(sizes))) {
    if (!part.begins(set.name)) continue;
    const lines = await checkSet(gpu, set, ways, (line) => part.add(line));
    part.say(`${set.name.padEnd(40)} ${summary(lines)}`);
    if (gpu.healthy) await gpu.trim();
    else {
      gpu.close();
      gpu = await openGpu();
    }
  }
  gpu.close();
  part.end();
}
