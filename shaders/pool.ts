import { FLAT, flatGrid, flatMain, itemGrid, rowMain, type Shader } from './shader.js';

/** Windows that slide by a stride: [height, width] each. */
export interface Sliding {
  readonly kind: 'sliding';
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** Windows that cut the input into as many parts as there are outputs: part i is ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉. */
export interface Adaptive {
  readonly kind: 'adaptive';
}

export interface PoolSpec {
  /** N · C. */
  readonly planes: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly window: Sliding | Adaptive;
  /** Of an average: whether padding counts in the divisor. */
  readonly countPadding?: boolean;
}

/**
 * WGSL for one axis `a` (h or w): `window_a(o)` is the first position of output o's window within the input and the one
 * after its last; `outputs_a(i)` likewise the outputs whose windows hold position i (all between are to be looked at);
 * `count_a(o)` is what an average divides by.
 */
function axis(a: 'h' | 'w', kind: PoolSpec['window']['kind'], countPadding: boolean): string {
  const clipped = `let w = window_${a}(o); return w.y - w.x;`;
  const padded = `let start = o * p.stride_${a} - p.padding_${a}; return min(start + p.kernel_${a}, p.in_${a} + p.padding_${a}) - start;`;
  if (kind === 'adaptive') {
    return `
fn window_${a}(o: i32) -> vec2i {
  return vec2i(o * p.in_${a} / p.out_${a}, ((o + 1) * p.in_${a} + p.out_${a} - 1) / p.out_${a});
}
fn outputs_${a}(i: i32) -> vec2i {
  return vec2i(i * p.out_${a} / p.in_${a}, ((i + 1) * p.out_${a} + p.in_${a} - 1) / p.in_${a});
}
fn count_${a}(o: i32) -> i32 { ${clipped} }`;
  }
  return `
fn window_${a}(o: i32) -> vec2i {
  let start = o * p.stride_${a} - p.padding_${a};
  let skipped = select(0, (p.dilation_${a} - 1 - start) / p.dilation_${a} * p.dilation_${a}, start < 0);
  return vec2i(start + skipped, min(start + (p.kernel_${a} - 1) * p.dilation_${a} + 1, p.in_${a}));
}
fn outputs_${a}(i: i32) -> vec2i {
  let past = i + p.padding_${a} - (p.kernel_${a} - 1) * p.dilation_${a};
  let first = select((past + p.stride_${a} - 1) / p.stride_${a}, 0, past <= 0);
  return vec2i(first, min((i + p.padding_${a}) / p.stride_${a} + 1, p.out_${a}));
}
fn count_${a}(o: i32) -> i32 { ${countPadding ? padded : clipped} }`;
}

interface PoolKernel {
  readonly name: string;
  readonly spec: PoolSpec;
  /** Over which elements the invocations run. */
  readonly over: 'input' | 'output';
  readonly variant?: string;
  /** Storage variables, the last of them written. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly flops: number;
  /** With `plane`, `y` and `x` (the position, from `item`) given. */
  readonly body: string;
}

/** One invocation an element of the output (forward) or of the input (backward: it gathers, so that nothing is added twice). */
function pool({ name, spec, over, variant = '', reads, writes, flops, body }: PoolKernel): Shader {
  const { planes, input, output, window } = spec;
  const [own, side] = over === 'input' ? [input, 'in'] : [output, 'out'];
  const n = planes * own[0] * own[1];
  const inputs = planes * input[0] * input[1];
  const outputs = planes * output[0] * output[1];
  const fields = ['in', 'out', ...(window.kind === 'sliding' ? ['kernel', 'stride', 'padding', 'dilation'] : [])];
  const sizes =
    window.kind === 'sliding'
      ? [input, output, window.kernel, window.stride, window.padding, window.dilation]
      : [input, output];
  const step = window.kind === 'sliding' ? (a: string) => `p.dilation_${a}` : () => '1';
  const storage = [
    ...reads.map((s) => `var<storage, read> ${s};`),
    ...writes.map((s) => `var<storage, read_write> ${s};`),
  ];
  return {
    name,
    variant: `${window.kind} ${variant}`,
    grid: itemGrid(n),
    params: [n, ...sizes.flat()],
    flops: flops * Math.max(inputs, outputs),
    bytes: 4 * (inputs + outputs * Math.max(reads.length, writes.length)),
    code: () => `
struct Params { n: u32, ${fields.flatMap((f) => [`${f}_h: i32`, `${f}_w: i32`]).join(', ')} }
${storage.map((line, i) => `@group(0) @binding(${i}) ${line}`).join('\n')}
@group(1) @binding(0) var<uniform> p: Params;
${axis('h', window.kind, spec.countPadding ?? false)}
${axis('w', window.kind, spec.countPadding ?? false)}
${flatMain}
  if (item >= p.n) { return; }
  let x = i32(item % u32(p.${side}_w));
  let line = item / u32(p.${side}_w);
  let y = i32(line % u32(p.${side}_h));
  let plane = i32(line / u32(p.${side}_h));
  ${body.replaceAll('STEP_H', step('h')).replaceAll('STEP_W', step('w'))}
}`,
  };
}

/** The largest of each window, the first at a tie; with `indices` also where it was, in its plane. */
export function maxPool(spec: PoolSpec, indices: boolean): Shader {
  return pool({
    name: 'maxPool',
    spec,
    over: 'output',
    variant: indices ? 'indices' : '',
    reads: ['source: array<f32>'],
    writes: ['result: array<f32>', ...(indices ? ['places: array<u32>'] : [])],
    flops: 4,
    body: `let rows = window_h(y);
  let columns = window_w(x);
  let base = plane * p.in_h * p.in_w;
  var best = f32(-3.40282e38);
  var place = rows.x * p.in_w + columns.x;
  for (var i = rows.x; i < rows.y; i += STEP_H) {
    for (var j = columns.x; j < columns.y; j += STEP_W) {
      let at = i * p.in_w + j;
      let v = source[base + at];
      if (v > best) { best = v; place = at; }
    }
  }
  result[item] = best;
  ${indices ? 'places[item] = u32(place);' : ''}`,
  });
}

/** Each input takes the gradients of the windows whose largest it was. */
export function maxPoolGrad(spec: PoolSpec): Shader {
  return pool({
    name: 'maxPoolGrad',
    spec,
    over: 'input',
    reads: ['dy: array<f32>', 'places: array<u32>'],
    writes: ['result: array<f32>'],
    flops: 4,
    body: `let rows = outputs_h(y);
  let columns = outputs_w(x);
  let place = u32(y * p.in_w + x);
  var sum = 0.0;
  for (var i = rows.x; i < rows.y; i++) {
    for (var j = columns.x; j < columns.y; j++) {
      let at = (plane * p.out_h + i) * p.out_w + j;
      if (places[at] == place) { sum += dy[at]; }
    }
  }
  result[item] = sum;`,
  });
}

const counted = (spec: PoolSpec) => (spec.countPadding ? 'padding' : '');

/** The mean of each window. */
export function avgPool(spec: PoolSpec): Shader {
  return pool({
    name: 'avgPool',
    spec,
    over: 'output',
    variant: counted(spec),
    reads: ['source: array<f32>'],
    writes: ['result: array<f32>'],
    flops: 4,
    body: `let rows = window_h(y);
  let columns = window_w(x);
  let base = plane * p.in_h * p.in_w;
  var sum = 0.0;
  for (var i = rows.x; i < rows.y; i++) {
    for (var j = columns.x; j < columns.y; j++) { sum += source[base + i * p.in_w + j]; }
  }
  result[item] = sum / f32(count_h(y) * count_w(x));`,
  });
}

/** Each input takes its share of the gradients of the windows that hold it. */
export function avgPoolGrad(spec: PoolSpec): Shader {
  return pool({
    name: 'avgPoolGrad',
    spec,
    over: 'input',
    variant: counted(spec),
    reads: ['dy: array<f32>'],
    writes: ['result: array<f32>'],
    flops: 4,
    body: `let rows = outputs_h(y);
  let columns = outputs_w(x);
  var sum = 0.0;
  for (var i = rows.x; i < rows.y; i++) {
    for (var j = columns.x; j < columns.y; j++) {
      sum += dy[(plane * p.out_h + i) * p.out_w + j] / f32(count_h(i) * count_w(j));
    }
  }
  result[item] = sum;`,
  });
}

const globals = {
  mean: {
    declare: '',
    start: (T: string) => `var sum = ${T}(0.0);`,
    step: () => 'sum += v;',
    mine: (width: number) => `parts[lid] = ${width === 4 ? 'dot(sum, vec4f(1.0))' : 'sum'};`,
    join: 'parts[lid] += parts[other];',
    store: 'result[plane] = parts[lid] * p.scale;',
  },
  max: {
    declare: `var<workgroup> spots: array<u32, ${FLAT}>;`,
    start: () => 'var best = f32(-3.40282e38); var spot = lane;',
    step: (width: number) =>
      width === 4
        ? ['x', 'y', 'z', 'w'].map((c, k) => `if (v.${c} > best) { best = v.${c}; spot = 4u * i + ${k}u; }`).join(' ')
        : 'if (v > best) { best = v; spot = i; }',
    mine: () => 'parts[lid] = best; spots[lid] = spot;',
    join: `let better = parts[other] > parts[lid] || (parts[other] == parts[lid] && spots[other] < spots[lid]);
      if (better) { parts[lid] = parts[other]; spots[lid] = spots[other]; }`,
    store: 'result[plane] = parts[lid]; places[plane] = spots[lid];',
  },
} as const;

/** Mean, or maximum and the place of the first one, of whole planes; 8 invocations to a plane, or 64 to a large one. */
export function globalPool(reduction: keyof typeof globals, planes: number, size: number): Shader {
  const { declare, start, step, mine, join, store } = globals[reduction];
  const lanes = size >= 2048 ? 64 : 8;
  const width = size % 4 === 0 ? 4 : 1;
  const T = width === 4 ? 'vec4f' : 'f32';
  const max = reduction === 'max';
  return {
    name: reduction === 'max' ? 'globalMaxPool' : 'globalAvgPool',
    variant: `${lanes} ${width}`,
    grid: flatGrid(Math.ceil((planes * lanes) / FLAT)),
    params: [planes, size / width, { f32: 1 / size }],
    flops: planes * size,
    bytes: 4 * planes * (size + (max ? 2 : 1)),
    code: () => `
struct Params { planes: u32, size: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> source: array<${T}>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
${max ? '@group(0) @binding(2) var<storage, read_write> places: array<u32>;' : ''}
@group(1) @binding(0) var<uniform> p: Params;
var<workgroup> parts: array<f32, ${FLAT}>;
${declare}
${rowMain(FLAT)}
  let plane = row * ${FLAT / lanes}u + lid / ${lanes}u;
  let lane = lid % ${lanes}u;
  ${start(T)}
  if (plane < p.planes) {
    for (var i = lane; i < p.size; i += ${lanes}u) {
      let v = source[plane * p.size + i];
      ${step(width)}
    }
  }
  ${mine(width)}
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      let other = lid + half;
      ${join}
    }
  }
  if (lane == 0u && plane < p.planes) { ${store} }
}`,
  };
}
