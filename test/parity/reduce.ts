import * as reduce from '../../engine/ops/reduce.js';
import { logSoftmax, softmax } from '../../engine/ops/softmax.js';
import { sort, topk } from '../../engine/ops/sort.js';
import { sum } from '../../engine/ops/sum.js';
import type { Tensor } from '../../engine/tensor.js';
import type { OpArguments, OpRunner, OpRunners } from './case.js';

const dims = ({ attrs }: OpArguments) => (attrs.dim ?? undefined) as reduce.Dims | undefined;
const dim = ({ attrs }: OpArguments) => attrs.dim as number;
const keepdim = ({ attrs }: OpArguments) => attrs.keepdim as boolean;

const over =
  (f: (x: Tensor, dim?: reduce.Dims, keepdim?: boolean) => Tensor): OpRunner =>
  (args) =>
    f(args.tensors.x!, dims(args), keepdim(args));

const along =
  (f: (x: Tensor, dim: number, keepdim?: boolean) => Tensor | reduce.Extremum): OpRunner =>
  (args) => {
    const result = f(args.tensors.x!, dim(args), keepdim(args));
    return 'values' in result ? { ...result } : result;
  };

const spread =
  (f: typeof reduce.variance): OpRunner =>
  (args) =>
    f(args.tensors.x!, dims(args), { unbiased: args.attrs.unbiased as boolean, keepdim: keepdim(args) });

/** Reductions, softmax and sorting. */
export const reductions: OpRunners = {
  sum: over(sum),
  mean: over(reduce.mean),
  amax: over(reduce.amax),
  amin: over(reduce.amin),
  max: along(reduce.max),
  min: along(reduce.min),
  max_all: ({ tensors }) => reduce.maxAll(tensors.x!),
  min_all: ({ tensors }) => reduce.minAll(tensors.x!),
  argmax: along(reduce.argmax),
  argmin: along(reduce.argmin),
  var: spread(reduce.variance),
  std: spread(reduce.std),
  norm: (args) => reduce.norm(args.tensors.x!, args.attrs.p as number, dims(args), keepdim(args)),
  prod: over(reduce.prod),
  logsumexp: over(reduce.logsumexp),
  cumsum: along(reduce.cumsum),
  softmax: along(softmax),
  log_softmax: along(logSoftmax),
  sort: (args) => ({ ...sort(args.tensors.x!, dim(args), { descending: args.attrs.descending as boolean }) }),
  topk: (args) => ({
    ...topk(args.tensors.x!, args.attrs.k as number, { dim: dim(args), largest: args.attrs.largest as boolean }),
  }),
};
