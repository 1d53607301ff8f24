import { accumulate } from '../shaders/elementwise.js';
import { GpuError, ShapeError } from './errors.js';
import type { Storage } from './memory.js';
import { add } from './ops/arithmetic.js';
import { randomPosition, restoreRandomPosition } from './random.js';
import { scope } from './scope.js';
import { formatShape, sameShape } from './shape.js';
import { isRecording, type Node, noGrad, recompute, record, withGrad } from './tape.js';
import { bytesOf, contiguousData, copyOf, runInto, Tensor, tensor } from './tensor.js';

export interface BackwardOptions {
  /** Gradient of the root; default 1, for which the root must have one element. */
  readonly gradient?: Tensor;
  /** Record the way back too, so that the gradients can be differentiated again. */
  readonly createGraph?: boolean;
  /** Keep what the graph saved, so that backward can run a second time. Default: as createGraph. */
  readonly retainGraph?: boolean;
}

/** Adds the gradient of `root` with respect to every leaf that requires one to that leaf's `grad`. */
export function backward(root: Tensor, options: BackwardOptions = {}): void {
  walk([root], [options.gradient], options, undefined);
}

/**
 * The gradients of `outputs` (summed, or weighted by `gradients`) with respect to `inputs`, which may be inner tensors too.
 * No `grad` is touched. An input that the outputs do not depend on gives undefined.
 */
export function grad(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: Omit<BackwardOptions, 'gradient'> & { readonly gradients?: readonly Tensor[] } = {},
): (Tensor | undefined)[] {
  const found = new Map<Tensor | Node, Tensor | undefined>(inputs.map((t) => [t.node ?? t, undefined]));
  walk(outputs, options.gradients ?? [], options, found);
  return inputs.map((t) => found.get(t.node ?? t));
}

function rootGradient(root: Tensor, given: Tensor | undefined): Tensor {
  if (!root.requiresGrad) {
    throw new ShapeError(`backward: ${root} does not depend on any tensor that requires a gradient.`);
  }
  if (given) {
    if (!sameShape(given.shape, root.shape)) {
      throw new ShapeError(`backward: a gradient of shape ${formatShape(given.shape)} does not fit ${root}.`);
    }
    return given;
  }
  if (root.size !== 1) {
    throw new ShapeError(`backward: ${root} is not a single number; pass { gradient }, or sum() it first.`);
  }
  return tensor(new Float32Array([1]), root.shape, { gpu: root.gpu });
}

/** Nodes that lead to a root and that a gradient passes, the last recorded first. */
function sorted(roots: readonly Tensor[]): Node[] {
  const nodes = new Set<Node>();
  const stack = roots.flatMap((t) => (t.node ? [t.node] : []));
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (nodes.has(node)) continue;
    nodes.add(node);
    for (const input of node.inputs) if (input.node && !nodes.has(input.node)) stack.push(input.node);
  }
  return [...nodes].sort((a, b) => b.order - a.order);
}

/** Of nodes sorted by sorted(): those behind which a wanted tensor lies. The others' gradients need not be computed. */
function leadingTo(wanted: ReadonlyMap<Tensor | Node, unknown>, nodes: readonly Node[]): ReadonlySet<Node> {
  const leading = new Set<Node>();
  for (const node of [...nodes].reverse()) {
    if (node.inputs.some((t) => wanted.has(t.node ?? t) || (t.node && leading.has(t.node)))) leading.add(node);
  }
  return leading;
}

/**
 * Walks the tape once. Gradients on their way are the walk's own: each goes back to the pool as soon as it was used, unless
 * the way back is recorded or the caller asked for it (`found`).
 */
function walk(
  roots: readonly Tensor[],
  gradients: readonly (Tensor | undefined)[],
  options: BackwardOptions,
  found: Map<Tensor | Node, Tensor | undefined> | undefined,
): void {
  const createGraph = options.createGraph ?? false;
  const retainGraph = options.retainGraph ?? createGraph;
  const { pool } = roots[0]!.gpu;
  const waiting = new Map<Tensor | Node, Tensor>();
  const own = new Set<Storage>();
  const uses = new Map<Storage, number>();

  const hold = (t: Tensor) => uses.set(t.storage, (uses.get(t.storage) ?? 0) + 1);
  const drop = (t: Tensor) => {
    const left = uses.get(t.storage)! - 1;
    uses.set(t.storage, left);
    if (left === 0 && own.delete(t.storage)) t.storage.release();
  };
  const arrive = (key: Tensor | Node, gradient: Tensor) => {
    const before = waiting.get(key);
    const sum = before ? add(before, gradient) : gradient;
    if (before && !createGraph) own.add(sum.storage);
    hold(sum);
    waiting.set(key, sum);
    if (before) drop(before);
  };

  withGrad(createGraph, () => {
    roots.forEach((root, i) => {
      const gradient = rootGradient(root, gradients[i]);
      if (!gradients[i] && !createGraph) own.add(gradient.storage);
      arrive(root.node ?? root, gradient);
    });
    const nodes = sorted(roots);
    const leading = found && leadingTo(found, nodes);
    const wanted = (t: Tensor) => !found || found.has(t.node ?? t) || (t.node !== undefined && leading!.has(t.node));
    for (const node of nodes) {
      const gradient = waiting.get(node);
      if (!gradient) continue;
      waiting.delete(node);
      if (found?.has(node)) {
        found.set(node, gradient);
        hold(gradient);
      }
      if (leading && !leading.has(node)) {
        drop(gradient);
        continue;
      }
      const way = node.backward;
      if (!way) {
        throw new GpuError(
          `backward: the graph behind ${node.name} was used up by an earlier backward(); pass { retainGraph: true } to that one.`,
        );
      }
      if (createGraph && !node.twice) {
        throw new GpuError(`backward: ${node.name} has no second derivative, so createGraph can not pass it.`);
      }
      const needs = node.inputs.map((input) => input.requiresGrad && wanted(input));
      const opened = pool.push();
      let results: readonly (Tensor | undefined)[] = [];
      try {
        results = way(gradient, needs);
      } finally {
        const survivors = new Set(results.flatMap((t) => (t ? [t.storage] : [])));
        const made = pool.pop(opened, survivors, createGraph);
        if (!createGraph) for (const storage of made) own.add(storage);
      }
      if (!retainGraph) node.backward = undefined;
      // All are held until all have arrived: one tensor may be the gradient of several inputs.
      const arrived = results.filter((result) => result !== undefined);
      arrived.forEach(hold);
      node.inputs.forEach((input, i) => {
        const result = needs[i] ? results[i] : undefined;
        if (!result) return;
        if (!sameShape(result.shape, input.shape)) {
          throw new ShapeError(
            `${node.name}: the gradient of input ${i} has shape ${formatShape(result.shape)} instead of ${formatShape(input.shape)}.`,
          );
        }
        arrive(input.node ?? input, result);
      });
      arrived.forEach(drop);
      drop(gradient);
    }
    for (const [leaf, gradient] of waiting) {
      if (!(leaf instanceof Tensor)) continue;
      if (found) {
        if (found.has(leaf)) found.set(leaf, gradient);
        else drop(gradient);
      } else if (createGraph) {
        leaf.grad = leaf.grad ? add(leaf.grad, gradient) : gradient;
      } else {
        addToLeaf(leaf, gradient, own.has(gradient.storage) && uses.get(gradient.storage) === 1);
        if (leaf.grad?.storage === gradient.storage) own.delete(gradient.storage);
        else drop(gradient);
      }
    }
  });
}

/** Adds to a leaf's gradient; the first one is taken over if it is nobody else's, else copied. */
function addToLeaf(leaf: Tensor, gradient: Tensor, ours: boolean): void {
  if (leaf.grad) {
    const source = contiguousData(gradient);
    runInto(accumulate(leaf.size), [source], [leaf.grad]);
    if (source !== gradient) source.storage.release();
    return;
  }
  // A view of a part would keep the whole alive, and could not be added to in place.
  const whole = bytesOf(gradient.dtype, gradient.size) >= gradient.storage.bytes - 4;
  if (ours && gradient.dtype === leaf.dtype && gradient.isContiguous && whole) {
    leaf.grad = gradient.detach().keep();
    return;
  }
  leaf.grad = copyOf(gradient, leaf.dtype).keep();
}

/**
 * Runs `fn` without keeping what it computes on the way, and computes it again when the gradient comes back: less memory for
 * one more forward pass (Chen et al., "Training deep nets with sublinear memory cost", 2016). Random numbers are drawn the
 * same a second time, and running statistics move only once. The gradients of parameters inside `fn` are added to their
 * `grad` by backward(); grad() does not see through a checkpoint.
 */
export function checkpoint(fn: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor {
  if (!isRecording()) return scope(() => fn(...inputs), inputs[0]!.gpu);
  const position = randomPosition();
  const out = noGrad(() => scope(() => fn(...inputs), inputs[0]!.gpu)).detach();
  const back = (gradient: Tensor, needs: readonly boolean[]) => {
    const now = randomPosition();
    const copies = inputs.map((t, i) => {
      const copy = t.detach();
      copy.requiresGrad = needs[i]! && t.requiresGrad;
      return copy;
    });
    restoreRandomPosition(position);
    let again: Tensor;
    try {
      again = recompute(() => fn(...copies));
    } finally {
      restoreRandomPosition(now);
    }
    backward(again, { gradient });
    for (const { grad } of copies) if (grad) grad.storage.kept = false;
    return copies.map((t) => t.grad);
  };
  // Parameters inside of fn may want gradients where no input does: a leaf of its own keeps the checkpoint in the graph.
  const inside = tensor(new Float32Array(1), [1], { gpu: inputs[0]!.gpu, requiresGrad: true });
  return record('checkpoint', out, [...inputs, inside], back);
}
