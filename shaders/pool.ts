import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { eachInPlanes } from './position.js';
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
  const by = (n: string, d: string) => `(${n}) / p.${d}_${a}`;
  if (kind === 'adaptive') {
    return `
fn window_${a}(o: i32) -> vec2i {
  return vec2i(${by(`o * p.in_${a}`, 'out')}, ${by(`(o + 1) * p.in_${a} + p.out_${a} - 1`, 'out')});
}
fn outputs_${a}(i: i32) -> vec2i {
  return vec2i(${by(`i * p.out_${a}`, 'in')}, ${by(`(i + 1) * p.out_${a} + p.in_${a} - 1`, 'in')});
}
fn count_${a}(o: i32) -> i32 { ${clipped} }`;
  }
  return `
fn window_${a}(o: i32) -> vec2i {
  let start = o * p.stride_${a} - p.padding_${a};
  var first = start;
  while (first < 0) { first += p.dilation_${a}; }
  return vec2i(first, min(start + (p.kernel_${a} - 1) * p.dilation_${a} + 1, p.in_${a}));
}
fn outputs_${a}(i: i32) -> vec2i {
  let past = max(i + p.padding_${a} - (p.kernel_${a} - 1) * p.dilation_${a}, 0);
  return vec2i(${by(`past + p.stride_${a} - 1`, 'stride')}, min(${by(`i + p.padding_${a}`, 'stride')} + 1, p.out_${a}));
}
fn count_${a}(o: i32) -> i32 { ${countPadding ? padded : clipped} }`;
}

interface PoolKernel {
  readonly name: string;
  readonly spec: PoolSpec;
  /** Over which elements it runs: backwards over the input, which gathers, so that no two add to one place. */
  readonly over: 'input' | 'output';
  readonly variant?: string;
  readonly reads: readonly string[];
  readonly places?: boolean;
  /** WGSL of `value(plane, y, x)`. */
  readonly body: string;
}

function pool({ name, spec, over, variant = '', reads, places, body }: PoolKernel): Shader {
  const { planes, input, output, window } = spec;
  const inputs = planes * input[0] * input[1];
  const outputs = planes * output[0] * output[1];
  const sizes = { in: input, out: output, ...(window.kind === 'sliding' ? windowSizes(window) : {}) };
  const step = (a: string) => (window.kind === 'sliding' ? `p.dilation_${a}` : '1');
  return eachInPlanes({
    name,
    variant: `${window.kind} ${variant}`,
    planes,
    size: over === 'input' ? input : output,
    reads,
    places,
    fields: Object.entries(sizes).flatMap(([f, [h, w]]) => [[`${f}_h: i32`, h] as const, [`${f}_w: i32`, w] as const]),
    functions: `${axis('h', window.kind, spec.countPadding ?? false)}
${axis('w', window.kind, spec.countPadding ?? false)}
fn value(plane: i32, y: i32, x: i32) -> ${places ? 'vec2u' : 'f32'} {
  ${body.replaceAll('STEP_H', step('h')).replaceAll('STEP_W', step('w'))}
}`,
    flops: 4 * Math.max(inputs, outputs),
    bytes: 4 * (inputs + outputs * (over === 'input' ? reads.length : places ? 2 : 1)),
  });
}

const windowSizes = ({ kernel, stride, padding, dilation }: Sliding) => ({ kernel, stride, padding, dilation });

/** The largest of each window, the first at a tie; with `indices` also where it was, in its plane. */
export function maxPool(spec: PoolSpec, indices: boolean): Shader {
  return pool({
    name: 'maxPool',
    spec,
    over: 'output',
    variant: indices ? 'indices' : '',
    reads: ['source: array<f32>'],
    places: indices,
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
  return ${indices ? 'vec2u(bitcast<u32>(best), u32(place))' : 'best'};`,
  });
}

/** Each input takes the gradients of the windows whose largest it was. */
export function maxPoolGrad(spec: PoolSpec): Shader {
  return pool({
    name: 'maxPoolGrad',
    spec,
    over: 'input',
    reads: ['dy: array<f32>', 'places: array<u32>'],
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
  return sum;`,
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
    body: `let rows = window_h(y);
  let columns = window_w(x);
  let base = plane * p.in_h * p.in_w;
  var sum = 0.0;
  for (var i = rows.x; i < rows.y; i++) {
    for (var j = columns.x; j < columns.y; j++) { sum += source[base + i * p.in_w + j]; }
  }
  return sum / f32(count_h(y) * count_w(x));`,
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
    body: `let rows = outputs_h(y);
  let columns = outputs_w(x);
  var sum = 0.0;
  for (var i = rows.x; i < rows.y; i++) {
    let height = count_h(i);
    for (var j = columns.x; j < columns.y; j++) {
      sum += dy[(plane * p.out_h + i) * p.out_w + j] / f32(height * count_w(j));
    }
  }
  return sum;`,
  });
}

const globals = {
  mean: {
    declare: '',
    start: (T: string) => `var sum = ${T}(0.0);`,
    step: () => 'sum += v;',
    put: (width: number) => `parts[lid] = ${width === 4 ? 'dot(sum, vec4f(1.0))' : 'sum'};`,
    take: 'var total = parts[first];',
    join: 'total += parts[at];',
    putBack: 'parts[first] = total;',
    store: 'result[own] = total * p.scale;',
  },
  max: {
    declare: `var<workgroup> spots: array<u32, ${FLAT}>;`,
    start: () => 'var best = f32(-3.40282e38); var spot = 0u;',
    step: (width: number) =>
      width === 4
        ? ['x', 'y', 'z', 'w'].map((c, k) => `if (v.${c} > best) { best = v.${c}; spot = 4u * i + ${k}u; }`).join(' ')
        : 'if (v > best) { best = v; spot = i; }',
    put: () => 'parts[lid] = best; spots[lid] = spot;',
    take: 'var most = parts[first]; var place = spots[first];',
    join: 'if (parts[at] > most || (parts[at] == most && spots[at] < place)) { most = parts[at]; place = spots[at]; }',
    putBack: 'parts[first] = most; spots[first] = place;',
    store: 'result[own] = most; places[own] = place;',
  },
} as const;

/** Mean, or maximum and the place of the first one, of whole planes; 8 invocations to a plane, or 64 to a large one. */
export function globalPool(reduction: keyof typeof globals, planes: number, size: number): Shader {
  const { declare, start, step, put, take, join, putBack, store } = globals[reduction];
  const lanes = size >= 2048 ? 64 : 8;
  const width = size % 4 === 0 ? 4 : 1;
  const T = width === 4 ? 'vec4f' : 'f32';
  const max = reduction === 'max';
  // The first eight invocations join eight each; of a large plane, one then joins those eight.
  const eight = (first: string, stride: string) =>
    `let first = ${first}; ${take} for (var k = 1u; k < 8u; k++) { let at = first + k * ${stride}; ${join} }`;
  const end =
    lanes === 8
      ? `let own = row * 8u + lid;
  if (lid < 8u && own < p.planes) { ${eight('8u * lid', '1u')} ${store} }`
      : `let own = row;
  if (lid < 8u) { ${eight('8u * lid', '1u')} ${putBack} }
  workgroupBarrier();
  if (lid == 0u) { ${eight('0u', '8u')} ${store} }`;
  return {
    name: max ? 'globalMaxPool' : 'globalAvgPool',
    variant: `${lanes} ${width}`,
    grid: flatGrid(Math.ceil((planes * lanes) / FLAT)),
    params: [planes, size / width, { f32: 1 / size }],
    flops: planes * size,
    bytes: 4 * planes * (size + (max ? 2 : 1)),
    code: () => wgsl`
struct Params { planes: u32, size: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> source: array<${T}>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
${max ? '@group(0) @binding(2) var<storage, read_write> places: array<u32>;' : ''}
@group(0) @binding(99) var<uniform> p: Params;
var<workgroup> parts: array<f32, ${FLAT}>;
${declare}
${rowMain(FLAT)}
  let plane = row * ${FLAT / lanes}u + lid / ${lanes}u;
  ${start(T)}
  if (plane < p.planes) {
    for (var i = lid % ${lanes}u; i < p.size; i += ${lanes}u) {
      let v = source[plane * p.size + i];
      ${step(width)}
    }
  }
  ${put(width)}
  workgroupBarrier();
  ${end}
}`,
  };
}

/** The gradient of each plane at the place of its maximum, zero elsewhere. */
export function globalMaxPoolGrad(planes: number, size: number): Shader {
  const width = size % 4 === 0 ? 4 : 1;
  const n = (planes * size) / width;
  const at = width === 4 ? 'vec4u(4u * at) + vec4u(0u, 1u, 2u, 3u)' : 'at';
  return {
    name: 'globalMaxPoolGrad',
    variant: `${width}`,
    grid: itemGrid(n),
    params: [n, size / width],
    flops: planes * size,
    bytes: 4 * planes * (size + 2),
    code: () => wgsl`
struct Params { n: u32, size: u32 }
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<${width === 4 ? 'vec4f' : 'f32'}>;
@group(0) @binding(99) var<uniform> p: Params;
${flatMain}
  if (item >= p.n) { return; }
  let plane = item / p.size;
  let at = item - plane * p.size;
  let place = ${width === 4 ? 'vec4u(places[plane])' : 'places[plane]'};
  result[item] = select(${width === 4 ? 'vec4f(0.0), vec4f(dy[plane])' : '0.0, dy[plane]'}, ${at} == place);
}`,
  };
}
