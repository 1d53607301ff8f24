/** What a host (Dawn in Node, `navigator.gpu` in a browser) hands to the engine. */
export interface HostAdapter {
  readonly adapter: GPUAdapter;
  readonly host: 'dawn' | 'browser';
  /** Drops what keeps the process alive; called after the device is destroyed. */
  readonly release: () => void;
  /**
   * A second device of the adapter, where kernels are better compiled on devices of their own: software Vulkan (lavapipe)
   * compiles when a kernel first runs, one after the other, and devices share what they compiled through its cache on disk.
   */
  readonly spare?: (descriptor: GPUDeviceDescriptor) => Promise<GPUDevice | undefined>;
}
