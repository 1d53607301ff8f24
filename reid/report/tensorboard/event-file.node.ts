import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, writeFileAtomically } from '../../../engine/io/files.node.js';
import type { LoggedLine } from '../evidence/curves.js';
import { decodeEvent, FILE_VERSION, type TensorboardEvent } from './event.js';
import { readRecords } from './records.js';
import { eventHistogram, eventImage, eventRecord, scalarsOf } from './tensorboard.js';

const NAME = /^events\.out\.tfevents\./;

/**
 * The file in which TensorBoard finds a run. Each call appends whole records at once; what a killed process left half written is
 * cut off when the file is opened again, so that a resumed run goes on in the same file with no step twice.
 *
 * @example
 *   const events = await EventFile.open(folder.path, checkpoint ? trainer.step : -1);
 *   events.log(line);                              // beside folder.log(line)
 *   events.image(step, 'ranks', await encodePng(picture));
 */
export class EventFile {
  readonly path: string;
  readonly #now: () => number;

  private constructor(path: string, now: () => number) {
    this.path = path;
    this.#now = now;
  }

  /**
   * Goes on with the newest event file of a folder, or begins one.
   *
   * @param after events of later steps are dropped, as they are made again; −1 drops all
   * @param now seconds since 1970
   * @throws FileError when the folder can not be read or written
   */
  static async open(folder: string, after: number, now = () => Date.now() / 1000): Promise<EventFile> {
    try {
      const names = readdirSync(folder)
        .filter((name) => NAME.test(name))
        .sort();
      for (const name of names) await trim(join(folder, name), after);
      const path = join(folder, names.at(-1) ?? `events.out.tfevents.${Math.floor(now())}.reid-webgpu`);
      const file = new EventFile(path, now);
      if (!existsSync(path) || statSync(path).size === 0)
        file.#append({ step: 0, fileVersion: FILE_VERSION, values: [] });
      return file;
    } catch (error) {
      if (error instanceof FileError) throw error;
      throw new FileError(`TensorBoard events can not be written to ${folder}: ${(error as Error).message}`);
    }
  }

  /** Numbers by tag: `{ 'train/loss': 0.5 }`. */
  scalars(step: number, scalars: Readonly<Record<string, number>>): void {
    const values = Object.entries(scalars).map(([tag, scalar]) => ({ tag, scalar }));
    if (values.length > 0) this.#append({ step, values });
  }

  /** The numbers of a line of the run's log; see {@link scalarsOf}. */
  log(line: LoggedLine): void {
    this.scalars(line.step, scalarsOf(line));
  }

  /** How values are spread: weights, distances. Nothing for no values. */
  histogram(step: number, tag: string, values: ArrayLike<number>): void {
    const histogram = eventHistogram(values);
    if (histogram) this.#append({ step, values: [{ tag, histogram }] });
  }

  /** A PNG file. */
  image(step: number, tag: string, png: Uint8Array): void {
    this.#append({ step, values: [{ tag, image: eventImage(png) }] });
  }

  #append(event: Omit<TensorboardEvent, 'wallTime'>): void {
    const before = existsSync(this.path) ? statSync(this.path).size : 0;
    try {
      appendFileSync(this.path, eventRecord({ wallTime: this.#now(), ...event }));
    } catch (error) {
      // What follows half a record could not be read.
      if (existsSync(this.path) && statSync(this.path).size > before) truncateSync(this.path, before);
      throw new FileError(`cannot write ${this.path}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Drops what is half written, and events of steps after `after`. */
async function trim(path: string, after: number): Promise<void> {
  const bytes = readFileSync(path);
  const kept: Uint8Array[] = [];
  let start = 0;
  for (const { data, end } of readRecords(bytes)) {
    const { step, fileVersion } = decodeEvent(data);
    if (fileVersion !== undefined || step <= after) kept.push(bytes.subarray(start, end));
    start = end;
  }
  if (kept.reduce((sum, { length }) => sum + length, 0) < bytes.length) await writeFileAtomically(path, kept);
}

/**
 * Makes an event file of a whole log, for a run that was made without one.
 *
 * @returns its path
 */
export async function writeEventsOfLog(folder: string, lines: readonly LoggedLine[]): Promise<string> {
  const events = await EventFile.open(folder, -1);
  for (const line of lines) events.log(line);
  return events.path;
}
