/** Files of tensors, read from bytes: the same in Node and in a browser. */
export { type ArrayDtype, type NamedArray, toFloat32, toInt32 } from './arrays.js';
export { readNpy, writeNpy } from './npy.js';
export { readPth, stateDictOf } from './pth.js';
export { writePth } from './pth-writer.js';
export { openSafetensors, readSafetensors, writeSafetensors } from './safetensors.js';
export { type ByteSource, blobSource, FormatError, memorySource } from './source.js';
