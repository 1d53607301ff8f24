import { type PeerCase, shapeOf } from './cases.js';
import { convolution, type Numbers, type Reference } from './convolution-reference.js';

const EPS = 1e-5;

/** The value of `f` at each of `size` positions. */
const each = (size: number, f: (index: number) => number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => f(i));

/** Norm of each channel over the batch and the positions, with the biased variance; with its way back. */
function batchNorm(x: Numbers, gamma: Numbers, beta: Numbers, inner: number) {
  const channels = gamma.length;
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const count = x.length / channels;
  const sums = (f: (i: number) => number): Float64Array => {
    const total = new Float64Array(channels);
    for (let i = 0; i < x.length; i++) total[channelOf(i)]! += f(i);
    return total;
  };
  const mean = sums((i) => x[i]!).map((sum) => sum / count);
  const deviation = sums((i) => (x[i]! - mean[channelOf(i)]!) ** 2).map((sum) => Math.sqrt(sum / count + EPS));
  const normal = each(x.length, (i) => (x[i]! - mean[channelOf(i)]!) / deviation[channelOf(i)]!);
  return {
    y: each(x.length, (i) => normal[i]! * gamma[channelOf(i)]! + beta[channelOf(i)]!),
    /** dx = γ/σ (dy − Σdy/n − x̂ Σ(dy x̂)/n). */
    back: (dy: Numbers) => {
      const dbeta = sums((i) => dy[i]!);
      const dgamma = sums((i) => dy[i]! * normal[i]!);
      const dx = each(x.length, (i) => {
        const c = channelOf(i);
        return (gamma[c]! / deviation[c]!) * (dy[i]! - (dbeta[c]! + normal[i]! * dgamma[c]!) / count);
      });
      return { dx, dgamma, dbeta };
    },
  };
}

/** A training step of a residual block; see `blockStepCase`. */
export function blockStep(one: PeerCase, inputs: Readonly<Record<string, Float32Array>>): Reference {
  const { x, target, weight1, gamma1, beta1, weight2, gamma2, beta2 } = inputs as Record<string, Float32Array>;
  const shape = shapeOf(one, 'x');
  const inner = shape[2]! * shape[3]!;
  const size = x!.length;
  const { forward, input, weight } = convolution(shape, shapeOf(one, 'weight1'), 1);

  const first = batchNorm(
    each(size, (i) => forward(x!, weight1!, i)),
    gamma1!,
    beta1!,
    inner,
  );
  const middle = first.y.map((value) => Math.max(value, 0));
  const second = batchNorm(
    each(size, (i) => forward(middle, weight2!, i)),
    gamma2!,
    beta2!,
    inner,
  );
  const sum = each(size, (i) => second.y[i]! + x![i]!);
  const off = each(size, (i) => Math.max(sum[i]!, 0) - target![i]!);
  const loss = off.reduce((total, value) => total + value ** 2, 0) / size;

  const dsum = each(size, (i) => (sum[i]! > 0 ? (2 * off[i]!) / size : 0));
  const back2 = second.back(dsum);
  const dmiddle = each(size, (i) => (middle[i]! > 0 ? input(back2.dx, weight2!, i) : 0));
  const back1 = first.back(dmiddle);
  const stepped = (before: Float32Array, gradient: (index: number) => number) => (i: number) =>
    before[i]! - one.lr * gradient(i);
  return {
    loss: () => loss,
    dx: (i) => dsum[i]! + input(back1.dx, weight1!, i),
    weight1: stepped(weight1!, (i) => weight(x!, back1.dx, i)),
    gamma1: stepped(gamma1!, (i) => back1.dgamma[i]!),
    beta1: stepped(beta1!, (i) => back1.dbeta[i]!),
    weight2: stepped(weight2!, (i) => weight(middle, back2.dx, i)),
    gamma2: stepped(gamma2!, (i) => back2.dgamma[i]!),
    beta2: stepped(beta2!, (i) => back2.dbeta[i]!),
  };
}
