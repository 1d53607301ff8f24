import type { Image } from '../../../datasets/image.js';
import { Canvas, type Colour } from './canvas.js';
import { type ColourMap, colourOf, HEAT } from './colour-map.js';
import { type HeatMap, heatRange, type OverlayOptions, overlayHeatmap, upsample } from './heatmap.js';

/** A colour map through these colours, straight in between. */
function through(stops: readonly Colour[]): ColourMap {
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(at), stops.length - 2);
    const mixed = [0, 1, 2].map((c) => {
      const [from, to] = [stops[left]![c]!, stops[left + 1]![c]!];
      return Math.round(from + (at - left) * (to - from));
    });
    return mixed as unknown as Colour;
  });
}

/** Viridis (van der Walt and Smith, 2015) at eleven steps. */
export const VIRIDIS: ColourMap = through([
  [68, 1, 84],
  [72, 37, 118],
  [65, 68, 135],
  [53, 96, 141],
  [42, 120, 142],
  [33, 144, 140],
  [34, 168, 132],
  [67, 191, 113],
  [122, 209, 81],
  [187, 223, 39],
  [253, 231, 37],
]);

/** Jet: each channel a trapezium. */
export const JET: ColourMap = Array.from({ length: 256 }, (_, i): Colour => {
  const t = i / 255;
  const level = (middle: number) => Math.round(255 * Math.min(1, Math.max(0, 1.5 - Math.abs(4 * t - middle))));
  return [level(3), level(2), level(1)];
});

/**
 * How maps lie over pictures. `heat`: the project's own, even in lightness. As in FGReID's script: `viridis`, seven tenths of it over
 * the picture, which is stretched to all levels; `jet`, added to the picture, the sum divided by its largest value.
 */
export const OVERLAY_STYLES = ['heat', 'viridis', 'jet'] as const;
export type OverlayStyle = (typeof OVERLAY_STYLES)[number];

/** The colours of a style. */
export const coloursOf = (style: OverlayStyle): ColourMap => ({ heat: HEAT, viridis: VIRIDIS, jet: JET })[style];

const VIRIDIS_SHARE = 0.7;

/** How a map is laid over a picture; nothing is needed. */
export interface StyledOverlay extends Pick<OverlayOptions, 'range' | 'width' | 'opacity'> {
  /** Default `heat`, the only one that `opacity` counts for. */
  readonly style?: OverlayStyle;
}

/**
 * Lays a map over a picture of its own size, upsampled bilinearly.
 *
 * @param range see {@link HeatRange}; default: the map's own smallest and largest value
 * @returns an RGB picture
 * @throws RangeError as overlayHeatmap
 */
export function overlayInStyle(
  image: Image,
  map: HeatMap,
  { style = 'heat', range, width = image.width, opacity }: StyledOverlay = {},
): Image {
  if (style === 'heat') return overlayHeatmap(image, map, { range, width, opacity });
  const [low, high] = heatRange(map, range);
  const height = Math.max(1, Math.round((width * image.height) / image.width));
  const canvas = new Canvas(width, height, [255, 255, 255]);
  canvas.image(image, { x: 0, y: 0, width, height });
  const heat = upsample(map, height, width);
  const colours = coloursOf(style);
  const { data } = canvas;
  const [darkest, lightest] = data.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [255, 0]);
  const span = Math.max(1, lightest! - darkest!);
  const sums = new Float64Array(data.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const colour = colourOf(colours, high > low ? (heat[pixel]! - low) / (high - low) : 0);
    for (let c = 0; c < 3; c++) {
      const at = 3 * pixel + c;
      const stretched = (255 * (data[at]! - darkest!)) / span;
      sums[at] =
        style === 'jet' ? data[at]! + colour[c]! : (1 - VIRIDIS_SHARE) * stretched + VIRIDIS_SHARE * colour[c]!;
    }
  }
  const scale =
    style === 'jet'
      ? 255 /
        Math.max(
          1,
          sums.reduce((a, b) => Math.max(a, b)),
        )
      : 1;
  sums.forEach((value, at) => {
    data[at] = Math.round(scale * value);
  });
  return canvas;
}
