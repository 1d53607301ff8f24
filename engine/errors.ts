/** Something asked of an operator that its shapes, types or arguments do not allow. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** The GPU refused: no adapter, a lost device, a kernel that does not compile, memory that is not there. */
export class GpuError extends Error {
  override readonly name = 'GpuError';
}
