import * as assert from 'uvu/assert';
import { type Exportable, exportOnnx, type OnnxModel, type OnnxOptions } from '../../../../engine/io/onnx/export.js';
import { scope } from '../../../../engine/scope.js';
import { noGrad } from '../../../../engine/tape.js';
import { type Tensor, tensor } from '../../../../engine/tensor.js';
import { assertClose, numbers } from '../../close.js';
import { openModel } from './runtime.js';

export interface Agreement extends OnnxOptions {
  /** Relative to the largest element. */
  readonly tolerance?: number;
  readonly range?: readonly [number, number];
  readonly batches?: readonly number[];
}

/**
 * Exports a module and expects ONNX Runtime to compute from the file what the engine computes, for batches of 1 and 3.
 *
 * @param shape of one input
 */
export async function agrees(
  module: Exportable,
  shape: readonly number[],
  options: Agreement = {},
): Promise<OnnxModel> {
  const { tolerance = 1e-4, range = [-1.5, 1.5], batches = [1, 3], ...rest } = options;
  const model = await exportOnnx(module, shape, rest);
  const opened = await openModel(model.bytes);
  module.eval();
  for (const batch of batches) {
    const whole = [batch, ...shape];
    const data = numbers(`onnx/${batch}`, whole, ...range);
    const results = await opened.run(data, whole);
    await scope(async () => {
      const outputs = [noGrad(() => module.forward(tensor(data, whole)))].flat() as Tensor[];
      assert.is(results.length, outputs.length);
      for (const [i, output] of outputs.entries()) {
        assert.equal([...results[i]!.dims], [...output.shape], `output ${i}, batch ${batch}: shape`);
        assertClose(results[i]!.data, await output.read(), tolerance, `output ${i}, batch ${batch}`);
      }
    });
  }
  await opened.close();
  return model;
}
