/** The units of a pyramid by plain loops in float64. Maps are [batch, channels, nodes], row-major. */

export interface Map3 {
  readonly batch: number;
  readonly channels: number;
  readonly nodes: number;
  readonly data: Float64Array;
}

type Values = ArrayLike<number>;

function meansOf({ batch, channels, nodes, data }: Map3): Float64Array {
  const means = new Float64Array(batch * channels);
  data.forEach((v, i) => {
    means[Math.floor(i / nodes)]! += v / nodes;
  });
  return means;
}

/** Rows [batch, inputs] times the weight [outputs, inputs]ᵀ, and a bias. */
function linear(rows: Float64Array, batch: number, weight: Values, bias?: Values): Float64Array {
  const inputs = rows.length / batch;
  const outputs = weight.length / inputs;
  return Float64Array.from({ length: batch * outputs }, (_, n) => {
    const [b, o] = [Math.floor(n / outputs), n % outputs];
    let sum = bias?.[o] ?? 0;
    for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i]! * rows[b * inputs + i]!;
    return sum;
  });
}

const scaled = (x: Map3, gate: Float64Array): Map3 => ({
  ...x,
  data: x.data.map((v, i) => v * gate[Math.floor(i / x.nodes)]!),
});

/** Squeeze-excitation. */
export function excite(x: Map3, down: Values, up: Values): Map3 {
  const hidden = linear(meansOf(x), x.batch, down).map((v) => Math.max(v, 0));
  return scaled(
    x,
    linear(hidden, x.batch, up).map((v) => 1 / (1 + Math.exp(-v))),
  );
}

/** Batch norm of each channel by the batch's statistics. */
export function norm(x: Map3, scale: Values, shift: Values): Map3 {
  const { batch, channels, nodes, data } = x;
  const n = batch * nodes;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const channel = (i: number) => Math.floor(i / nodes) % channels;
  data.forEach((v, i) => {
    mean[channel(i)]! += v / n;
  });
  data.forEach((v, i) => {
    variance[channel(i)]! += (v - mean[channel(i)]!) ** 2 / n;
  });
  const normed = data.map((v, i) => {
    const c = channel(i);
    return ((v - mean[c]!) / Math.sqrt(variance[c]! + 1e-5)) * scale[c]! + shift[c]!;
  });
  return { ...x, data: normed };
}

export interface SplitWeights {
  readonly fc1: Values;
  readonly bias1: Values;
  readonly scale: Values;
  readonly shift: Values;
  readonly fc2: Values;
  readonly bias2: Values;
}

/** Split attention over `parts` parts of the channels. */
export function attend(x: Map3, parts: number, w: SplitWeights): Map3 {
  const { batch, channels } = x;
  const size = channels / parts;
  const means = meansOf(x);
  const sums = Float64Array.from({ length: batch * size }, (_, n) => {
    let sum = 0;
    for (let p = 0; p < parts; p++) sum += means[Math.floor(n / size) * channels + p * size + (n % size)]!;
    return sum;
  });
  const inner = linear(sums, batch, w.fc1, w.bias1);
  const hidden = norm({ batch, channels: inner.length / batch, nodes: 1, data: inner }, w.scale, w.shift);
  const logits = linear(
    hidden.data.map((v) => Math.max(v, 0)),
    batch,
    w.fc2,
    w.bias2,
  );
  const gate = logits.map((v, n) => {
    const first = n - (n % channels) + (n % size);
    let sum = 0;
    for (let p = 0; p < parts; p++) sum += Math.exp(logits[first + p * size]!);
    return Math.exp(v) / sum;
  });
  return scaled(x, gate);
}
