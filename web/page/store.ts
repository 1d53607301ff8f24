/** A value that several parts of the page look at. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  /** Calls `listener` now and whenever the value changes. */
  watch(listener: (value: T) => void): void;
}

export function createStore<T>(value: T): Store<T> {
  let current = value;
  const listeners: ((value: T) => void)[] = [];
  return {
    get: () => current,
    set(changed) {
      current = changed;
      for (const listener of listeners) listener(changed);
    },
    watch(listener) {
      listeners.push(listener);
      listener(current);
    },
  };
}
