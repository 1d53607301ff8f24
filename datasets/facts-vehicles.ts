import type { DatasetFacts, PublishedCount, Trust } from './facts.js';

const split = (
  trust: Trust,
  images: number,
  identities: number,
  more: Partial<PublishedCount> = {},
): PublishedCount => ({
  trust,
  images,
  identities,
  junk: 0,
  distractors: 0,
  ...more,
});

const VEHICLE_ID_TRAIN = [split('loaders', 113_346, 13_164)];

const vehicleId = (title: string, identities: number, images: number): DatasetFacts => ({
  title: `VehicleID, ${title}`,
  train: VEHICLE_ID_TRAIN,
  query: [split('loaders', images - identities, identities)],
  gallery: [split('loaders', identities, identities)],
});

/** The published figures of vehicles. */
export const VEHICLE_FACTS = {
  veri: {
    title: 'VeRi-776',
    train: [
      split('loaders', 37_778, 576, { cameras: 20, edition: "as its authors' documents have it" }),
      split('loaders', 37_746, 575, { cameras: 20, edition: 'as the copies in circulation have it' }),
    ],
    query: [split('loaders', 1_678, 200)],
    gallery: [split('loaders', 11_579, 200, { cameras: 19 })],
  },
  'vehicleid-small': vehicleId('small', 800, 6_493),
  'vehicleid-medium': vehicleId('medium', 1_600, 13_377),
  'vehicleid-large': vehicleId('large', 2_400, 19_777),
  vric: {
    title: 'VRIC',
    train: [split('paper', 54_808, 2_811)],
    query: [split('paper', 2_811, 2_811)],
    gallery: [split('paper', 2_811, 2_811)],
  },
} as const satisfies Readonly<Record<string, DatasetFacts>>;
