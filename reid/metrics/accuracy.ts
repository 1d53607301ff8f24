/**
 * Share of rows whose target is among the k largest logits, ties by index: top-k accuracy.
 *
 * @param logits `[targets.length, classes]`
 * @param classes number of classes
 */
export function topKAccuracy(
  logits: ArrayLike<number>,
  classes: number,
  targets: ArrayLike<number>,
  k: number,
): number {
  const rows = targets.length;
  if (rows === 0 || logits.length !== rows * classes) {
    throw new Error(`accuracy: ${logits.length} logits are no ${rows} rows of ${classes} classes`);
  }
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`accuracy: k must be a positive integer, got ${k}`);
  let right = 0;
  for (let i = 0; i < rows; i++) {
    const target = targets[i];
    if (!Number.isInteger(target) || target < 0 || target >= classes) {
      throw new RangeError(`accuracy: target ${i} is ${target}, of ${classes} classes`);
    }
    const own = logits[i * classes + target];
    let before = 0;
    for (let c = 0; c < classes; c++) {
      const other = logits[i * classes + c];
      if (other > own || (other === own && c < target)) before++;
    }
    if (before < k) right++;
  }
  return right / rows;
}
