import { Counter, type Module } from '../../../engine/nn/index.js';

/** Names, shapes and PyTorch's types of a model's state dict. */
export const entryNames = (model: Module): [string, readonly number[], string][] =>
  [...model.entries()].map(([name, entry]) =>
    entry instanceof Counter ? [name, [], 'int64'] : [name, entry.shape, entry.dtype],
  );
