import type { Colour } from '../drawing/canvas.js';
import { cssColour, oklch } from '../drawing/colour-map.js';
import { html } from '../page/html.js';
import { at, figureOf } from './frame.js';

/** A point of a map. */
export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** Shown while the pointer rests on it. */
  readonly caption: string;
  /** Points of one group have one colour; those without are pale. */
  readonly group?: string;
  /** A ring instead of a dot. */
  readonly ring?: boolean;
}

/** Points in the plane. */
export interface Scatter {
  readonly title: string;
  readonly points: readonly ScatterPoint[];
  /** Names of the two axes, which have no numbers; may be empty. */
  readonly labels: readonly [x: string, y: string];
  readonly note?: string;
}

/** Room for the names of the axes at the left and below; the square of the points; a margin around these. */
const LABELS = 22;
const SIDE = 388;
const MARGIN = 10;

/** Turns the hue far at each step: neighbours in the list never look alike. */
const GOLDEN_ANGLE = 137.50776;

/** The colour of each group, in the order in which groups first come; the first place is that of points without one. */
export function groupColours(points: readonly ScatterPoint[]): Map<string, Colour> {
  const groups = [...new Set(points.map(({ group }) => group))].filter((group) => group !== undefined);
  return new Map(
    groups.map((group, i) => [group, oklch(i % 2 === 0 ? 0.68 : 0.55, 0.16, ((i + 1) * GOLDEN_ANGLE) % 360)]),
  );
}

/**
 * Draws points as SVG, both axes at one scale. Groups get hues at golden angles, in two lightnesses; where the pointer rests on
 * a point, other groups fade (see the page's style).
 */
export function scatterChart({ title, points, labels, note }: Scatter) {
  const shown = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const xs = shown.map(({ x }) => x);
  const ys = shown.map(({ y }) => y);
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), values[0] ?? 0);
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), values[0] ?? 0);
  const middle = (values: number[]) => (most(values) + least(values)) / 2;
  const spread = (values: number[]) => most(values) - least(values);
  const size = Math.max(spread(xs), spread(ys)) || 1;
  const [cx, cy] = [middle(xs), middle(ys)];
  const scale = (SIDE - 2 * MARGIN) / size;
  const left = labels[1] ? LABELS : 0;
  const toX = (x: number) => left + SIDE / 2 + (x - cx) * scale;
  const toY = (y: number) => SIDE / 2 - (y - cy) * scale;
  const groups = new Map<string | undefined, ScatterPoint[]>();
  // What has no group is drawn first, beneath the others.
  groups.set(undefined, []);
  for (const point of shown) {
    const group = groups.get(point.group);
    if (group) group.push(point);
    else groups.set(point.group, [point]);
  }
  const colours = groupColours(shown);
  const drawn = [...groups.values()].map((members) => {
    if (members.length === 0) return undefined;
    const { group } = members[0]!;
    const style = group === undefined ? undefined : html` style="--c:${cssColour(colours.get(group)!)}"`;
    return html`<g class="points"${style}>${members.map(
      ({ x, y, caption, ring }) =>
        html`<circle${ring && html` class="ring"`} cx="${at(toX(x))}" cy="${at(toY(y))}" r="3.5"><title>${caption}</title></circle>`,
    )}</g>`;
  });
  const named = [...groups.keys()].filter((name) => name !== undefined).length;
  const alt = `${title}: ${shown.length} points of ${named} groups.`;
  const box = html`<rect class="frame" x="${left + 0.5}" y="0.5" width="${SIDE - 1}" height="${SIDE - 1}" rx="3"/>`;
  const middleX = left + SIDE / 2;
  const names = html`<g class="labels">${labels[0] && html`<text x="${middleX}" y="${SIDE + 16}" text-anchor="middle">${labels[0]}</text>`}${
    labels[1] && html`<text transform="translate(12 ${SIDE / 2}) rotate(-90)" text-anchor="middle">${labels[1]}</text>`
  }</g>`;
  const page = { width: left + SIDE, height: SIDE + (labels[0] ? LABELS : 0) };
  return figureOf(page, { title, alt, note }, html`${box}${drawn}${names}`, undefined);
}
