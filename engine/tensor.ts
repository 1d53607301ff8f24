import { copyStrided } from '../shaders/copy.js';
import { inHalf } from '../shaders/half.js';
import type { Shader } from '../shaders/shader.js';
import type { Refresh } from './entry.js';
import { GpuError, ShapeError } from './errors.js';
import { currentGpu, type Gpu } from './gpu.js';
import type { Storage } from './memory.js';
import { collapse, formatShape, type Shape, sameShape, sizeOf, stridesOf } from './shape.js';
import { type Node, tracer } from './tape.js';

/** float16 is a way to store floats: kernels compute in float32, and what they give is float32 unless they say otherwise. */
export type DType = 'float32' | 'float16' | 'int32' | 'uint32';
export type TensorData = Float32Array | Int32Array | Uint32Array;
/** Numbers in nested lists, as `tensor([[1, 2], [3, 4]])` takes them. */
export type Nested = number | readonly Nested[];

export interface TensorOptions {
  readonly dtype?: Exclude<DType, 'float16'>;
  readonly requiresGrad?: boolean;
  /** Default: the GPU opened last. */
  readonly gpu?: Gpu;
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array } as const;

/** Bytes that n elements take. */
export const bytesOf = (dtype: DType, n: number): number => (dtype === 'float16' ? 2 : 4) * n;

/**
 * An array on the GPU: its shape, its element type, its memory, and where it came from. Views (reshape, permute, expand,
 * slice) share memory by strides and an offset, counted in elements. Nothing waits for the GPU until `read()`.
 */
export class Tensor {
  readonly gpu: Gpu;
  readonly storage: Storage;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly dtype: DType;
  /** Whether gradients flow to this tensor: set on leaves by their maker, on results by the operator that made them. */
  requiresGrad = false;
  /** Of a leaf: the sum of the gradients of every backward() since zeroGrad. */
  grad: Tensor | undefined;
  /** How it was made; undefined for leaves. */
  node: Node | undefined;

  constructor(gpu: Gpu, storage: Storage, shape: Shape, dtype: DType, strides?: readonly number[], offset = 0) {
    this.gpu = gpu;
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.strides = strides ?? stridesOf(shape);
    this.offset = offset;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Number of dimensions. */
  get rank(): number {
    return this.shape.length;
  }

  /** Whether the elements lie row-major from the start of the memory, as most kernels read them. */
  get isContiguous(): boolean {
    if (this.offset !== 0) return false;
    let stride = 1;
    for (let i = this.shape.length - 1; i >= 0; i--) {
      const n = this.shape[i]!;
      if (n !== 1 && this.strides[i] !== stride) return false;
      stride *= n;
    }
    return true;
  }

  /** The elements, row-major, once the GPU has computed them. */
  async read(): Promise<TensorData> {
    const dtype = this.dtype === 'float16' ? 'float32' : this.dtype;
    const source = dtype === this.dtype ? contiguousData(this) : copyOf(this, dtype);
    const bytes = await this.gpu.queue.read(source.storage.buffer, 0, 4 * this.size);
    if (source !== this) source.storage.release();
    return new ARRAYS[dtype](bytes);
  }

  /** The one element of a tensor of size one. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: a tensor of shape ${formatShape(this.shape)} has more than one element.`);
    return (await this.read())[0]!;
  }

  /** The same memory, outside of the graph: no gradient flows through it. */
  detach(): Tensor {
    return new Tensor(this.gpu, this.storage, this.shape, this.dtype, this.strides, this.offset);
  }

  /** Makes the memory outlive every scope, until release() or the collector. Returns the tensor. */
  keep(): this {
    this.storage.kept = true;
    return this;
  }

  toString(): string {
    return `Tensor(${formatShape(this.shape)}, ${this.dtype}${this.node ? `, from ${this.node.name}` : ''})`;
  }
}

/** A view of the memory of `t`, outside of the graph. Strides and offset in elements. */
export function viewOf(t: Tensor, shape: Shape, strides?: readonly number[], offset = t.offset): Tensor {
  return new Tensor(t.gpu, t.storage, shape, t.dtype, strides, offset);
}

export const isFloat = ({ dtype }: Tensor): boolean => dtype === 'float32' || dtype === 'float16';

/** Refuses whole numbers where a kernel reads floats: their bits would be taken for floats. */
export function requireFloat(op: string, ...tensors: readonly Tensor[]): void {
  for (const t of tensors) {
    if (!isFloat(t)) throw new ShapeError(`${op}: ${t} is no float32 tensor; convert it with toFloat().`);
  }
}

/** Memory for a result. Its contents are undefined. `what` names it in errors. */
export function empty(gpu: Gpu, shape: Shape, dtype: DType = 'float32', what = 'a tensor'): Tensor {
  const label = `${what} ${formatShape(shape)}`;
  return new Tensor(gpu, gpu.allocate(Math.max(bytesOf(dtype, sizeOf(shape)), 4), label), shape, dtype);
}

/** Row-major elements: `t` itself when it already is, else a copy. Outside of the graph. */
export function contiguousData(t: Tensor): Tensor {
  if (t.isContiguous) return t;
  return copyOf(t, t.dtype);
}

/** A row-major copy; between float32 and float16 also converted. Outside of the graph. */
export function copyOf(t: Tensor, dtype: DType): Tensor {
  const out = empty(t.gpu, t.shape, dtype, 'copy');
  const { shape, strides } = collapse(t.shape, t.strides);
  runStrided(copyStrided({ shape, strides: strides[0]!, offset: t.offset }), [t], [out]);
  return out;
}

/** Runs a shader into a new tensor. Inputs that are not row-major are copied first. Outside of the graph. */
export function run(
  shader: Shader,
  inputs: readonly Tensor[],
  shape: Shape,
  dtype: DType = 'float32',
  refresh?: Refresh,
): Tensor {
  const out = empty(inputs[0]!.gpu, shape, dtype, shader.name);
  runInto(shader, inputs, [out], refresh);
  return out;
}

/** Runs a shader with several results. */
export function runMany(
  shader: Shader,
  inputs: readonly Tensor[],
  outputs: readonly { readonly shape: Shape; readonly dtype?: DType }[],
): Tensor[] {
  const gpu = inputs[0]!.gpu;
  const out = outputs.map(({ shape, dtype }) => empty(gpu, shape, dtype ?? 'float32', shader.name));
  runInto(shader, inputs, out);
  return out;
}

/**
 * Runs a shader into tensors that exist; these must be row-major. A tensor that is read and written is an output only. Scalars
 * that change from step to step come from `refresh` when a static step is replayed.
 */
export function runInto(
  shader: Shader,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  refresh?: Refresh,
): void {
  const sources = inputs.map(contiguousData);
  runStrided(shader, sources, outputs, refresh);
  // What was copied for this dispatch alone may be handed out again: later work runs later.
  for (const [i, source] of sources.entries()) if (source !== inputs[i]) source.storage.release();
}

/** Like runInto for shaders that take strides and offsets themselves: inputs are bound as they lie. */
export function runStrided(
  shader: Shader,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  refresh?: Refresh,
): void {
  for (const out of outputs) {
    // Kernels write whole quads: into a part of a larger tensor they would reach its neighbours.
    if (!out.isContiguous || bytesOf(out.dtype, out.size) < out.storage.bytes - 4) {
      throw new ShapeError(`${shader.name}: an output must be a whole row-major tensor, not a view of a part.`);
    }
  }
  const { gpu } = outputs[0]!;
  if ([...inputs, ...outputs].some((t) => t.gpu !== gpu)) {
    throw new ShapeError(
      `${shader.name}: its tensors are on two GPUs; read() one and make a tensor of it on the other.`,
    );
  }
  if (tracer?.leavesOut(inputs, outputs)) return;
  const bound = [...inputs, ...outputs];
  gpu.queue.dispatch(
    bound.some((t) => t.dtype === 'float16') ? halfShader(shader, bound) : shader,
    bound.map((t) => t.storage.buffer),
    refresh,
  );
}

/** The shader over tensors of which some are float16. */
function halfShader(shader: Shader, bound: readonly Tensor[]): Shader {
  if (!bound[0]!.gpu.has('shader-f16')) {
    throw new GpuError(`${shader.name}: this adapter has no half precision (feature shader-f16); use float32.`);
  }
  const half = bound.map((t) => t.dtype === 'float16');
  // A tensor that is bound twice is read once.
  const stored = new Set(bound.filter((_, i) => half[i]).map(({ storage }) => storage));
  return inHalf(
    shader,
    half,
    [...stored].reduce((sum, { bytes }) => sum + bytes, 0),
  );
}

/** A tensor from numbers: a typed array with a shape, or nested lists. */
export function tensor(data: TensorData | Nested, shape?: Shape, options: TensorOptions = {}): Tensor {
  const gpu = options.gpu ?? currentGpu();
  const typed = ArrayBuffer.isView(data);
  const dtype =
    options.dtype ?? (data instanceof Int32Array ? 'int32' : data instanceof Uint32Array ? 'uint32' : 'float32');
  const flat = typed ? data : flatten(data as Nested);
  const outShape = shape ?? (typed ? [data.length] : shapeOfNested(data as Nested));
  if (flat.length !== sizeOf(outShape)) {
    throw new ShapeError(`tensor: ${flat.length} numbers do not fill the shape ${formatShape(outShape)}.`);
  }
  const out = empty(gpu, [...outShape], dtype, 'tensor');
  const ARRAY = ARRAYS[dtype];
  const bytes = flat instanceof ARRAY ? flat : new ARRAY(flat);
  if (bytes.length > 0) gpu.queue.upload(out.storage.buffer, bytes);
  out.requiresGrad = options.requiresGrad ?? false;
  return out;
}

/** Overwrites a tensor's elements (row-major) in place. */
export function write(t: Tensor, data: TensorData): void {
  if (!t.isContiguous || data.length !== t.size) {
    throw new ShapeError(`write: ${data.length} numbers do not fill ${t}, or it is a view.`);
  }
  t.gpu.queue.upload(t.storage.buffer, data);
}

function flatten(nested: Nested): number[] {
  return typeof nested === 'number' ? [nested] : nested.flatMap(flatten);
}

function shapeOfNested(nested: Nested): number[] {
  if (typeof nested === 'number') return [];
  if (nested.length === 0) return [0];
  const inner = nested.map(shapeOfNested);
  if (!inner.every((s) => sameShape(s, inner[0]!)))
    throw new ShapeError('tensor: the lists are not all of one length.');
  return [nested.length, ...inner[0]!];
}
