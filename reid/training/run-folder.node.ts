import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, writeFileAtomically } from '../../engine/io/files.node.js';
import type { LogLine } from './training-loop.js';

/** What `writeFileAtomically` calls a file until it is whole. */
const TEMPORARY = /^\.[0-9a-f]{16}\.tmp$/;

/** The folder of one run: recipe.json, log.jsonl, checkpoint.safetensors, metrics.json and pictures. */
export class RunFolder {
  readonly path: string;
  /** Gets every line of the log too. */
  listener: ((line: LogLine) => void) | undefined;

  /** Makes the folder if it is not there. */
  constructor(path: string) {
    this.path = path;
    try {
      mkdirSync(path, { recursive: true });
    } catch (error) {
      throw new FileError(`The run's folder ${path} can not be made: ${(error as Error).message}`);
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  get checkpoint(): string {
    return this.file('checkpoint.safetensors');
  }

  get hasCheckpoint(): boolean {
    return existsSync(this.checkpoint);
  }

  /** Writes a JSON file whole or not at all; returns its path. */
  async writeJson(name: string, value: unknown): Promise<string> {
    const path = this.file(name);
    await writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
    return path;
  }

  /** A JSON file of the folder, or undefined where there is none. */
  readJson<T>(name: string): T | undefined {
    const path = this.file(name);
    if (!existsSync(path)) return undefined;
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as T;
    } catch (error) {
      throw new FileError(`${path} can not be read as JSON: ${(error as Error).message}`);
    }
  }

  log(line: LogLine): void {
    appendFileSync(this.file('log.jsonl'), `${JSON.stringify(line)}\n`);
    this.listener?.(line);
  }

  /** Drops what a killed process left: log lines of steps after `step`, which are made again, and files half written. */
  async goOnAfter(step: number): Promise<void> {
    for (const name of readdirSync(this.path)) {
      if (TEMPORARY.test(name)) rmSync(this.file(name), { force: true });
    }
    const path = this.file('log.jsonl');
    if (!existsSync(path)) return;
    const lines = readFileSync(path, 'utf8').split('\n');
    const kept = lines.filter((line) => {
      try {
        return (JSON.parse(line) as LogLine).step <= step;
      } catch {
        return false; // The last line of a killed process may be cut.
      }
    });
    await writeFileAtomically(path, kept.map((line) => `${line}\n`).join(''));
  }
}
