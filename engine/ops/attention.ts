import {
  type AttentionSpec,
  attention,
  attentionGradKeys,
  attentionGradQueries,
  MOST_QUADS,
} from '../../shaders/attention.js';
import { ShapeError } from '../errors.js';
import { formatShape, sameShape, sizeOf } from '../shape.js';
import { record } from '../tape.js';
import { requireFloat, run, runMany, type Tensor, tensor } from '../tensor.js';
import { mul } from './arithmetic.js';
import { cat } from './join.js';
import { reduceAxes } from './sum.js';
import { expand, reshape, slice } from './view.js';

export interface AttentionOptions {
  /** Query i sees keys 0 … i only. */
  readonly causal?: boolean;
  /** Default 1 / √d. */
  readonly scale?: number;
}

/** The last dimension filled up with zeros to whole quads. */
function toQuads(t: Tensor): Tensor {
  const missing = (4 - (t.shape.at(-1)! % 4)) % 4;
  if (missing === 0) return t;
  const zero = tensor(new Float32Array(1), [1], { gpu: t.gpu });
  return cat([t, expand(zero, [...t.shape.slice(0, -1), missing])], -1);
}

/**
 * softmax(q kᵀ · scale) v for q [.., queries, d], k [.., keys, d], v [.., keys, dv] → [.., queries, dv], fused: the scores are
 * never stored, forward or backward (see shaders/attention.ts). As torch.nn.functional.scaled_dot_product_attention.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  requireFloat('scaledDotProductAttention', q, k, v);
  const batch = q.shape.slice(0, -2);
  const fits =
    q.rank >= 2 &&
    [k, v].every((t) => t.rank === q.rank && sameShape(t.shape.slice(0, -2), batch)) &&
    k.shape.at(-1) === q.shape.at(-1) &&
    k.shape.at(-2) === v.shape.at(-2);
  if (!fits) {
    throw new ShapeError(
      `scaledDotProductAttention: q ${formatShape(q.shape)}, k ${formatShape(k.shape)}, v ${formatShape(v.shape)} do not fit; expected [.., queries, d], [.., keys, d], [.., keys, dv].`,
    );
  }
  const d = q.shape.at(-1)!;
  const values = v.shape.at(-1)!;
  if (Math.max(d, values) > 4 * MOST_QUADS) {
    throw new ShapeError(
      `scaledDotProductAttention: ${Math.max(d, values)} features a head are more than ${4 * MOST_QUADS}; use more heads.`,
    );
  }
  const items = sizeOf(batch);
  const flat = (t: Tensor) => toQuads(reshape(t, [items, t.shape.at(-2)!, t.shape.at(-1)!]));
  const out = fused(flat(q), flat(k), flat(v), options.causal ?? false, options.scale ?? 1 / Math.sqrt(d));
  return reshape(slice(out, -1, 0, values), [...batch, q.shape.at(-2)!, values]);
}

function fused(q: Tensor, k: Tensor, v: Tensor, causal: boolean, scale: number): Tensor {
  const [batch, queries, d] = q.shape as [number, number, number];
  const [, keys, values] = v.shape as [number, number, number];
  const spec: AttentionSpec = {
    batch,
    queries,
    keys,
    depth: d / 4,
    valueDepth: values / 4,
    scale,
    causal,
    sharing: q.gpu.sharing,
  };
  const [out, lse] = runMany(
    attention(spec),
    [q, k, v],
    [{ shape: [batch, queries, values] }, { shape: [batch, queries] }],
  );
  const back = (dy: Tensor, [needsQ, needsK, needsV]: readonly boolean[]) => {
    const delta = reduceAxes('sum', mul(dy, out!.detach()), [2]);
    const saved = [q, k, v, dy, lse!, delta];
    const dq = needsQ ? run(attentionGradQueries(spec), saved, q.shape) : undefined;
    const [dk, dv] =
      needsK || needsV ? runMany(attentionGradKeys(spec), saved, [{ shape: k.shape }, { shape: v.shape }]) : [];
    return [dq, dk, dv];
  };
  return record('scaledDotProductAttention', out!, [q, k, v], back, { attributes: { causal, scale } });
}
