import type { Case } from '../case.js';
import { convolutions } from './convolutions.js';
import { elements } from './elements.js';
import { lines } from './lines.js';
import { norms } from './norms.js';
import { products } from './products.js';
import { spatial } from './spatial.js';
import { training } from './training.js';

/** Every benchmark, as `npm run bench` runs them. */
export const cases: readonly Case[] = [
  ...products,
  ...convolutions,
  ...norms,
  ...spatial,
  ...lines,
  ...elements,
  ...training,
];
