import { RandomStream } from '../../random/philox.js';
import { DISTRACTOR, type ImageRecord, type ReidDataset } from '../dataset.js';
import { DatasetError } from '../error.js';
import type { Image } from '../image.js';
import { checkNumbers } from './options.js';
import { drawTraffic, type RoadCamera, roadCameraOf } from './traffic.js';
import { passTimes, RECORDING } from './travel.js';
import { drawVehicle, type Vehicle } from './vehicle.js';

export interface SyntheticVehicleOptions {
  /** Another seed is another town: other vehicles, other cameras. */
  readonly seed?: number;
  /** Vehicles to train on. */
  readonly identities?: number;
  /** Vehicles to test on; none of them is in the training set. */
  readonly testIdentities?: number;
  /** Pictures of each vehicle in each camera, shortly one after the other; of the test vehicles, one is the query. */
  readonly images?: number;
  readonly cameras?: number;
  /** Gallery pictures of other traffic, which match no query. */
  readonly distractors?: number;
  /** 1: vehicles drive along a road, so that travel times between cameras mean something. 0: they are seen at any time anywhere. */
  readonly travel?: number;
  /** Size of the pictures in pixels. */
  readonly height?: number;
  readonly width?: number;
}

export const SYNTHETIC_VEHICLE_DEFAULTS: Required<SyntheticVehicleOptions> = {
  seed: 1,
  identities: 64,
  testIdentities: 48,
  images: 2,
  cameras: 6,
  distractors: 48,
  travel: 1,
  height: 96,
  width: 128,
};

const LIMITS: Readonly<Record<keyof SyntheticVehicleOptions, readonly [number, number]>> = {
  seed: [0, 2 ** 32 - 1],
  identities: [2, 100_000],
  testIdentities: [2, 100_000],
  images: [2, 64],
  cameras: [2, 64],
  distractors: [0, 100_000],
  travel: [0, 1],
  height: [16, 4096],
  width: [16, 4096],
};

/** Streams of shots are numbered vehicle by vehicle: this many for each. */
const SHOTS_PER_VEHICLE = 4096;

/** Other traffic is vehicles too, with numbers after everybody else's. */
const FIRST_PASSER_BY = 1_000_000;

/** Frames between two pictures of a vehicle in a camera. */
const STEP = 25;

interface Shot {
  readonly vehicle: number;
  readonly camera: number;
  readonly index: number;
}

/**
 * A re-identification dataset of drawn vehicles: each has a body, colours, lights, wheels, and things on its roof and panes, and
 * drives past cameras that differ in direction, height, road, light and sharpness. Names are VeRi-776's, with a true clock:
 * `0001_c001_00016450_0`. Pictures are drawn when they are read; the same options give the same bytes.
 *
 * @throws DatasetError naming the option that makes no sense
 *
 * @example
 *   const dataset = createSyntheticVehicles({ seed: 1, identities: 32 });
 *   const picture = await dataset.read(dataset.train[0]);
 */
export function createSyntheticVehicles(options: SyntheticVehicleOptions = {}): ReidDataset {
  const all = { ...SYNTHETIC_VEHICLE_DEFAULTS, ...options };
  checkNumbers('synthetic-vehicles', all, LIMITS);
  const { seed, identities, testIdentities, images, cameras, distractors, height, width } = all;
  const lenses: RoadCamera[] = Array.from({ length: cameras }, (_, index) => roadCameraOf(seed, index));
  const vehicles = new Map<number, Vehicle>();
  const shots = new Map<string, Shot>();

  const vehicleOf = (number: number): Vehicle => {
    const vehicle = vehicles.get(number) ?? drawVehicle(new RandomStream(seed, 'synthetic vehicle', number));
    vehicles.set(number, vehicle);
    return vehicle;
  };
  const record = (shot: Shot, identity: number, identityName: string, first: number): ImageRecord => {
    const frame = first + shot.index * STEP;
    const camera = String(shot.camera + 1).padStart(3, '0');
    const name = `${identityName}_c${camera}_${String(frame).padStart(8, '0')}_${shot.index}`;
    const path = `synthetic-vehicles/${seed}/${height}x${width}/${name}`;
    shots.set(path, shot);
    return { path, identity, camera: shot.camera, identityName, frame };
  };
  const nameOf = (vehicle: number): string => String(vehicle).padStart(4, '0');

  const [train, query, gallery]: ImageRecord[][] = [[], [], []];
  for (let vehicle = 1; vehicle <= identities + testIdentities; vehicle++) {
    const times = passTimes(seed, cameras, vehicle, all.travel === 1);
    for (let camera = 0; camera < cameras; camera++) {
      for (let index = 0; index < images; index++) {
        const shot = { vehicle, camera, index };
        const [name, first] = [nameOf(vehicle), times[camera]!];
        if (vehicle <= identities) train!.push(record(shot, vehicle - 1, name, first));
        else (index === 0 ? query : gallery)!.push(record(shot, vehicle, name, first));
      }
    }
  }
  for (let number = 0; number < distractors; number++) {
    const when = 1 + new RandomStream(seed, 'synthetic stranger', number).integer(RECORDING);
    // The number of the picture tells strangers apart that a camera sees at the same time.
    const shot = { vehicle: FIRST_PASSER_BY + number, camera: number % cameras, index: number };
    gallery!.push(record(shot, DISTRACTOR, '0000', when));
  }

  const read = async ({ path }: { readonly path: string }): Promise<Image> => {
    const shot = shots.get(path);
    if (!shot) throw new DatasetError(`${path} is not a picture of these synthetic vehicles (seed ${seed}).`);
    const stream = shot.vehicle * SHOTS_PER_VEHICLE + shot.camera * 64 + shot.index;
    const random = new RandomStream(seed, 'synthetic vehicle shot', stream);
    return drawTraffic(vehicleOf(shot.vehicle), lenses[shot.camera]!, height, width, random);
  };
  return {
    name: `synthetic vehicles: drawn, seed ${seed}`,
    train: train!,
    query: query!,
    gallery: gallery!,
    identities,
    cameras,
    timed: true,
    onDisk: false,
    read,
  };
}
