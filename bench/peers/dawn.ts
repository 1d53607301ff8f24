// What peers expect of a browser, in Node: `navigator.gpu` by the same Dawn and the same driver as the engine's.

import { readFileSync } from 'node:fs';
import { useInstalledDriver } from '../../engine/dawn-driver.node.js';

type WriteBuffer = (this: GPUQueue, ...args: Parameters<GPUQueue['writeBuffer']>) => void;

/** Dawn for Node refuses views of shared memory, which is what a threaded WebAssembly has: they are copied first. */
function acceptSharedMemory(queue: { writeBuffer: WriteBuffer }): void {
  const write = queue.writeBuffer;
  queue.writeBuffer = function (buffer, offset, data, from = 0, size) {
    const view = data as unknown as Uint8Array<ArrayBufferLike>;
    if (!ArrayBuffer.isView(data) || !(view.buffer instanceof SharedArrayBuffer)) {
      return write.call(this, buffer, offset, data, from, size);
    }
    // A slice of whatever view has memory of its own, which is not shared.
    const copy = view.slice(from, size === undefined ? undefined : from + size);
    write.call(this, buffer, offset, copy as Uint8Array<ArrayBuffer>);
  } as WriteBuffer;
}

/** Starts Dawn and puts it where a browser has its GPU. Returns the adapter's name, as the engine tells it. */
export async function provideNavigatorGpu(): Promise<string> {
  useInstalledDriver();
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  acceptSharedMemory((globals as { GPUQueue: { prototype: { writeBuffer: WriteBuffer } } }).GPUQueue.prototype);
  const gpu = create([]);
  // Node 20 has no navigator; later ones have one that can not be assigned.
  const navigator = globalThis.navigator ?? { userAgent: `Node.js/${process.versions.node}`, hardwareConcurrency: 1 };
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('No GPU adapter answers. Run "npm run setup".');
  const { description, vendor, architecture, device } = adapter.info;
  return description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unknown adapter';
}

/** The version of a package of bench/peers, as it is installed. */
export function versionOf(name: string): string {
  // From dist/bench/peers to the sources' folder, where the packages are.
  const file = new URL(`../../../bench/peers/node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
