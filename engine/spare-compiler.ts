import type { Shader } from '../shaders/shader.js';
import { KernelQueue } from './kernel.js';
import type { DeviceBuffer } from './memory.js';

/** Kernels below which a device of their own costs more than it saves. */
const LEAST = 8;
const DEVICES = 2;
/** Bytes of the buffers that the kernels run on: reads and writes beyond stay within, by WebGPU's rules. */
const ROOM = 65536;

/**
 * Compiles kernels by running one workgroup of each on devices made for it, side by side, for drivers that compile in the
 * first run (see HostAdapter.spare): the main device then finds them compiled. With two devices that halves the wait.
 */
export async function compileOnSpares(
  spare: () => Promise<GPUDevice | undefined>,
  shaders: readonly Shader[],
): Promise<void> {
  if (shaders.length < LEAST) return;
  const shares = Array.from({ length: DEVICES }, (): Shader[] => []);
  const load = shares.map(() => 0);
  // Longest texts first, each to the device that has least to do.
  const texts = shaders.map((shader) => ({ shader, length: shader.code().length }));
  for (const { shader, length } of texts.sort((a, b) => b.length - a.length)) {
    const least = load.indexOf(Math.min(...load));
    shares[least]!.push(shader);
    load[least]! += length;
  }
  await Promise.all(shares.map((share) => compileOn(spare, share)));
}

async function compileOn(spare: () => Promise<GPUDevice | undefined>, shaders: readonly Shader[]): Promise<void> {
  const device = await spare();
  if (!device) return;
  const queue = new KernelQueue(device);
  const buffers: DeviceBuffer[] = [];
  const buffer = (id: number): DeviceBuffer => {
    const usage = GPUBufferUsage.STORAGE;
    buffers[id] ??= { id, size: ROOM, gpu: device.createBuffer({ size: ROOM, usage }), uses: 0, arena: undefined };
    return buffers[id];
  };
  try {
    for (const shader of shaders) {
      const count = new Set(shader.code().match(/@binding\(\d+\)\s*var<storage/g)).size;
      queue.dispatch(
        { ...shader, grid: [1, 1, 1] },
        Array.from({ length: count }, (_, i) => buffer(i)),
      );
    }
    await queue.finish();
  } catch {
    // A kernel that does not compile is reported by the device that needs it.
    await queue.compiling();
  } finally {
    device.destroy();
  }
}
