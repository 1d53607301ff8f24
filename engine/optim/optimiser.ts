import { fill } from '../../shaders/elementwise.js';
import { type UpdateRule, update, updateWidth } from '../../shaders/optim.js';
import { ShapeError } from '../errors.js';
import { type NamedArray, toFloat32 } from '../io/arrays.js';
import { zeroGrad } from '../nn/parameter.js';
import { formatShape, sameShape } from '../shape.js';
import { empty, runInto, Tensor, write } from '../tensor.js';

/** What every optimiser's groups have. */
export interface GroupOptions {
  /** Learning rate. */
  readonly lr: number;
  readonly weightDecay: number;
}

/** Parameters that are moved by the same numbers; these may be changed between steps. */
export type Group<O> = { -readonly [K in keyof O]: O[K] } & { readonly parameters: readonly Tensor[] };

/** A group as it is given; what it leaves out is as for all. */
export type GroupInit<O> = Partial<O> & { readonly parameters: Iterable<Tensor> };

/** What to train: parameters, or groups of them with numbers of their own. */
export type Trainable<O> = Iterable<Tensor> | Iterable<GroupInit<O>>;

/** An optimiser's state, for checkpoints: plain numbers, and arrays called `<parameter's number>.<what>` as PyTorch does. */
export interface OptimiserState {
  readonly rule: string;
  /** Each group's numbers. */
  readonly groups: readonly Readonly<Record<string, unknown>>[];
  /** Steps that each parameter made, in the order of the groups. */
  readonly steps: readonly number[];
  readonly arrays: ReadonlyMap<string, NamedArray>;
}

interface Slot<O> {
  readonly parameter: Tensor;
  readonly group: Group<O>;
  steps: number;
  arena: Arena<O> | undefined;
  /** The quad of the arena at which its state begins. */
  at: number;
}

/** State of many parameters end to end: one tensor for each array of the rule. */
interface Arena<O> {
  readonly state: readonly Tensor[];
  readonly slots: readonly Slot<O>[];
}

const quadsOf = (t: Tensor): number => Math.ceil(t.size / 4);

/**
 * What all optimisers share. A step is a few dispatches of one fused kernel, each of which moves as many parameters as the
 * adapter's storage buffers allow: state lies in arenas shared by all parameters, so that each costs two bindings (itself and
 * its gradient). With WebGPU's 8 buffers Adam moves 3 at once, with 16 it moves 7. Everything a parameter needs (rate, decay,
 * its number of steps) travels as scalars of its own, so groups never split a dispatch, and parameters without a gradient are
 * passed over as in PyTorch.
 *
 * State is made in the first step that needs it: frozen parameters have none.
 */
export abstract class Optimiser<O extends GroupOptions> {
  readonly groups: Group<O>[] = [];
  readonly #defaults: O;
  readonly #rule: UpdateRule;
  readonly #names: readonly string[];
  #slots: Slot<O>[] = [];
  #arenas: Arena<O>[] = [];

  /** `names` are PyTorch's for the arrays of the rule's state. */
  constructor(rule: UpdateRule, names: readonly string[], parameters: Trainable<O>, defaults: O) {
    this.#rule = rule;
    this.#names = names.slice(0, rule.state.length);
    this.#defaults = defaults;
    const list: readonly (Tensor | GroupInit<O>)[] = [...parameters];
    if (list.length === 0) throw new ShapeError(`${this.constructor.name}: the list of parameters is empty.`);
    const alone = list.filter((item) => item instanceof Tensor);
    if (alone.length > 0) this.addGroup({ ...defaults, parameters: alone });
    for (const item of list) if (!(item instanceof Tensor)) this.addGroup(item);
  }

  /** The rule's scalars of a parameter at its step number `step` (the first is 1). */
  protected abstract scalars(group: O, step: number): number[];

  /** More parameters to train. */
  addGroup(options: GroupInit<O>): void {
    const parameters = [...options.parameters];
    const known = new Set(this.#slots.map(({ parameter }) => parameter));
    for (const parameter of parameters) {
      if (known.has(parameter)) throw new ShapeError(`${this.constructor.name}: ${parameter} is given twice.`);
      if (!parameter.isContiguous || parameter.node) {
        throw new ShapeError(`${this.constructor.name}: ${parameter} is no leaf; only parameters can be trained.`);
      }
      known.add(parameter);
    }
    const group = { ...this.#defaults, ...options, parameters } as Group<O>;
    this.groups.push(group);
    for (const parameter of parameters) {
      this.#slots.push({ parameter, group, steps: 0, arena: undefined, at: 0 });
    }
  }

  /** Moves every parameter that has a gradient. `guard` is the state of a GradScaler, which calls this. */
  step(guard?: Tensor): void {
    const ready = this.#slots.filter(({ parameter }) => parameter.grad);
    this.#place(ready.filter(({ arena }) => !arena));
    for (const arena of this.#arenas) {
      const slots = arena.slots.filter(({ parameter }) => parameter.grad);
      const buffers = slots[0]?.parameter.gpu.limits.maxStorageBuffersPerShaderStage ?? 8;
      const width = updateWidth(this.#rule, buffers, guard !== undefined);
      for (let i = 0; i < slots.length; i += width) this.#move(arena, slots.slice(i, i + width), guard);
    }
  }

  #move(arena: Arena<O>, slots: readonly Slot<O>[], guard: Tensor | undefined): void {
    const next = () => {
      const spec = slots.map((slot) => {
        slot.steps++;
        return {
          size: slot.parameter.size,
          at: slot.at,
          scalars: this.scalars(slot.group as unknown as O, slot.steps),
        };
      });
      return update(this.#rule, spec, guard !== undefined);
    };
    runInto(
      next(),
      [...slots.map(({ parameter }) => parameter.grad!), ...(guard ? [guard] : [])],
      [...arena.state, ...slots.map(({ parameter }) => parameter)],
      () => next().params!,
    );
  }

  /** Gives parameters their places in new arenas, as few as bindings allow; all state is zero. */
  #place(slots: readonly Slot<O>[]): void {
    let rest = slots;
    while (rest.length > 0) {
      const { gpu } = rest[0]!.parameter;
      const most = Math.floor(gpu.limits.maxStorageBufferBindingSize / 16);
      let quads = 0;
      let count = 0;
      while (count < rest.length && (count === 0 || quads + quadsOf(rest[count]!.parameter) <= most)) {
        quads += quadsOf(rest[count++]!.parameter);
      }
      const state = this.#rule.state.map(() => empty(gpu, [4 * quads], 'float32', 'optimiser state').keep());
      for (const t of state) runInto(fill(t.size, 0), [], [t]);
      const arena = { state, slots: rest.slice(0, count) };
      let at = 0;
      for (const slot of arena.slots) {
        slot.arena = arena;
        slot.at = at;
        at += quadsOf(slot.parameter);
      }
      this.#arenas.push(arena);
      rest = rest.slice(count);
    }
  }

  /** Drops the gradients of all parameters and gives their memory back to the pool. */
  zeroGrad(): void {
    zeroGrad(this.#slots.map(({ parameter }) => parameter));
  }

  /** All that a later run needs to go on to the same bits. */
  async stateDict(): Promise<OptimiserState> {
    const numbers = new Map(this.#slots.map((slot, i) => [slot, i]));
    const groups = this.groups.map(({ parameters: _, ...options }) => options);
    const steps = this.#slots.map((slot) => slot.steps);
    const arrays = new Map<string, NamedArray>();
    for (const { state, slots } of this.#arenas) {
      const data = await Promise.all(state.map((t) => t.read()));
      for (const slot of slots) {
        const { shape, size } = slot.parameter;
        data.forEach((whole, i) => {
          const part = whole.slice(4 * slot.at, 4 * slot.at + size);
          arrays.set(`${numbers.get(slot)}.${this.#names[i]}`, { dtype: 'float32', shape, data: part });
        });
      }
    }
    return { rule: this.#rule.name, groups, steps, arrays };
  }

  /**
   * Takes over a state that stateDict gave, for parameters in the same order.
   *
   * @throws ShapeError when it is another optimiser's, or of other parameters
   */
  loadStateDict({ rule, groups, steps, arrays }: OptimiserState): void {
    const refuse = (why: string) => new ShapeError(`${this.constructor.name}.loadStateDict: ${why}`);
    if (rule !== this.#rule.name) throw refuse(`the state is that of ${rule}, not of ${this.#rule.name}.`);
    if (groups.length !== this.groups.length || steps.length !== this.#slots.length) {
      throw refuse(
        `the state has ${steps.length} parameters in ${groups.length} groups, not ${this.#slots.length} in ${this.groups.length}.`,
      );
    }
    const values = new Map<Slot<O>, Float32Array[]>();
    for (const [i, slot] of this.#slots.entries()) {
      if (steps[i] === 0) continue;
      const found = this.#names.map((name) => {
        const array = arrays.get(`${i}.${name}`);
        if (!array || !sameShape(array.shape, slot.parameter.shape)) {
          throw refuse(
            `${i}.${name} ${array ? `has shape ${formatShape(array.shape)}` : 'is missing'}; expected ${formatShape(slot.parameter.shape)}.`,
          );
        }
        return toFloat32(array, `${i}.${name}`);
      });
      values.set(slot, found);
    }
    for (const [i, options] of groups.entries()) Object.assign(this.groups[i]!, options);
    for (const { state } of this.#arenas) for (const t of state) t.storage.release();
    this.#arenas = [];
    for (const [i, slot] of this.#slots.entries()) {
      slot.steps = steps[i]!;
      slot.arena = undefined;
    }
    this.#place([...values.keys()]);
    for (const { state, slots } of this.#arenas) {
      state.forEach((t, k) => {
        const whole = new Float32Array(t.size);
        for (const slot of slots) whole.set(values.get(slot)![k]!, 4 * slot.at);
        write(t, whole);
      });
    }
  }
}
