import { fill } from '../../golden/fill.js';

/** Labels and distances of a small random retrieval, with many equal distances. */
export function randomCase(name: string | number, queries = 6, gallery = 60, levels = 12) {
  const draw = (what: string, count: number, most: number, offset = 0) =>
    fill(`${name}/${what}`, [count], { kind: 'quant', levels: most, offset });
  return {
    matrix: draw('distance', queries * gallery, levels).map((distance) => distance / levels),
    query: { identities: draw('qi', queries, 4, 1), cameras: draw('qc', queries, 3) },
    gallery: { identities: draw('gi', gallery, 5), cameras: draw('gc', gallery, 3) },
  };
}
