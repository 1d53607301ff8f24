import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A failure that the message fully explains. */
export function setupError(message) {
  return Object.assign(new Error(message), { expected: true });
}

/** Seconds since `start`, for people. */
export function since(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** Where PATH has `program`, or undefined. */
export function findProgram(program) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Runs a program and returns what it printed; throws with the end of its output when it fails.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ what: string, cwd?: string, env?: Record<string, string>, minutes?: number, shell?: boolean }} options
 *   `what` names the step in the error.
 */
export function run(program, args, { what, cwd = ROOT, env = {}, minutes = 10, shell = false }) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: minutes * 60_000,
  });
  if (status === 0) return stdout;
  const lines = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n');
  // npm tells the reason first, compilers and apt-get last.
  const output = (lines.length > 30 ? [...lines.slice(0, 10), '...', ...lines.slice(-15)] : lines).join('\n    ');
  const why =
    error?.code === 'ETIMEDOUT'
      ? `took longer than ${minutes} minutes`
      : (error?.message ?? (signal ? `was ended by ${signal}` : `ended with exit code ${status}`));
  throw setupError(`${what} failed: ${program} ${why}.${output && `\n    ${output}`}`);
}

/** Runs npm: the one that runs us, else the one on PATH. */
export function npm(args, options) {
  const own = process.env.npm_execpath;
  if (own && /npm-cli\.c?js$/.test(own)) return run(process.execPath, [own, ...args], options);
  // Windows has npm only as npm.cmd, which needs a shell.
  return run('npm', args, { ...options, shell: process.platform === 'win32' });
}
