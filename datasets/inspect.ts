/** What was found out about a picture of a dataset by looking at it. */
export interface Inspection {
  readonly path: string;
  /** The same for pictures that are the same byte for byte (pixel for pixel, where there is no file); undefined when it could not be read. */
  readonly hash?: string;
  /** Bytes of the file, or of the pixels. */
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** What is wrong with it, with the path in it. */
  readonly problem?: string;
}
