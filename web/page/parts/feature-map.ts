import { counted, whole } from '../../words.js';
import type { MapPoint } from '../../worker/feature-map.js';
import { fill, h } from '../dom.js';
import { picturePart } from './picture.js';

interface Camera {
  /** Pixels of the page for a unit of the map. */
  scale: number;
  /** The map's place in the middle of the canvas. */
  x: number;
  y: number;
}

const RADIUS = 4;
/** How much is left of the colour of others while an identity is looked at. */
const FADED = 0.4;
const NEAR = 18;

/** A colour for each identity: hues at even steps, as light as the ground asks. */
const hueOf = (index: number): number => (index * 137.508) % 360;

/**
 * Features in the plane: to move, to zoom, and to ask for the picture behind a point.
 *
 * @param pictures how many there are, on the map or not
 */
export function featureMapPart(data: string, points: readonly MapPoint[], pictures: number): HTMLElement {
  const canvas = h('canvas', {
    class: 'map',
    tabIndex: 0,
    role: 'application',
    'aria-label':
      'Map of features. Arrow keys go from picture to picture of the same identity first, plus and minus zoom.',
  });
  const about = h(
    'div',
    { class: 'about', role: 'status' },
    h('p', { class: 'hint' }, 'Point at a dot to see its picture.'),
  );
  const identities = [...new Set(points.map(({ identity }) => identity))].sort();
  const hues = new Map(identities.map((identity, i) => [identity, hueOf(i)]));
  const order = points.map((_, i) => i).sort((a, b) => points[a]!.identity.localeCompare(points[b]!.identity) || a - b);
  const camera: Camera = { scale: 1, x: 0, y: 0 };
  let chosen: number | undefined;

  const fit = (): void => {
    const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    camera.x = (left + right) / 2;
    camera.y = (low + high) / 2;
    camera.scale = 0.92 * Math.min(canvas.clientWidth / (right - left || 1), canvas.clientHeight / (high - low || 1));
  };
  const placeOf = ({ x, y }: MapPoint): readonly [number, number] => [
    canvas.clientWidth / 2 + (x - camera.x) * camera.scale,
    canvas.clientHeight / 2 + (y - camera.y) * camera.scale,
  ];

  const draw = (): void => {
    const ratio = devicePixelRatio;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const context = canvas.getContext('2d')!;
    context.scale(ratio, ratio);
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const ink = getComputedStyle(canvas).getPropertyValue('--ink').trim();
    const quiet = getComputedStyle(canvas).getPropertyValue('--quiet').trim();
    const same = chosen === undefined ? undefined : points[chosen]!.identity;
    for (const point of points) {
      const [x, y] = placeOf(point);
      if (x < -RADIUS || y < -RADIUS || x > canvas.clientWidth + RADIUS || y > canvas.clientHeight + RADIUS) continue;
      const colour = point.distractor ? quiet : `hsl(${hues.get(point.identity)} 62% ${dark ? 66 : 40}%)`;
      context.globalAlpha = same !== undefined && point.identity !== same ? FADED : 1;
      context.beginPath();
      context.arc(x, y, RADIUS, 0, 2 * Math.PI);
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = 1.75;
      if (point.query) context.stroke();
      else context.fill();
    }
    context.globalAlpha = 1;
    if (chosen === undefined) return;
    const [x, y] = placeOf(points[chosen]!);
    context.beginPath();
    context.arc(x, y, RADIUS + 4, 0, 2 * Math.PI);
    context.strokeStyle = ink;
    context.stroke();
  };

  const choose = (index: number | undefined): void => {
    if (index === chosen) return;
    chosen = index;
    draw();
    if (index === undefined) return;
    const { path, identity, camera: seen, query } = points[index]!;
    fill(
      about,
      picturePart(data, path, `identity ${identity}`, 128),
      h('p', { class: 'figures' }, h('strong', {}, identity), ` · camera ${seen + 1} · ${query ? 'query' : 'gallery'}`),
      h('p', { class: 'quiet' }, path.slice(path.lastIndexOf('/') + 1)),
    );
  };

  const nearest = (px: number, py: number): number | undefined => {
    let found: number | undefined;
    let least = NEAR;
    for (const [i, point] of points.entries()) {
      const [x, y] = placeOf(point);
      const distance = Math.hypot(x - px, y - py);
      if (distance < least) [least, found] = [distance, i];
    }
    return found;
  };

  const zoom = (by: number, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2): void => {
    const scale = Math.min(Math.max(camera.scale * by, 1e-3), 1e6);
    const [dx, dy] = [px - canvas.clientWidth / 2, py - canvas.clientHeight / 2];
    camera.x += dx / camera.scale - dx / scale;
    camera.y += dy / camera.scale - dy / scale;
    camera.scale = scale;
    draw();
  };

  const fingers = new Map<number, readonly [number, number]>();
  const spread = (): number => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
    choose(nearest(event.offsetX, event.offsetY) ?? chosen);
  });
  canvas.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return choose(nearest(event.offsetX, event.offsetY) ?? chosen);
    const wide = spread();
    fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
    if (fingers.size === 2 && wide > 0) return zoom(spread() / wide);
    camera.x -= (event.offsetX - before[0]) / camera.scale;
    camera.y -= (event.offsetY - before[1]) / camera.scale;
    draw();
  });
  for (const end of ['pointerup', 'pointercancel'] as const)
    canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    },
    { passive: false },
  );
  canvas.addEventListener('keydown', (event) => {
    const at = chosen === undefined ? -1 : order.indexOf(chosen);
    const step =
      event.key === 'ArrowRight' || event.key === 'ArrowDown'
        ? 1
        : event.key === 'ArrowLeft' || event.key === 'ArrowUp'
          ? -1
          : 0;
    if (step !== 0) choose(order[(at + step + order.length) % order.length]);
    else if (event.key === '+' || event.key === '=') zoom(1.4);
    else if (event.key === '-') zoom(1 / 1.4);
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => {
    if (canvas.clientWidth === 0) return;
    fit();
    draw();
  }).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  const showAll = () => {
    fit();
    draw();
  };
  return h(
    'div',
    { class: 'stack' },
    h(
      'p',
      { class: 'hint' },
      `${points.length < pictures ? `${whole(points.length)} of ${counted(pictures, 'picture')}` : counted(pictures, 'picture')} by t-SNE; one colour for each identity, rings are queries. Near points are alike; gaps and sizes of clusters mean little.`,
    ),
    h('div', { class: 'map-place' }, canvas, about),
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'button', 'aria-label': 'Zoom in', onclick: () => zoom(1.4) }, '+'),
      h('button', { type: 'button', 'aria-label': 'Zoom out', onclick: () => zoom(1 / 1.4) }, '−'),
      h('button', { type: 'button', onclick: showAll }, 'Whole map'),
    ),
  );
}
