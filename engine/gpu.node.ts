import { useInstalledDriver } from './dawn-driver.node.js';
import { GpuError } from './errors.js';
import type { HostAdapter } from './host.js';

export { waitFor } from './wait.node.js';

/** Node's twin of gpu.browser.ts: starts Dawn and asks it for an adapter. */
export async function requestHostAdapter(options: GPURequestAdapterOptions): Promise<HostAdapter> {
  useInstalledDriver();
  const { create, globals } = await import('webgpu').catch((cause: unknown) => {
    throw new GpuError(`Dawn (the package "webgpu") does not start on ${process.platform}-${process.arch}: ${cause}`);
  });
  Object.assign(globalThis, globals);
  // Timestamps are rounded to 65 µs otherwise, longer than many kernels.
  let instance: GPU | undefined = create(['disable-dawn-features=timestamp_quantization']);
  const adapter = await instance.requestAdapter(options);
  if (!adapter) {
    instance = undefined;
    throw new GpuError(
      'No GPU adapter answers. Run "npm run setup" (it installs a software Vulkan driver where there is no GPU), or "node cli/doctor.js" for more.',
    );
  }
  // Dawn keeps the process alive for as long as the instance is referenced.
  return {
    adapter,
    host: 'dawn',
    release: () => {
      instance = undefined;
    },
    spare: compilesLate(adapter)
      ? async (descriptor) => (await instance?.requestAdapter(options))?.requestDevice(descriptor)
      : undefined,
  };
}

/** Whether the adapter compiles when a kernel first runs and keeps the result on disk. */
const compilesLate = ({ info }: GPUAdapter): boolean =>
  info.description.startsWith('llvmpipe') && !/^(1|true|yes)$/i.test(process.env.MESA_SHADER_CACHE_DISABLE ?? '');
