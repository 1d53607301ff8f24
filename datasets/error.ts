/**
 * An error about data that a person can mend. Its message holds the offending value, the file or folder it came from, and
 * what to do next.
 */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
}
