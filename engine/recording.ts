import type { Shader } from '../shaders/shader.js';
import { bindGroup, type Copy, type Dispatch, type Entry, SLOT, writeParams } from './entry.js';
import type { Arena, DeviceBuffer } from './memory.js';

/** What a step did: the queue's entries in order, and what it did on the host besides, to be done in every replay. */
export interface Transcript {
  readonly entries: Entry[];
  readonly alongside: (() => void)[];
}

/** Whether two runs of a step did the same work; undefined, or what differs, in words. Scalars that are refreshed may. */
export function difference(a: readonly Entry[], b: readonly Entry[]): string | undefined {
  for (const [i, one] of a.entries()) {
    const other = b[i];
    if (!other || one.kind !== other.kind)
      return `the ${i + 1}th piece of work is ${describe(one)} in one step and ${describe(other)} in the next`;
    const same =
      one.kind === 'dispatch'
        ? sameDispatch(one, other as Dispatch)
        : one.kind === 'copy'
          ? one.bytes === (other as Copy).bytes
          : sameBytes(one.data, (other as typeof one).data);
    if (!same) return `${describe(one)} differs between two steps`;
  }
  return a.length === b.length ? undefined : `one step did ${a.length} pieces of work, the next ${b.length}`;
}

const describe = (entry: Entry | undefined): string => {
  if (!entry) return 'nothing';
  if (entry.kind === 'dispatch') return `the kernel ${entry.shader.name}`;
  if (entry.kind === 'copy') return `a copy of ${entry.bytes} bytes`;
  return `the upload of ${entry.data.length} bytes made inside of the step`;
};

function sameDispatch(a: Dispatch, b: Dispatch): boolean {
  if (a.kernel !== b.kernel || a.shader.grid.some((n, i) => n !== b.shader.grid[i])) return false;
  if (a.refresh && b.refresh) return true;
  return sameBytes(scalarBytes(a), scalarBytes(b));
}

function scalarBytes({ shader }: Dispatch): Uint8Array {
  const bytes = new Uint8Array(SLOT);
  writeParams(new DataView(bytes.buffer), 0, shader.params ?? []);
  return bytes;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A dispatch or a copy with everything looked up. */
export interface ReadyDispatch {
  readonly copy: undefined;
  readonly shader: Shader;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** Of its scalars in the recording's uniform buffer. */
  readonly offset: readonly number[] | undefined;
}

export interface ReadyCopy {
  readonly copy: Copy;
}

export type Ready = readonly (ReadyDispatch | ReadyCopy)[];

/** Where an argument of the step is copied to. */
export interface Input {
  readonly target: DeviceBuffer;
  readonly bytes: number;
}

/**
 * A step's work, ready to be submitted again and again: pipelines, bind groups and scalars are looked up once, what the step
 * uploads lies in a buffer of its own, and only the scalars that are refreshed are written anew. Its memory is an arena that
 * nobody else is given, so that the buffers it names stay its own.
 */
export class Recording {
  readonly inputs: readonly Input[];
  readonly dispatches: number;
  readonly #arena: Arena;
  readonly #alongside: readonly (() => void)[];
  readonly #entries: readonly Entry[];
  /** Buffers from outside, with the use that they were in: parameters, running statistics, optimiser state. */
  readonly #outside = new Map<DeviceBuffer, number>();
  readonly #refreshed: readonly Dispatch[];
  readonly #fixed: readonly Dispatch[];
  #ready: Ready | undefined;
  #compiled = false;
  #uniforms: GPUBuffer | undefined;
  #constants: GPUBuffer | undefined;

  constructor({ entries, alongside }: Transcript, inputs: readonly Input[], arena: Arena) {
    this.inputs = inputs;
    this.#arena = arena;
    this.#alongside = alongside;
    this.#entries = entries;
    for (const entry of entries) {
      const buffers =
        entry.kind === 'dispatch'
          ? entry.buffers
          : entry.kind === 'copy'
            ? [entry.source, entry.target]
            : [entry.target];
      for (const buffer of buffers) if (buffer.arena !== arena) this.#outside.set(buffer, buffer.uses);
    }
    const dispatches = entries.filter((entry) => entry.kind === 'dispatch');
    this.dispatches = dispatches.length;
    this.#refreshed = dispatches.filter(({ refresh }) => refresh);
    this.#fixed = dispatches.filter(({ refresh, shader }) => !refresh && shader.params?.length);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Whether all its kernels are compiled. */
  get compiled(): boolean {
    this.#compiled ||= this.#entries.every((entry) => entry.kind !== 'dispatch' || entry.kernel.pipeline);
    return this.#compiled;
  }

  /** Whether all memory from outside is still what it was. */
  get valid(): boolean {
    for (const [buffer, uses] of this.#outside) if (buffer.uses !== uses) return false;
    return true;
  }

  /** What a replay does on the host: returns the refreshed scalars. */
  refresh(moved: number): Uint8Array<ArrayBuffer> {
    for (const work of this.#alongside) work();
    const bytes = new ArrayBuffer(this.#refreshed.length * SLOT);
    const view = new DataView(bytes);
    for (const [i, { refresh }] of this.#refreshed.entries()) writeParams(view, i * SLOT, refresh!(moved));
    return new Uint8Array(bytes);
  }

  /** The commands, with everything looked up; made when first asked for, when all kernels are compiled. */
  prepare(device: GPUDevice): Ready {
    if (this.#ready) return this.#ready;
    const slots = new Map([...this.#refreshed, ...this.#fixed].map((dispatch, i) => [dispatch, i * SLOT]));
    if (slots.size > 0) {
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.#uniforms = device.createBuffer({ label: 'scalars of a step', size: slots.size * SLOT, usage });
      const bytes = new ArrayBuffer(slots.size * SLOT);
      for (const [{ shader }, at] of slots) writeParams(new DataView(bytes), at, shader.params ?? []);
      device.queue.writeBuffer(this.#uniforms, 0, bytes);
    }
    const constants = this.#constantCopies(device);
    this.#ready = this.#entries.map((entry): ReadyDispatch | ReadyCopy => {
      if (entry.kind === 'copy') return { copy: entry };
      if (entry.kind === 'upload') return { copy: constants.get(entry)! };
      const { shader, kernel, buffers } = entry;
      const at = slots.get(entry);
      const offset = at === undefined ? undefined : [at];
      const group = bindGroup(device, kernel, buffers, this.#uniforms);
      return { copy: undefined, shader, pipeline: kernel.pipeline!, group, offset };
    });
    return this.#ready;
  }

  /** What the step uploads, put into one buffer once: a replay copies from there. */
  #constantCopies(device: GPUDevice): Map<Entry, Copy> {
    const uploads = this.#entries.filter((entry) => entry.kind === 'upload');
    const size = uploads.reduce((sum, { data }) => sum + data.length, 0);
    const copies = new Map<Entry, Copy>();
    if (size === 0) return copies;
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#constants = device.createBuffer({ label: 'constants of a step', size, usage });
    const source: DeviceBuffer = { id: -1, gpu: this.#constants, size, uses: 0, arena: undefined };
    let at = 0;
    for (const upload of uploads) {
      const { data, target, offset } = upload;
      device.queue.writeBuffer(this.#constants, at, data);
      copies.set(upload, { kind: 'copy', source, sourceOffset: at, target, targetOffset: offset, bytes: data.length });
      at += data.length;
    }
    return copies;
  }

  /** Writes the refreshed scalars, which lie first. */
  writeScalars(device: GPUDevice, bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length > 0) device.queue.writeBuffer(this.#uniforms!, 0, bytes);
  }

  /** Gives its memory back to the pool. Work that was submitted already still runs. */
  release(): void {
    this.#arena.release();
    this.#uniforms?.destroy();
    this.#constants?.destroy();
    this.#ready = undefined;
  }
}
