import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePng } from '../../../../datasets/index.js';
import { crc32c, maskedCrc32c } from '../../../../reid/report/tensorboard/crc32c.js';
import { encodeEvent, FILE_VERSION } from '../../../../reid/report/tensorboard/event.js';
import { frameRecord, readRecords } from '../../../../reid/report/tensorboard/records.js';
import {
  eventHistogram,
  eventImage,
  eventRecord,
  readEvents,
  scalarsOf,
} from '../../../../reid/report/tensorboard/tensorboard.js';

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

test('CRC-32C by the published examples (RFC 3720, B.4)', () => {
  assert.is(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.is(crc32c(new Uint8Array(0)), 0);
  // ((crc >> 15) | (crc << 17)) + 0xa282ead8 of 0: the constant itself.
  assert.is(maskedCrc32c(new Uint8Array(0)), 0xa282ead8);
});

test('an event by hand', () => {
  const bytes = encodeEvent({ wallTime: 2, step: 300, values: [{ tag: 'a', scalar: 1 }] });
  assert.is(hex(bytes), '09 00 00 00 00 00 00 00 40 10 ac 02 2a 0a 0a 08 0a 01 61 15 00 00 80 3f');
});

const png = await encodePng({ width: 3, height: 2, data: new Uint8Array(18).fill(7) });
const EVENTS = [
  { wallTime: 1e9 + 0.25, step: 0, fileVersion: FILE_VERSION, values: [] },
  { wallTime: 1e9 + 1, step: 1, values: [{ tag: 'train/loss', scalar: 0.5 }] },
  {
    wallTime: 1e9 + 2,
    step: 4_000_000_000,
    values: [
      { tag: 'Größe', scalar: -3 },
      { tag: 'ranks', image: eventImage(png) },
      { tag: 'weights', histogram: eventHistogram([1, 2, 2, 5])! },
    ],
  },
];

test('a file of events reads back as it was written', () => {
  const file = join(...EVENTS.map(eventRecord));
  const { events, bytes } = readEvents(file);
  assert.is(bytes, file.length);
  assert.equal(
    events.map(({ fileVersion, ...event }) => (fileVersion === undefined ? event : { ...event, fileVersion })),
    EVENTS,
  );
  assert.equal([EVENTS[2]!.values[1]!.image!.width, EVENTS[2]!.values[1]!.image!.height], [3, 2]);
});

test('a file that was cut or damaged reads up to there', () => {
  const file = join(...EVENTS.map(eventRecord));
  const ends = [0, ...[...readRecords(file)].map(({ end }) => end)];
  for (let length = 0; length < file.length; length++) {
    const whole = ends.filter((end) => end <= length).length - 1;
    const { events, bytes } = readEvents(file.subarray(0, length));
    assert.equal([events.length, bytes], [whole, ends[whole]], `${length} bytes`);
  }
  for (let at = ends[1]!; at < ends[2]!; at++) {
    const damaged = file.slice();
    damaged[at]! ^= 0x10;
    assert.is(readEvents(damaged).events.length, 1, `damaged at ${at}`);
  }
  // A length beyond the file, its checksum right: a half-written record, not a reason to take all memory.
  const huge = frameRecord(new Uint8Array(8));
  new DataView(huge.buffer).setUint32(4, 0x10000, true);
  new DataView(huge.buffer).setUint32(8, maskedCrc32c(huge.subarray(0, 8)), true);
  assert.equal(readEvents(huge), { events: [], bytes: 0 });
});

test('histograms hold each finite value once', () => {
  const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i) * i);
  const { min, max, count, sum, limits, buckets } = eventHistogram([...values, Number.NaN, Number.POSITIVE_INFINITY])!;
  assert.equal([min, max, count], [Math.min(...values), Math.max(...values), 1000]);
  assert.is(
    sum,
    values.reduce((a, b) => a + b, 0),
  );
  buckets.forEach((bucket, i) => {
    const from = i === 0 ? Number.NEGATIVE_INFINITY : limits[i - 1]!;
    // A limit is a rounded number: what lies on it may be counted on either side.
    const inside = (slack: number) => values.filter((v) => v > from - slack && v <= limits[i]! + slack).length;
    assert.ok(bucket >= inside(-1e-9) && bucket <= inside(1e-9), `bucket ${i}`);
  });
  assert.is(
    buckets.reduce((a, b) => a + b, 0),
    1000,
  );
  assert.is(limits.at(-1), max);
  assert.equal(eventHistogram([3, 3])!.buckets[0], 2);
  assert.is(eventHistogram([Number.NaN]), undefined);
});

test('scalars of a log line', () => {
  assert.equal(scalarsOf({ step: 3, epoch: 0, images: 64, lr: 0.1, loss: 2, profiled: true }), {
    'train/epoch': 0,
    'train/lr': 0.1,
    'train/loss': 2,
  });
  assert.equal(scalarsOf({ step: 3, epoch: 0, evaluation: { mAP: 0.5, cmc: { '1': 0.25, '5': 0.5 }, mINP: 0.1 } }), {
    'evaluation/mAP': 0.5,
    'evaluation/mINP': 0.1,
    'evaluation/rank-1': 0.25,
    'evaluation/rank-5': 0.5,
  });
  assert.throws(() => eventImage(Uint8Array.of(1, 2, 3)), /no PNG/);
});

test.run();
