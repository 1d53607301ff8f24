/**
 * Functions of one number, as WGSL on `vec4f`: `f` of x, `d` the factor f′ by which the gradient is multiplied (of x and
 * y = f(x)), and `dd` the second derivative where it is needed (of x and y). `a` and `b` are the function's own scalars.
 */
export interface UnaryFunction {
  readonly f: string;
  readonly d?: string;
  readonly dd?: string;
  /** Floating point operations an element, roughly. */
  readonly flops?: number;
}

const v = (x: number | string) => `vec4f(${x})`;
const step = (condition: string, yes = '1.0', no = '0.0') => `select(${v(no)}, ${v(yes)}, ${condition})`;

/** 1 / (1 + e^-x) without overflow, log(1 + e^x) likewise, erf to 1e-7 (Abramowitz and Stegun 7.1.26 refined by its series). */
export const unaryLibrary = `
fn sigmoid4(x: vec4f) -> vec4f {
  let e = exp(-abs(x));
  return select(e, vec4f(1.0), x >= vec4f(0.0)) / (1.0 + e);
}
fn log1p4(x: vec4f) -> vec4f {
  // Near 0, log(1 + x) loses what 1 + x rounds away; the ratio restores it (Kahan).
  let u = 1.0 + x;
  let near = u == vec4f(1.0);
  let safe = select(u, vec4f(2.0), near);
  return select(log(safe) * x / (safe - 1.0), x, near);
}
fn softplus4(x: vec4f) -> vec4f { return max(x, vec4f(0.0)) + log1p4(exp(-abs(x))); }
fn tanh4(x: vec4f) -> vec4f {
  let e = exp(-2.0 * abs(x));
  let far = (1.0 - e) / (1.0 + e);
  let s = x * x;
  let near = abs(x) * (1.0 + s * (-0.33333333 + s * (0.13333333 + s * (-0.05396825 + s * 0.02186949))));
  return sign(x) * select(far, near, abs(x) < vec4f(0.25));
}
// WGSL allows sin and cos an error of 2^-11; these are good to 1e-6 for arguments up to some thousands (Cody and Waite).
fn sin_near(r: vec4f) -> vec4f {
  let s = r * r;
  return r * (1.0 + s * (-0.16666667 + s * (0.0083333310 + s * (-0.00019840874 + s * (2.7525562e-6 - 2.3889859e-8 * s)))));
}
fn half_turns(x: vec4f, h: vec4f) -> vec4f { return ((x - h * 1.5703125) - h * 0.00048375129699707031) - h * 7.5497900e-8; }
fn sin4(x: vec4f) -> vec4f {
  let n = round(x * 0.31830989);
  return sin_near(half_turns(x, 2.0 * n)) * (1.0 - 2.0 * abs(n - 2.0 * round(0.5 * n)));
}
fn cos4(x: vec4f) -> vec4f {
  let n = round(x * 0.31830989 - 0.5);
  return -sin_near(half_turns(x, 2.0 * n + 1.0)) * (1.0 - 2.0 * abs(n - 2.0 * round(0.5 * n)));
}
fn expm14(x: vec4f) -> vec4f {
  let near = x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.04166667 + x * (0.00833333 + x * 0.00138889)))));
  return select(exp(min(x, vec4f(88.0))) - 1.0, near, abs(x) < vec4f(0.3));
}
fn erf4(x: vec4f) -> vec4f {
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.5 * a);
  let far = 1.0 - t * exp(-a * a - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 +
    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))))));
  let s = a * a;
  let near = 1.12837917 * a * (1.0 + s * (-0.33333333 + s * (0.1 + s * (-0.02380952 + s * (0.00462963 - s * 0.00075758)))));
  return sign(x) * select(far, near, a < vec4f(0.5));
}
fn pow4(x: vec4f, e: f32) -> vec4f {
  // WGSL's pow is undefined for negative bases; a whole exponent has a sign of its own.
  let odd = fract(abs(e) * 0.5) != 0.0;
  let size = select(exp2(e * log2(max(abs(x), vec4f(1e-38)))), vec4f(select(0.0, 1.0, e == 0.0)), (abs(x) < vec4f(1e-38)) & vec4<bool>(e >= 0.0));
  return select(size, -size, (x < vec4f(0.0)) & vec4<bool>(odd));
}
`;

const NORMAL = '0.39894228 * exp(-0.5 * x * x)';

/** Every function of one number that the engine has. */
export const unaryFunctions = {
  neg: { f: '-x', d: v(-1), dd: v(0) },
  abs: { f: 'abs(x)', d: 'sign(x)', dd: v(0) },
  exp: { f: 'exp(x)', d: 'y', dd: 'y' },
  log: { f: 'log(x)', d: '1.0 / x', dd: '-1.0 / (x * x)' },
  log1p: { f: 'log1p4(x)', d: '1.0 / (1.0 + x)' },
  expm1: { f: 'expm14(x)', d: 'y + 1.0', dd: 'y + 1.0' },
  sqrt: { f: 'sqrt(x)', d: '0.5 / y', dd: '-0.25 / (x * y)' },
  rsqrt: { f: 'inverseSqrt(x)', d: '-0.5 * y / x', dd: '0.75 * y / (x * x)' },
  reciprocal: { f: '1.0 / x', d: '-y * y', dd: '2.0 * y * y * y' },
  square: { f: 'x * x', d: '2.0 * x', dd: v(2) },
  sin: { f: 'sin4(x)', d: 'cos4(x)', dd: '-y', flops: 16 },
  cos: { f: 'cos4(x)', d: '-sin4(x)', dd: '-y', flops: 16 },
  floor: { f: 'floor(x)', d: v(0), dd: v(0) },
  sign: { f: 'sign(x)', d: v(0), dd: v(0) },
  erf: { f: 'erf4(x)', d: '1.12837917 * exp(-x * x)', flops: 20 },
  relu: { f: 'max(x, vec4f(0.0))', d: step('x > vec4f(0.0)'), dd: v(0) },
  relu6: { f: 'clamp(x, vec4f(0.0), vec4f(6.0))', d: step('(x > vec4f(0.0)) & (x < vec4f(6.0))'), dd: v(0) },
  leakyRelu: { f: 'select(p.a * x, x, x > vec4f(0.0))', d: step('x > vec4f(0.0)', '1.0', 'p.a'), dd: v(0) },
  elu: { f: 'select(p.a * expm14(x), x, x > vec4f(0.0))', d: 'select(y + p.a, vec4f(1.0), x > vec4f(0.0))' },
  selu: {
    f: '1.05070099 * select(1.67326324 * expm14(x), x, x > vec4f(0.0))',
    d: 'select(y + 1.75809934, vec4f(1.05070099), x > vec4f(0.0))',
  },
  sigmoid: { f: 'sigmoid4(x)', d: 'y * (1.0 - y)', dd: 'y * (1.0 - y) * (1.0 - 2.0 * y)', flops: 8 },
  logSigmoid: { f: '-softplus4(-x)', d: 'sigmoid4(-x)', dd: '-sigmoid4(x) * sigmoid4(-x)', flops: 10 },
  tanh: { f: 'tanh4(x)', d: '1.0 - y * y', dd: '-2.0 * y * (1.0 - y * y)', flops: 12 },
  softplus: {
    f: 'select(softplus4(p.a * x) / p.a, x, p.a * x > vec4f(p.b))',
    d: 'select(sigmoid4(p.a * x), vec4f(1.0), p.a * x > vec4f(p.b))',
    dd: 'select(p.a * sigmoid4(p.a * x) * sigmoid4(-p.a * x), vec4f(0.0), p.a * x > vec4f(p.b))',
    flops: 10,
  },
  silu: { f: 'x * sigmoid4(x)', d: 'sigmoid4(x) * (1.0 + x * (1.0 - sigmoid4(x)))', flops: 9 },
  gelu: {
    f: '0.5 * x * (1.0 + erf4(0.70710678 * x))',
    d: `0.5 * (1.0 + erf4(0.70710678 * x)) + x * ${NORMAL}`,
    flops: 24,
  },
  geluTanh: {
    f: '0.5 * x * (1.0 + tanh4(0.79788456 * (x + 0.044715 * x * x * x)))',
    d: '0.5 * (1.0 + tanh4(0.79788456 * (x + 0.044715 * x * x * x))) + 0.5 * x * (1.0 - pow4(tanh4(0.79788456 * (x + 0.044715 * x * x * x)), 2.0)) * 0.79788456 * (1.0 + 0.134145 * x * x)',
    flops: 20,
  },
  hardswish: {
    f: 'x * clamp(x + 3.0, vec4f(0.0), vec4f(6.0)) / 6.0',
    d: 'select(select((2.0 * x + 3.0) / 6.0, vec4f(1.0), x >= vec4f(3.0)), vec4f(0.0), x <= vec4f(-3.0))',
  },
  pow: { f: 'pow4(x, p.a)', d: 'p.a * pow4(x, p.a - 1.0)', dd: 'p.a * (p.a - 1.0) * pow4(x, p.a - 2.0)', flops: 6 },
  clamp: { f: 'clamp(x, vec4f(p.a), vec4f(p.b))', d: step('(x >= vec4f(p.a)) & (x <= vec4f(p.b))'), dd: v(0) },
  addScalar: { f: 'x + p.a', d: v(1), dd: v(0) },
  mulScalar: { f: 'x * p.a', d: v('p.a'), dd: v(0) },
} as const satisfies Record<string, UnaryFunction>;

export type UnaryName = keyof typeof unaryFunctions;
