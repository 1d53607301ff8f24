import type { Canvas, Colour } from './canvas.js';

/** A place in pixels; pixel centres lie at halves. */
export type Place = readonly [x: number, y: number];

/** Mixes a colour into one pixel. */
function blend(canvas: Canvas, x: number, y: number, colour: Colour, share: number): void {
  if (share <= 0 || x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return;
  const at = 3 * (y * canvas.width + x);
  for (let c = 0; c < 3; c++) {
    canvas.data[at + c] = Math.round(canvas.data[at + c]! + Math.min(1, share) * (colour[c]! - canvas.data[at + c]!));
  }
}

/** A straight line with round ends and smooth edges. */
export function drawLine(canvas: Canvas, from: Place, to: Place, colour: Colour, width = 1): void {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const reach = width / 2 + 1;
  const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - reach));
  const bottom = Math.min(canvas.height - 1, Math.ceil(Math.max(from[1], to[1]) + reach));
  const left = Math.max(0, Math.floor(Math.min(from[0], to[0]) - reach));
  const right = Math.min(canvas.width - 1, Math.ceil(Math.max(from[0], to[0]) + reach));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]];
      const share = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      const distance = Math.hypot(px - share * dx, py - share * dy);
      blend(canvas, x, y, colour, width / 2 + 0.5 - distance);
    }
  }
}

/** A filled circle with a smooth edge. */
export const drawDisc = (canvas: Canvas, middle: Place, radius: number, colour: Colour): void =>
  drawLine(canvas, middle, middle, colour, 2 * radius);
