import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../test/files.js';
import { type Measured, measured, type Sizes } from './cases.js';
import type { Part } from './part.js';
import { linesOf, type PythonLine, type PytorchLine, readLines } from './results.js';

/** Where a PyTorch may be: what the environment names, what comes first, and the system's own. */
const PYTHONS = [process.env.PYTHON, 'python3', '/usr/bin/python3', 'python'].filter((name) => name !== undefined);

const PROBE = `import json, platform, torch
cuda = torch.cuda.is_available()
device = torch.cuda.get_device_name() if cuda else "CPU, %d threads" % torch.get_num_threads()
print(json.dumps({"torch": torch.__version__, "device": device, "python": platform.python_version()}))`;

/** What a process prints, or undefined where it fails or takes longer. */
function output(command: string, args: readonly string[], limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: Math.ceil(limit),
      killSignal: 'SIGKILL',
    });
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      told += piece;
    });
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 ? told.trim() : undefined));
  });
}

/** Looks for a Python that has PyTorch. */
export async function findPython(limit: number): Promise<PythonLine> {
  for (const command of PYTHONS) {
    const told = await output(command, ['-c', PROBE], limit);
    if (told === undefined) continue;
    try {
      return {
        part: 'python',
        command,
        ...(JSON.parse(told.split('\n').at(-1)!) as Omit<PythonLine, 'part' | 'command'>),
      };
    } catch {}
  }
  return { part: 'python', command: null, torch: null, device: `no PyTorch (${PYTHONS.join(', ')})`, python: '' };
}

/** A line of pytorch.py. */
type Told = Partial<Omit<PytorchLine, 'part'>> & { readonly begin?: string; readonly skipped?: number };

/** Takes in one line; returns whether a case began. */
function take(part: Part, text: string): boolean {
  const { begin, skipped, ...told } = JSON.parse(text) as Told;
  if (begin !== undefined) part.add({ part: 'begin', of: part.name, case: begin });
  if (skipped) {
    const message = `no time for ${skipped} cases`;
    part.add({ part: 'note', of: part.name, failed: false, message });
    part.say(message);
  }
  if (told.case !== undefined) {
    part.add({ part: 'pytorch', ...told, case: told.case, ms: told.ms ?? null });
    part.say(`${told.case.padEnd(40)} ${told.ms ? `${told.ms.toPrecision(3)} ms` : `FAILED  ${told.message}`}`);
  }
  return begin !== undefined;
}

/** One process over some cases: how it ended, and how many it began. */
async function runPython(part: Part, command: string, cases: readonly Measured[]) {
  const child = spawn(command, ['-u', join(ROOT, 'bench/gpu/pytorch.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  const late = setTimeout(() => child.kill('SIGKILL'), 1000 * part.secondsLeft + 5000);
  let rest = '';
  let begun = 0;
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line && take(part, line)) begun++;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => appendFileSync(part.options.log, piece));
  // A Python that ends before it has read everything is told of by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify({ cases, until: part.options.until / 1000 }));
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  clearTimeout(late);
  return { code, begun };
}

/** The part `pytorch`: the same cases there; one that takes its process with it is passed over. */
export async function runPytorch(part: Part, sizes: Sizes): Promise<void> {
  const found = linesOf(readLines(part.options.file), 'python').at(-1);
  if (!found?.command) {
    part.say(`${found?.device ?? 'no PyTorch was looked for'}: nothing to compare with`);
    return;
  }
  let cases = measured(sizes);
  while (cases.length > 0) {
    const { code, begun } = await runPython(part, found.command, cases);
    if (code === 0) return;
    const message = `PyTorch's side ended early (${code ?? 'killed'}) at ${cases[begun - 1]?.name ?? 'the start'}; its words are in the log`;
    part.add({ part: 'note', of: part.name, failed: false, message });
    part.say(message);
    if (begun === 0 || !part.hasTime) return;
    cases = cases.slice(begun);
  }
}
