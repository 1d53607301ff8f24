import {
  type ArrayDataOf,
  type ArrayDtype,
  bytesPerElement,
  dataFromBytes,
  elementCount,
  emptyData,
  type NamedArray,
} from './arrays.js';
import { FormatError } from './source.js';

/** The memory behind one or more tensors of a checkpoint; `bytes` is set once it is read. */
export interface ArrayMemory {
  readonly key: string;
  readonly dtype: ArrayDtype;
  readonly byteLength: number;
  readonly bytes: Uint8Array;
}

/** Where an array's elements lie in a storage; `offset` and `strides` in elements. */
export interface ArrayLayout {
  readonly storage: ArrayMemory;
  readonly dtype: ArrayDtype;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly requiresGrad: boolean;
}

/**
 * An array of a checkpoint: a PyTorch tensor or parameter, or a numpy array. Its `data` are made on first use: a view
 * of the file's bytes where the elements lie there in order (so arrays may share memory), else a copy in order.
 */
export class PthArray implements NamedArray {
  #layout: ArrayLayout | undefined;
  #data: ArrayDataOf[ArrayDtype] | undefined;

  /** @throws TypeError when shape, strides and storage do not fit together */
  constructor(layout?: ArrayLayout) {
    if (layout) this.setLayout(layout);
  }

  get dtype(): ArrayDtype {
    return this.layout.dtype;
  }

  get shape(): readonly number[] {
    return this.layout.shape;
  }

  /** Whether PyTorch would have trained it. */
  get requiresGrad(): boolean {
    return this.layout.requiresGrad;
  }

  get data(): ArrayDataOf[ArrayDtype] {
    this.#data ??= gather(this.layout);
    return this.#data;
  }

  get layout(): ArrayLayout {
    if (!this.#layout)
      throw new FormatError('an array in a checkpoint was never given its contents; the file is damaged');
    return this.#layout;
  }

  /** Bytes that `data` take beyond those that the storage has: what an expanded tensor grows by. */
  get growth(): number {
    const { shape, dtype, storage } = this.layout;
    return Math.max(0, elementCount(shape) * bytesPerElement(dtype) - storage.byteLength);
  }

  /** @throws TypeError when shape, strides and storage do not fit together */
  protected setLayout(layout: ArrayLayout): void {
    const { storage, dtype, offset, shape, strides } = layout;
    const count = elementCount(shape);
    const areSteps = [offset, ...strides].every((step) => Number.isSafeInteger(step) && step >= 0);
    if (!areSteps || strides.length !== shape.length) {
      throw new TypeError(`a tensor of shape [${shape}] has strides [${strides}] and offset ${offset}`);
    }
    const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], offset);
    if (count > 0 && !((last + 1) * bytesPerElement(dtype) <= storage.byteLength)) {
      throw new TypeError(
        `a tensor of shape [${shape}] needs ${last + 1} ${dtype} elements, but its storage '${storage.key}' has ${storage.byteLength} bytes`,
      );
    }
    this.#layout = layout;
    this.#data = undefined;
  }
}

function gather({ storage, dtype, offset, shape, strides }: ArrayLayout): ArrayDataOf[ArrayDtype] {
  const count = elementCount(shape);
  if (count === 0) return emptyData(dtype, 0);
  const size = bytesPerElement(dtype);
  const bytes = storage.bytes.subarray(offset * size);
  if (isInOrder(shape, strides)) return dataFromBytes(dtype, bytes, count);
  const out = emptyData(dtype, count);
  // Source and target have the same type; the cast only stands for "any one of them".
  const source = dataFromBytes(dtype, bytes, Math.floor(bytes.byteLength / size)) as Float64Array;
  copyInOrder(source, out as Float64Array, shape, strides);
  return out;
}

/** Whether elements lie in row-major order without gaps. */
function isInOrder(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

function copyInOrder(
  source: Float64Array,
  out: Float64Array,
  shape: readonly number[],
  strides: readonly number[],
): void {
  const inner = shape[shape.length - 1];
  const step = strides[strides.length - 1];
  const place = shape.map(() => 0);
  let at = 0;
  for (let start = 0; start < out.length; start += inner) {
    for (let i = 0; i < inner; i++) out[start + i] = source[at + i * step];
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      at += strides[axis];
      if (++place[axis] < shape[axis]) break;
      at -= shape[axis] * strides[axis];
      place[axis] = 0;
    }
  }
}
