import { GpuError } from './errors.js';
import type { HostAdapter } from './host.js';

/** The browser's twin of gpu.node.ts: asks `navigator.gpu` for an adapter. */
export async function requestHostAdapter(options: GPURequestAdapterOptions): Promise<HostAdapter> {
  if (!('gpu' in navigator) || !navigator.gpu) {
    throw new GpuError(
      'This browser has no WebGPU (navigator.gpu is missing). Use a recent Chrome, Edge, Firefox or Safari, over https or on localhost.',
    );
  }
  const adapter = await navigator.gpu.requestAdapter(options);
  if (!adapter) {
    throw new GpuError('The browser gave no WebGPU adapter. Enable hardware acceleration, or look at chrome://gpu.');
  }
  return { adapter, host: 'browser', release: () => {} };
}

/** Waits for a promise of the GPU; a browser does so without keeping a core busy. */
export const waitFor = <T>(promise: Promise<T>): Promise<T> => promise;
