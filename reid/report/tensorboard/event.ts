import { ProtoMessage, readMessage } from '../../../engine/io/protobuf.js';

/** Counts of values in buckets; bucket i holds what is above the limit before it and not above its own. */
export interface EventHistogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly limits: readonly number[];
  readonly buckets: readonly number[];
}

/** A picture as a PNG file. */
export interface EventImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** One value under a tag such as `train/loss`. */
export interface EventValue {
  readonly tag: string;
  readonly scalar?: number;
  readonly histogram?: EventHistogram;
  readonly image?: EventImage;
}

/** One event of a TensorBoard file. */
export interface TensorboardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** Of the first event alone: `brain.Event:2`. */
  readonly fileVersion?: string;
  readonly values: readonly EventValue[];
}

/** What a file of events begins with. */
export const FILE_VERSION = 'brain.Event:2';

/** Field numbers of TensorFlow's event.proto, summary.proto and histogram.proto. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const SUMMARY_VALUE = 1;
const VALUE = { tag: 1, scalar: 2, image: 4, histogram: 5 } as const;
const IMAGE = { height: 1, width: 2, colours: 3, png: 4 } as const;
const HISTOGRAM = { min: 1, max: 2, count: 3, sum: 4, sumOfSquares: 5, limits: 6, buckets: 7 } as const;

/** An event as the bytes of its protocol buffer message. */
export function encodeEvent({ wallTime, step, fileVersion, values }: TensorboardEvent): Uint8Array {
  const event = new ProtoMessage().double(EVENT.wallTime, wallTime);
  if (step !== 0) event.integer(EVENT.step, step);
  if (fileVersion !== undefined) event.text(EVENT.fileVersion, fileVersion);
  if (values.length > 0) {
    const summary = new ProtoMessage();
    for (const value of values) summary.message(SUMMARY_VALUE, encodeValue(value));
    event.message(EVENT.summary, summary);
  }
  return event.join();
}

function encodeValue({ tag, scalar, histogram, image }: EventValue): ProtoMessage {
  const value = new ProtoMessage().text(VALUE.tag, tag);
  if (scalar !== undefined) value.float(VALUE.scalar, scalar);
  if (image) {
    const { width, height, png } = image;
    const inner = new ProtoMessage()
      .integer(IMAGE.height, height)
      .integer(IMAGE.width, width)
      .integer(IMAGE.colours, 3);
    value.message(VALUE.image, inner.bytes(IMAGE.png, png));
  }
  if (histogram) {
    const { min, max, count, sum, sumOfSquares, limits, buckets } = histogram;
    const inner = new ProtoMessage().double(HISTOGRAM.min, min).double(HISTOGRAM.max, max);
    inner.double(HISTOGRAM.count, count).double(HISTOGRAM.sum, sum).double(HISTOGRAM.sumOfSquares, sumOfSquares);
    inner.doubles(HISTOGRAM.limits, limits).doubles(HISTOGRAM.buckets, buckets);
    value.message(VALUE.histogram, inner);
  }
  return value;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Fields by their number; of repeated ones the last. */
function fieldsOf(bytes: Uint8Array) {
  const numbers = new Map<number, number>();
  const parts = new Map<number, Uint8Array>();
  for (const { field, number, bytes: part } of readMessage(bytes)) {
    numbers.set(field, number);
    parts.set(field, part);
  }
  return { number: (field: number) => numbers.get(field) ?? 0, part: (field: number) => parts.get(field) };
}

function doubles(bytes: Uint8Array | undefined): number[] {
  if (!bytes) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

/** The event in a message of its own; fields that are not known here are passed over. */
export function decodeEvent(bytes: Uint8Array): TensorboardEvent {
  const event = fieldsOf(bytes);
  const version = event.part(EVENT.fileVersion);
  const summary = event.part(EVENT.summary);
  const values: EventValue[] = [];
  if (summary) {
    for (const { field, bytes: part } of readMessage(summary))
      if (field === SUMMARY_VALUE) values.push(decodeValue(part));
  }
  return {
    wallTime: event.number(EVENT.wallTime),
    step: event.number(EVENT.step),
    fileVersion: version && text(version),
    values,
  };
}

function decodeValue(bytes: Uint8Array): EventValue {
  const value = fieldsOf(bytes);
  const tag = text(value.part(VALUE.tag) ?? new Uint8Array(0));
  const image = value.part(VALUE.image);
  if (image) {
    const inner = fieldsOf(image);
    const [width, height] = [inner.number(IMAGE.width), inner.number(IMAGE.height)];
    return { tag, image: { width, height, png: inner.part(IMAGE.png) ?? new Uint8Array(0) } };
  }
  const histogram = value.part(VALUE.histogram);
  if (histogram) {
    const inner = fieldsOf(histogram);
    return {
      tag,
      histogram: {
        min: inner.number(HISTOGRAM.min),
        max: inner.number(HISTOGRAM.max),
        count: inner.number(HISTOGRAM.count),
        sum: inner.number(HISTOGRAM.sum),
        sumOfSquares: inner.number(HISTOGRAM.sumOfSquares),
        limits: doubles(inner.part(HISTOGRAM.limits)),
        buckets: doubles(inner.part(HISTOGRAM.buckets)),
      },
    };
  }
  return { tag, scalar: value.number(VALUE.scalar) };
}
