import { grad } from '../../engine/autograd.js';
import { scope } from '../../engine/scope.js';
import { Tensor, tensor } from '../../engine/tensor.js';
import { fill } from '../golden/fill.js';
import type { GoldenCase, OpRunners } from './case.js';
import { compare, type Difference, FORWARD, GRADIENT } from './compare.js';
import { elementwise } from './elementwise.js';
import { indexOps } from './indexing.js';
import { linearOps } from './linear.js';
import { losses } from './loss.js';
import { penalty } from './penalty.js';
import { reductions } from './reduce.js';
import { spatial } from './spatial.js';

/** Every operator that golden files name. */
export const operators: OpRunners = {
  ...elementwise,
  ...linearOps,
  ...penalty,
  ...spatial,
  ...reductions,
  ...indexOps,
  ...losses,
};

export interface CaseResult {
  readonly id: string;
  readonly status: 'pass' | 'fail';
  readonly forward: Readonly<Record<string, Difference>>;
  readonly gradients: Readonly<Record<string, Difference>>;
  readonly reason?: string;
  /** What else there is to say, such as how near to its tolerance the worst value is. */
  readonly note?: string;
}

/** Runs one operator case: its outputs and, against the given upstream, the gradient of every float input. */
export async function runOpCase(id: string, golden: GoldenCase, runners: OpRunners = operators): Promise<CaseResult> {
  const runner = runners[golden.op ?? ''];
  if (!runner) return { id, status: 'fail', forward: {}, gradients: {}, reason: `no operator called ${golden.op}` };
  return scope(async () => {
    const tensors: Record<string, Tensor> = {};
    for (const { name, shape, fill: key, rule } of golden.inputs) {
      tensors[name] = tensor(fill(key, shape, rule), shape, { requiresGrad: golden.grads[name] !== undefined });
    }
    for (const { name, shape, data } of golden.int_inputs ?? []) tensors[name] = tensor(new Int32Array(data), shape);
    const result = runner({ tensors, attrs: golden.attrs });
    const outputs = result instanceof Tensor ? { out: result } : result;
    const forward: Record<string, Difference> = {};
    for (const [name, want] of Object.entries(golden.outputs)) {
      const got = outputs[name];
      if (!got) return { id, status: 'fail', forward, gradients: {}, reason: `no output called ${name}` };
      forward[name] = compare(await got.read(), got.shape, want, FORWARD);
    }
    const gradients: Record<string, Difference> = {};
    const names = Object.keys(golden.grads);
    if (names.length > 0) {
      const upstream = (golden.upstream ?? []).map(({ output, fill: key, rule }) => {
        const out = outputs[output]!;
        return { out, gradient: tensor(fill(key, out.shape, rule), out.shape) };
      });
      const found = grad(
        upstream.map(({ out }) => out),
        names.map((name) => tensors[name]!),
        { gradients: upstream.map(({ gradient }) => gradient) },
      );
      for (const [i, name] of names.entries()) {
        const got = found[i];
        gradients[name] = got
          ? compare(await got.read(), got.shape, golden.grads[name]!, GRADIENT)
          : { absolute: Infinity, relative: Infinity, l2: Infinity, reason: 'no gradient' };
      }
    }
    const wrong = [
      ...Object.entries(forward),
      ...Object.entries(gradients).map(([name, d]) => [`d${name}`, d] as const),
    ].find(([, d]) => d.reason);
    return {
      id,
      status: wrong ? 'fail' : 'pass',
      forward,
      gradients,
      reason: wrong && `${wrong[0]}: ${wrong[1].reason}`,
    };
  });
}
