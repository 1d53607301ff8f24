import { waitFor } from '#gpu-host';
import type { Shader } from '../shaders/shader.js';
import { SCALARS } from './entry.js';
import { GpuError } from './errors.js';

/** A compiled (or compiling) kernel. */
export interface Kernel {
  readonly name: string;
  readonly layout: BindLayout;
  readonly ready: Promise<void>;
  pipeline: GPUComputePipeline | undefined;
}

interface BindLayout {
  readonly id: string;
  /** Whether its kernels take scalars. */
  readonly scalars: boolean;
  readonly bindings: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

/** Kernels by name and variant, compiled in parallel, and the layouts that they share. */
export class KernelCache {
  readonly #device: GPUDevice;
  readonly #fail: (error: GpuError) => void;
  readonly #kernels = new Map<string, Kernel>();
  readonly #layouts = new Map<string, BindLayout>();

  /** @param fail is told when a kernel does not compile */
  constructor(device: GPUDevice, fail: (error: GpuError) => void) {
    this.#device = device;
    this.#fail = fail;
  }

  get size(): number {
    return this.#kernels.size;
  }

  /** Resolves when no kernel is compiling any more. */
  async compiling(): Promise<void> {
    await Promise.all([...this.#kernels.values()].map(({ ready }) => ready));
  }

  /** The kernel of a shader; it starts to compile when it is first asked for. */
  get(shader: Shader): Kernel {
    const key = `${shader.name}|${shader.variant}`;
    const found = this.#kernels.get(key);
    if (found) return found;
    const code = shader.code();
    const layout = this.#layout(shader.name, code);
    const kernel: Kernel = {
      name: shader.name,
      layout,
      pipeline: undefined,
      ready: this.#compile(shader.name, code, layout).then(
        (pipeline) => {
          kernel.pipeline = pipeline;
        },
        (cause: unknown) => this.#fail(asGpuError(cause)),
      ),
    };
    this.#kernels.set(key, kernel);
    return kernel;
  }

  async #compile(name: string, code: string, layout: BindLayout): Promise<GPUComputePipeline> {
    const module = this.#shaderModule(name, code);
    try {
      const compute = { module, entryPoint: 'main' };
      return await waitFor(this.#device.createComputePipelineAsync({ label: name, layout: layout.pipeline, compute }));
    } catch (cause) {
      const { messages } = await module.getCompilationInfo();
      const lines = code.split('\n');
      const notes = messages
        .filter(({ type }) => type === 'error')
        .map(({ lineNum, message }) => `\n  line ${lineNum}: ${message}\n    ${lines[lineNum - 1]?.trim() ?? ''}`);
      throw new GpuError(`The kernel ${name} does not compile: ${notes.join('') || messageOf(cause)}`);
    }
  }

  #shaderModule(name: string, code: string): GPUShaderModule {
    this.#device.pushErrorScope('validation');
    const module = this.#device.createShaderModule({ label: name, code });
    void this.#device.popErrorScope().catch(() => {});
    return module;
  }

  #layout(name: string, code: string): BindLayout {
    const access: string[] = [];
    for (const match of code.matchAll(/@group\(0\)\s*@binding\((\d+)\)\s*var<storage(?:,\s*(read_write|read))?>/g)) {
      access[Number(match[1])] = match[2] === 'read_write' ? 'w' : 'r';
    }
    const most = this.#device.limits.maxStorageBuffersPerShaderStage;
    if (access.length > most) {
      throw new GpuError(`${name}: ${access.length} storage buffers are more than the ${most} of this adapter.`);
    }
    const scalars = code.includes(`@binding(${SCALARS})`);
    const id = access.join('') + (scalars ? '+' : '');
    const found = this.#layouts.get(id);
    if (found) return found;
    const visibility = GPUShaderStage.COMPUTE;
    const entries = access.map((kind, binding): GPUBindGroupLayoutEntry => {
      return { binding, visibility, buffer: { type: kind === 'w' ? 'storage' : 'read-only-storage' } };
    });
    if (scalars) entries.push({ binding: SCALARS, visibility, buffer: { type: 'uniform', hasDynamicOffset: true } });
    const bindings = this.#device.createBindGroupLayout({ label: id, entries });
    const pipeline = this.#device.createPipelineLayout({ bindGroupLayouts: [bindings] });
    const layout = { id, scalars, bindings, pipeline };
    this.#layouts.set(id, layout);
    return layout;
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

export const asGpuError = (cause: unknown): GpuError =>
  cause instanceof GpuError ? cause : new GpuError(messageOf(cause));
