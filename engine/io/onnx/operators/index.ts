import { elementwise } from './elementwise.js';
import type { Lowerings } from './lowering.js';
import { norms } from './norms.js';
import { planes } from './planes.js';
import { products } from './products.js';
import { reductions } from './reductions.js';
import { views } from './views.js';

/** Every operator that has a form in ONNX. */
export const lowerings: Lowerings = { ...elementwise, ...views, ...reductions, ...products, ...planes, ...norms };
