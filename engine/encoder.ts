import type { Shader } from '../shaders/shader.js';
import { bindGroup, type Copy, type Dispatch, type Entry, SLOT, writeParams } from './entry.js';
import type { DeviceBuffer } from './memory.js';
import type { Profiler } from './profiler.js';
import type { Recording } from './recording.js';

/** A recorded step to be done again: with these scalars, and with its arguments copied in from these buffers. */
export interface Replay {
  readonly kind: 'replay';
  readonly recording: Recording;
  readonly scalars: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly DeviceBuffer[];
}

/** Scalars of a batch that the ring has room for at first. */
const FIRST_SLOTS = 256;
const MOST_BIND_GROUPS = 8192;

/** Turns work into command buffers and submits them: as few as the order of uploads allows. */
export class Encoder {
  readonly #device: GPUDevice;
  readonly #groups = new Map<string, GPUBindGroup>();
  #uniforms: GPUBuffer | undefined;
  #scalars = new ArrayBuffer(0);
  #commands: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline: GPUComputePipeline | undefined;
  /** Recordings that the open command buffer replays: their scalars can not be written before it is submitted. */
  readonly #replayed = new Set<Recording>();
  profiler: Profiler | undefined;
  submits = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Encodes and submits entries in order. All kernels must be compiled. */
  submit(entries: readonly (Entry | Replay)[]): void {
    this.#writeScalars(entries);
    let slot = 0;
    for (const entry of entries) {
      if (entry.kind === 'dispatch') {
        const offset = entry.shader.params?.length ? [slot++ * SLOT] : undefined;
        this.#begin(entry.shader);
        this.#dispatch(entry.shader, entry.kernel.pipeline!, this.#bindGroup(entry), offset);
      } else if (entry.kind === 'copy') {
        this.#copy(entry);
      } else if (entry.kind === 'upload') {
        this.#end();
        this.#device.queue.writeBuffer(entry.target.gpu, entry.offset, entry.data);
      } else {
        this.#replay(entry);
      }
    }
    this.#end();
  }

  #dispatch(
    { grid: [x, y, z] }: Shader,
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    offset: readonly number[] | undefined,
  ): void {
    const pass = this.#pass!;
    if (this.#pipeline !== pipeline) {
      this.#pipeline = pipeline;
      pass.setPipeline(pipeline);
    }
    if (offset) pass.setBindGroup(0, group, offset);
    else pass.setBindGroup(0, group);
    if (y === 1 && z === 1) pass.dispatchWorkgroups(x);
    else pass.dispatchWorkgroups(x, y, z);
  }

  /** Makes sure that a pass is open; under the profiler one of its own for each kernel. */
  #begin(shader: Shader): void {
    if (!this.profiler) {
      if (this.#pass) return;
      this.#commands ??= this.#device.createCommandEncoder();
      this.#pass = this.#commands.beginComputePass();
      return;
    }
    this.#endPass();
    if (this.profiler.full) this.#end();
    this.#commands ??= this.#device.createCommandEncoder();
    this.#pass = this.#commands.beginComputePass(this.profiler.pass(shader));
  }

  #copy({ source, sourceOffset, target, targetOffset, bytes }: Omit<Copy, 'kind'>): void {
    this.#endPass();
    this.#commands ??= this.#device.createCommandEncoder();
    this.#commands.copyBufferToBuffer(source.gpu, sourceOffset, target.gpu, targetOffset, bytes);
  }

  #replay({ recording, scalars, inputs }: Replay): void {
    if (this.#replayed.has(recording)) this.#end();
    const commands = recording.prepare(this.#device);
    recording.writeScalars(this.#device, scalars);
    for (const [i, { target, bytes }] of recording.inputs.entries()) {
      this.#copy({ source: inputs[i]!, sourceOffset: 0, target, targetOffset: 0, bytes });
    }
    for (const command of commands) {
      if (command.copy) {
        this.#copy(command.copy);
      } else {
        this.#begin(command.shader);
        this.#dispatch(command.shader, command.pipeline, command.group, command.offset);
      }
    }
    this.#replayed.add(recording);
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#pipeline = undefined;
  }

  #end(): void {
    this.#endPass();
    if (!this.#commands) return;
    this.profiler?.resolve(this.#commands);
    this.#device.queue.submit([this.#commands.finish()]);
    this.submits++;
    this.#commands = undefined;
    this.#replayed.clear();
  }

  /** Packs the scalars of all dispatches into the ring, a slot each. */
  #writeScalars(entries: readonly (Entry | Replay)[]): void {
    const slots = entries.reduce((n, e) => n + (e.kind === 'dispatch' && e.shader.params?.length ? 1 : 0), 0);
    if (slots === 0) return;
    if (!this.#uniforms || this.#uniforms.size < slots * SLOT) {
      const size = SLOT * Math.max(FIRST_SLOTS, 2 ** Math.ceil(Math.log2(slots)));
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.#uniforms = this.#device.createBuffer({ label: 'scalars', size, usage });
      this.#scalars = new ArrayBuffer(size);
      this.#groups.clear();
    }
    const view = new DataView(this.#scalars);
    let slot = 0;
    for (const entry of entries) {
      if (entry.kind !== 'dispatch' || !entry.shader.params?.length) continue;
      writeParams(view, slot++ * SLOT, entry.shader.params);
    }
    this.#device.queue.writeBuffer(this.#uniforms, 0, this.#scalars, 0, slots * SLOT);
  }

  #bindGroup({ kernel, buffers }: Dispatch): GPUBindGroup {
    let key = kernel.layout.id;
    for (const buffer of buffers) key += `,${buffer.id}`;
    const found = this.#groups.get(key);
    if (found) return found;
    if (this.#groups.size >= MOST_BIND_GROUPS) this.#groups.clear();
    const group = bindGroup(this.#device, kernel, buffers, this.#uniforms);
    this.#groups.set(key, group);
    return group;
  }

  /** Forgets the bind groups; needed after buffers were destroyed. */
  forgetBuffers(): void {
    this.#groups.clear();
  }
}
