import * as assert from 'uvu/assert';
import { DatasetError } from '../../datasets/index.js';

/** Fails unless `work` ends with a DatasetError whose message fits every pattern. */
export async function failsWith(work: () => unknown, ...patterns: (string | RegExp)[]): Promise<void> {
  let error: unknown;
  try {
    await work();
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, DatasetError, `expected a DatasetError, got ${error}`);
  for (const pattern of patterns) {
    const { message } = error as DatasetError;
    assert.ok(
      typeof pattern === 'string' ? message.includes(pattern) : pattern.test(message),
      `${pattern} in: ${message}`,
    );
  }
}
