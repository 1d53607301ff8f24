import { type ArrayDtype, bytesPerElement, elementCount, toFloat32 } from './arrays.js';
import { BUILD, type Buildable, isTuple, PickleGlobal } from './pickle.js';
import { exact } from './pickle-bytes.js';
import { type ArrayLayout, PthArray } from './pth-array.js';

const dtypeOfCode: Readonly<Record<string, ArrayDtype>> = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  i4: 'int32',
  i2: 'int16',
  i1: 'int8',
  u8: 'uint64',
  u4: 'uint32',
  u2: 'uint16',
  u1: 'uint8',
  b1: 'bool',
};

/**
 * The globals that pickled numpy arrays and numbers use.
 *
 * @param created is told of every array as it is made
 */
export function numpyGlobals(created: (array: PthArray) => void): PickleGlobal[] {
  return [
    new PickleGlobal('numpy.dtype', ([code]) => new NumpyDtype(code)),
    new PickleGlobal('numpy.ndarray'),
    // numpy 2 renamed the module.
    ...['numpy.core.multiarray', 'numpy._core.multiarray'].flatMap((module) => [
      new PickleGlobal(`${module}._reconstruct`, () => new NumpyArray(created)),
      new PickleGlobal(`${module}.scalar`, ([type, bytes]) => scalar(type, bytes)),
    ]),
  ];
}

/** numpy.dtype: made from a code such as `f8`, then told its byte order. */
class NumpyDtype implements Buildable {
  readonly dtype: ArrayDtype;

  constructor(code: unknown) {
    const dtype = typeof code === 'string' && Object.hasOwn(dtypeOfCode, code) ? dtypeOfCode[code] : undefined;
    if (!dtype) throw new TypeError(`it has numpy values of the type ${String(code)}, which are not read`);
    this.dtype = dtype;
  }

  [BUILD](state: unknown): void {
    const order = isTuple(state) ? state[1] : undefined;
    if (order !== '<' && order !== '|' && order !== '=') {
      throw new TypeError('it has big-endian numpy values, which are not read');
    }
  }
}

/** numpy.ndarray: made empty, then given `(version, shape, dtype, is column-major, bytes)`. */
class NumpyArray extends PthArray implements Buildable {
  readonly #created: (array: PthArray) => void;

  constructor(created: (array: PthArray) => void) {
    super();
    this.#created = created;
  }

  [BUILD](state: unknown): void {
    const [, shape, type, columnMajor, bytes] = isTuple(state) ? state : [];
    this.setLayout(layoutOf(bytes, type, shape, columnMajor === true));
    this.#created(this);
  }
}

function layoutOf(bytes: unknown, type: unknown, shape: unknown, columnMajor: boolean): ArrayLayout {
  if (!isTuple(shape) || !(type instanceof NumpyDtype) || !(bytes instanceof Uint8Array)) {
    throw new TypeError('it has numpy values of a kind that is not read');
  }
  const { dtype } = type;
  const lengths = shape as readonly number[];
  if (bytes.byteLength !== elementCount(lengths) * bytesPerElement(dtype)) {
    throw new TypeError(`a numpy array of shape [${shape}] and type ${dtype} has ${bytes.byteLength} bytes`);
  }
  return {
    storage: { key: 'numpy', dtype, byteLength: bytes.byteLength, bytes },
    dtype,
    offset: 0,
    shape: lengths,
    strides: lengths.map((_, axis) => elementCount(columnMajor ? lengths.slice(0, axis) : lengths.slice(axis + 1))),
    requiresGrad: false,
  };
}

function scalar(type: unknown, bytes: unknown): number | bigint | boolean {
  const array = new PthArray(layoutOf(bytes, type, Object.freeze([]), false));
  const [value] = array.dtype === 'float16' ? toFloat32(array) : array.data;
  return array.dtype === 'bool' ? value === 1 : typeof value === 'bigint' ? exact(value) : value;
}
