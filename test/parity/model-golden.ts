import type { Counter } from '../../engine/nn/index.js';
import type { Tensor } from '../../engine/tensor.js';
import type { FillRule } from '../golden/fill.js';
import type { GoldenInput, GoldenValue } from './case.js';

/** The golden files of whole models (see the README beside them). */
export interface GoldenModel {
  readonly name: string;
  readonly seed: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weight_gain_g: number;
  readonly inputs: readonly GoldenInput[];
  readonly labels: readonly number[] | null;
  readonly param_count: number;
  readonly trainable_count: number;
  readonly frozen_params: readonly string[];
  readonly state_dict: readonly (readonly [string, readonly number[], string])[];
  readonly aliases?: Readonly<Record<string, string>>;
  readonly fill_overrides?: readonly { readonly pattern: string; readonly rule: FillRule }[];
  readonly eval_outputs: Readonly<Record<string, GoldenValue>>;
  readonly eval_mode_gradients?: {
    readonly what: string;
    readonly grads: Readonly<Record<string, GoldenValue | null>>;
    readonly grad_l2: Readonly<Record<string, number | null>>;
    readonly noise_median: number;
  };
  readonly train_outputs: Readonly<Record<string, GoldenValue>>;
  /** Before each optimiser step; `total` is what is differentiated. */
  readonly losses: readonly Readonly<Record<string, number>>[];
  readonly losses_f64: readonly Readonly<Record<string, number>>[];
  readonly grads: Readonly<Record<string, GoldenValue | null>>;
  readonly grad_l2: Readonly<Record<string, number | null>>;
  readonly grad_noise_median: number;
  readonly grad_noise_worst?: readonly (readonly [string, number])[];
  readonly grad_exactly_zero_examples?: readonly string[];
  readonly running_stats_after_1_train_forward: Readonly<Record<string, GoldenValue>>;
  readonly running_stats_l2: Readonly<Record<string, number>>;
  readonly params_after_1_step?: Readonly<Record<string, GoldenValue>>;
  /** What is trained beside the model. */
  readonly other_state_after_1_step?: Readonly<Record<string, GoldenValue>>;
  readonly param_delta_l2?: Readonly<Record<string, number>>;
  /** Why the original can not run it; then there are names alone. */
  readonly cannot_run?: string;
}

/** The value that a parameter or buffer of a model file begins with: by its name and shape, or by the file's overrides. */
export function ruleOf(
  golden: Pick<GoldenModel, 'weight_gain_g' | 'fill_overrides'>,
  name: string,
  shape: readonly number[],
): FillRule {
  const override = golden.fill_overrides?.find(({ pattern }) => new RegExp(pattern).test(name));
  if (override) return override.rule;
  const last = name.slice(name.lastIndexOf('.') + 1);
  if (last === 'weight' && shape.length >= 2) return { kind: 'weight', g: golden.weight_gain_g };
  if (last === 'weight' || last === 'running_var') return { kind: 'range', lo: 0.75, hi: 1.25 };
  return { kind: 'signed', scale: 0.1 };
}

/** An entry of a model under its first name in the file. */
export type Entries = ReadonlyMap<string, Tensor | Counter>;
