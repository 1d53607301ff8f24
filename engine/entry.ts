import type { Param, Shader } from '../shaders/shader.js';
import type { Kernel } from './kernel-cache.js';
import type { DeviceBuffer } from './memory.js';

/**
 * The scalars of a dispatch in a step that is replayed, for those that change from step to step: an optimiser's rate, a draw of
 * random numbers. `moved` is how many more random draws were made before this step than before the recorded one.
 */
export type Refresh = (moved: number) => readonly Param[];

export interface Dispatch {
  readonly kind: 'dispatch';
  readonly kernel: Kernel;
  readonly shader: Shader;
  readonly buffers: readonly DeviceBuffer[];
  readonly refresh: Refresh | undefined;
}

export interface Upload {
  readonly kind: 'upload';
  readonly target: DeviceBuffer;
  readonly offset: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface Copy {
  readonly kind: 'copy';
  readonly source: DeviceBuffer;
  readonly sourceOffset: number;
  readonly target: DeviceBuffer;
  readonly targetOffset: number;
  readonly bytes: number;
}

/** One piece of work of the queue. */
export type Entry = Dispatch | Upload | Copy;

/** The binding of the scalars in every shader's text; those of buffers count from 0. */
export const SCALARS = 99;

/** Bytes between two dispatches' scalars in a uniform buffer; WebGPU's alignment of dynamic offsets. */
export const SLOT = 256;

/** The bind group of a kernel on buffers; its scalars lie in a slot of `scalars` that is named when it is set. */
export function bindGroup(
  device: GPUDevice,
  { name, layout }: Kernel,
  buffers: readonly DeviceBuffer[],
  scalars: GPUBuffer | undefined,
): GPUBindGroup {
  const entries: GPUBindGroupEntry[] = buffers.map(({ gpu }, binding) => ({ binding, resource: { buffer: gpu } }));
  if (layout.scalars) entries.push({ binding: SCALARS, resource: { buffer: scalars!, size: SLOT } });
  return device.createBindGroup({ label: name, layout: layout.bindings, entries });
}

/** Writes a dispatch's scalars at a byte of `view`. */
export function writeParams(view: DataView, at: number, params: readonly Param[]): void {
  for (let i = 0; i < params.length; i++) {
    const value = params[i]!;
    if (typeof value !== 'number') view.setFloat32(at + 4 * i, value.f32, true);
    else if (value < 0) view.setInt32(at + 4 * i, value, true);
    else view.setUint32(at + 4 * i, value, true);
  }
}

/** The kernels of some entries, each once, for errors. */
export const namesOf = (entries: readonly Entry[]): string =>
  [...new Set(entries.flatMap((entry) => (entry.kind === 'dispatch' ? [entry.kernel.name] : [])))].join(', ');
