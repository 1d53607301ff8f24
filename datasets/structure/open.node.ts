export { openStructure, STRUCTURE_KINDS } from './open.js';
