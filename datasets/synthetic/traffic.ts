import { RandomStream } from '../../random/philox.js';
import type { Image } from '../image.js';
import { bodywork } from './bodywork.js';
import { type Camera, cameraOf, expose } from './camera.js';
import { blur, createCanvas, toImage } from './canvas.js';
import { hex } from './colour.js';
import { drawFurniture } from './furniture.js';
import { drawPanels, type Lens, lensAt, type Panel, project } from './panel.js';
import { drawGroundShadow, drawRoad, type Road } from './road.js';
import type { Point } from './solid.js';
import { drawVehicle, type Vehicle } from './vehicle.js';

/** A camera above a road. */
export interface RoadCamera {
  readonly road: Road;
  /** Usual direction of the traffic, as the turn of a vehicle; its deviation; how often one drives the other way. */
  readonly yaw: number;
  readonly yawSpread: number;
  readonly turnShare: number;
  /** How far it looks down, and from how far. */
  readonly pitch: number;
  readonly distance: number;
  /** Light and optics are those of a camera that films people. */
  readonly sight: Pick<Camera, 'light' | 'optics'>;
}

/** Towards the camera, away, and aslant: cameras of crossroads see few vehicles from the side. */
const YAWS = [0.35, 2.75, 5.7, 3.6, 0.9, 4.5, 5.2, 2.1];

/**
 * The road camera of a number. Eight in a row differ in direction, and in scene and light; another seed is another town.
 *
 * @param index 0-based
 */
export function roadCameraOf(seed: number, index: number): RoadCamera {
  const order = new RandomStream(seed, 'synthetic road cameras', Math.floor(index / YAWS.length));
  const yaws = order.shuffle([...YAWS]);
  const random = new RandomStream(seed, 'synthetic road camera', index);
  const { light, optics } = cameraOf(seed, index);
  return {
    road: {
      layer: random.integer(1 << 20),
      asphalt: random.choice(['66676a', '77756f', '5a5d62', '858279'].map(hex)),
      mark: random.choice(['d6d5ce', 'd6d5ce', 'cfae45'].map(hex)),
      dash: random.range(4, 9),
      kerb: random.range(1.7, 4.5),
      lanes: 1 + random.integer(3),
      verge: random.choice(['grass', 'pavement', 'gravel'] as const),
      ...(random.uniform() < 0.35 ? { crossing: random.range(-6, 6) } : {}),
    },
    yaw: yaws[index % YAWS.length]! + random.range(-0.15, 0.15),
    yawSpread: 0.16,
    turnShare: 0.12,
    pitch: random.range(0.18, 0.55),
    distance: random.range(11, 22),
    sight: { light, optics: { ...optics, blur: optics.blur * 0.8 } },
  };
}

/** A vehicle's panels at another place. */
const movedBy = (panels: readonly Panel[], dx: number, dz: number): Panel[] => {
  const move = ([x, y, z]: Point): Point => [x + dx, y, z + dz];
  return panels.map(({ corners, paint, inside, bend }) => ({
    corners: corners.map(move),
    paint: (x, y, z, out) => paint(x - dx, y, z - dz, out),
    inside: move(inside),
    ...(bend ? { bend: (x: number, y: number, z: number) => bend(x - dx, y, z - dz) } : {}),
  }));
};

/** Looks at a vehicle so that it fills its box. */
function framed(panels: readonly Panel[], lens: Lens, height: number, width: number, random: RandomStream): Lens {
  const places = panels.flatMap(({ corners }) => corners).map((corner) => project(lens, corner));
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const bad = random.uniform() < 0.08;
  const fill = bad ? random.range(0.7, 1.2) : random.range(0.88, 0.97);
  const scale = fill * Math.min(width / (right - left), height / (bottom - top));
  const off = bad ? 0.08 : 0.02;
  return {
    ...lens,
    scale,
    x: width * (0.5 + random.normal() * off) - (scale * (left + right)) / 2,
    y: height * (0.5 + random.normal() * off) - (scale * (top + bottom)) / 2,
  };
}

/** Another vehicle ahead, behind or in the next lane, often cut off by the edge of the picture. */
function neighbour(vehicle: Vehicle, road: Road, random: RandomStream): readonly [Vehicle, number, number] {
  const other = drawVehicle(random);
  const room = (vehicle.shape.length + other.shape.length) / 2;
  if (road.lanes > 1 && random.uniform() < 0.55) return [other, 3.4, random.range(-room, room)];
  return [other, random.range(-0.3, 0.3), (random.uniform() < 0.5 ? 1 : -1) * (room + random.range(1.2, 4))];
}

/**
 * One picture of a vehicle by a road camera: road, other traffic, the vehicle, what stands in front, and then the camera's faults.
 *
 * @param height of the picture in pixels
 */
export function drawTraffic(
  vehicle: Vehicle,
  camera: RoadCamera,
  height: number,
  width: number,
  random: RandomStream,
): Image {
  const canvas = createCanvas(width, height);
  const { road, sight } = camera;
  const turned = random.uniform() < camera.turnShare ? Math.PI : 0;
  const yaw = camera.yaw + turned + random.normal() * camera.yawSpread;
  const pitch = Math.max(0.12, camera.pitch + random.normal() * 0.05);
  const distance = camera.distance * random.range(0.85, 1.15) + vehicle.shape.length / 2;
  const panels = bodywork(vehicle);
  const lens = framed(panels, lensAt([0, vehicle.shape.roof / 2, 0], yaw, pitch, distance), height, width, random);
  const light = { ...sight.light, ambient: sight.light.ambient * random.range(0.92, 1.1) };
  drawRoad(canvas, road, lens, random.range(0, 100), (light.ambient + 0.7 * light.direct) * random.range(0.95, 1.1));
  const all = [...panels];
  if (random.uniform() < 0.35) {
    const [other, x, z] = neighbour(vehicle, road, random);
    drawGroundShadow(canvas, lens, [x, z], [other.shape.width / 2, other.shape.length / 2], 0.55);
    all.push(...movedBy(bodywork(other), x, z));
  }
  blur(canvas, 0.004 * height);
  const shift = sight.light.direction[0] > 0 ? -0.15 : 0.15;
  drawGroundShadow(canvas, lens, [shift, 0], [vehicle.shape.width / 2, vehicle.shape.length / 2], 0.7);
  drawPanels(canvas, all, lens, light);
  if (random.uniform() < 0.1) drawFurniture(canvas, random);
  const flicker = random.range(0.93, 1.07);
  const { gains } = sight.optics;
  const optics = { ...sight.optics, gains: [gains[0] * flicker, gains[1] * flicker, gains[2] * flicker] as const };
  expose(canvas, optics, random.integer(1 << 30));
  return toImage(canvas);
}
