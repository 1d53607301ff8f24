import { GpuError } from './errors.js';

/** A GPU buffer with a number of its own, by which bind groups are cached. */
export interface DeviceBuffer {
  readonly id: number;
  readonly gpu: GPUBuffer;
  /** Bytes, a size class. */
  readonly size: number;
  /** How often it was handed out: tells whether it still is what it was. */
  uses: number;
  /** Whose it is alone, if anyone's. */
  arena: Arena | undefined;
}

/** Bytes held on the GPU: in use, waiting in the pool, and the most that was in use at once. */
export interface MemoryUse {
  readonly live: number;
  readonly pooled: number;
  readonly peak: number;
}

/**
 * The memory of one or more tensors (a tensor and its views). It is given back to the pool by the scope it was made in, by
 * its owner, or, when neither does, once JavaScript's collector has found it unreachable.
 */
export class Storage {
  #buffer: DeviceBuffer | undefined;
  readonly #pool: BufferPool;
  /** Bytes that were asked for; the buffer may be larger. */
  readonly bytes: number;
  /** A kept storage outlives scopes: parameters, gradients, optimiser state. */
  kept = false;

  constructor(pool: BufferPool, buffer: DeviceBuffer, bytes: number) {
    this.bytes = bytes;
    this.#pool = pool;
    this.#buffer = buffer;
  }

  get released(): boolean {
    return this.#buffer === undefined;
  }

  /** The buffer; throws when the storage was given back. */
  get buffer(): DeviceBuffer {
    if (!this.#buffer) {
      throw new GpuError(
        'A tensor was used after its memory was given back: it was made inside a scope that has ended. Return it from the scope, or keep() it.',
      );
    }
    return this.#buffer;
  }

  /** Gives the buffer back to the pool; the storage can not be used again. */
  release(): void {
    if (!this.#buffer) return;
    this.#pool.give(this, this.#buffer);
    this.#buffer = undefined;
  }
}

/** Rounds up to a size class: four classes to a power of two, at least 256 bytes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const quarter = 2 ** Math.floor(Math.log2(bytes - 1)) / 4;
  return Math.ceil(bytes / quarter) * quarter;
}

/** Buffers set apart: what is allocated while the arena is open, and never handed out to anybody else before it is released. */
export class Arena {
  readonly free = new Map<number, DeviceBuffer[]>();
  readonly #buffers = new Set<DeviceBuffer>();
  readonly #released: (buffer: DeviceBuffer) => void;

  /** @param released takes a buffer that nobody uses, once the arena is released */
  constructor(released: (buffer: DeviceBuffer) => void) {
    this.#released = released;
  }

  /** Buffers that are handed out. */
  get inUse(): number {
    let free = 0;
    for (const { length } of this.free.values()) free += length;
    return this.#buffers.size - free;
  }

  add(buffer: DeviceBuffer): void {
    buffer.arena = this;
    this.#buffers.add(buffer);
  }

  /** Gives all its buffers back to everybody; those in use when they are given back. */
  release(): void {
    for (const buffer of this.#buffers) buffer.arena = undefined;
    this.#buffers.clear();
    for (const buffer of [...this.free.values()].flat()) this.#released(buffer);
    this.free.clear();
  }
}

/** What was allocated since a scope was opened. */
export type Scope = Set<Storage>;

/**
 * Buffers by size class. Work on a queue runs in the order it was recorded, so a buffer that was given back may be handed
 * out again at once: whatever still reads it was recorded before.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #free = new Map<number, DeviceBuffer[]>();
  readonly #scopes: Scope[] = [];
  readonly #collected: FinalizationRegistry<DeviceBuffer>;
  #arena: Arena | undefined;
  #next = 0;
  #live = 0;
  #pooled = 0;
  #peak = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#collected = new FinalizationRegistry((buffer) => this.#putBack(buffer));
  }

  get use(): MemoryUse {
    return { live: this.#live, pooled: this.#pooled, peak: this.#peak };
  }

  /** Starts counting the peak anew. */
  resetPeak(): void {
    this.#peak = this.#live;
  }

  /** Memory of at least `bytes`; `what` names the tensor in the error when the adapter can not bind so much. */
  allocate(bytes: number, what: string): Storage {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    // Kernels bind whole quads: where the limit is no multiple of 16, the bytes beyond the last one are out of reach.
    const limit = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 16) * 16;
    if (bytes > limit) {
      throw new GpuError(
        `${what} needs ${bytes.toLocaleString('en')} bytes, but this adapter binds at most ${limit.toLocaleString('en')}. Use a smaller batch or image, or split the work.`,
      );
    }
    const size = Math.min(sizeClass(bytes), limit);
    let buffer = this.#arena?.free.get(size)?.pop() ?? this.#free.get(size)?.pop();
    if (buffer) {
      this.#pooled -= buffer.size;
    } else {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const gpu = this.#device.createBuffer({ size, usage, label: what });
      buffer = { id: this.#next++, size, gpu, uses: 0, arena: undefined };
    }
    buffer.uses++;
    this.#arena?.add(buffer);
    this.#live += buffer.size;
    this.#peak = Math.max(this.#peak, this.#live);
    const storage = new Storage(this, buffer, bytes);
    this.#scopes.at(-1)?.add(storage);
    this.#collected.register(storage, buffer, storage);
    return storage;
  }

  /** Called by Storage.release. */
  give(storage: Storage, buffer: DeviceBuffer): void {
    this.#collected.unregister(storage);
    for (const scope of this.#scopes) scope.delete(storage);
    this.#putBack(buffer);
  }

  #putBack(buffer: DeviceBuffer): void {
    this.#live -= buffer.size;
    this.#pooled += buffer.size;
    this.#wait(buffer, buffer.arena?.free ?? this.#free);
  }

  #wait(buffer: DeviceBuffer, among: Map<number, DeviceBuffer[]>): void {
    const waiting = among.get(buffer.size);
    if (waiting) waiting.push(buffer);
    else among.set(buffer.size, [buffer]);
  }

  /** Runs `work`, whose allocations make an arena of their own. What waits in the pool moves there as it is needed. */
  apart<T>(work: (arena: Arena) => T): T {
    const arena = new Arena((buffer) => this.#wait(buffer, this.#free));
    const before = this.#arena;
    this.#arena = arena;
    try {
      return work(arena);
    } finally {
      this.#arena = before;
    }
  }

  /** Opens a scope: what is allocated from here on belongs to it. */
  push(): Scope {
    const scope: Scope = new Set();
    this.#scopes.push(scope);
    return scope;
  }

  /**
   * Ends a scope, as a rule the innermost (asynchronous ones may end in another order). `survivors` move to the scope around it, as does everything when `all` is set; what was kept
   * stays; the rest goes back to the pool. Returns what moved.
   */
  pop(scope: Scope, survivors: ReadonlySet<Storage>, all = false): Storage[] {
    const index = this.#scopes.lastIndexOf(scope);
    if (index < 0) throw new GpuError('A scope was ended twice.');
    this.#scopes.splice(index, 1);
    const outer = this.#scopes[index - 1];
    const moved: Storage[] = [];
    for (const storage of scope) {
      if (storage.kept) continue;
      if (all || survivors.has(storage)) {
        outer?.add(storage);
        moved.push(storage);
      } else storage.release();
    }
    return moved;
  }

  /** Takes out the buffers that wait in the pool: only work that is recorded already still uses them. */
  drain(): DeviceBuffer[] {
    const buffers = [...this.#free.values()].flat();
    this.#free.clear();
    for (const { size } of buffers) this.#pooled -= size;
    return buffers;
  }
}
