/** What a host (Dawn in Node, `navigator.gpu` in a browser) hands to the engine. */
export interface HostAdapter {
  readonly adapter: GPUAdapter;
  readonly host: 'dawn' | 'browser';
  /** Drops what keeps the process alive; called after the device is destroyed. */
  readonly release: () => void;
}
