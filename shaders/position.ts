import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { flatMain, itemGrid, type Param, type Shader, storage } from './shader.js';

export interface PlaneKernel {
  readonly name: string;
  readonly variant: string;
  /** N · C, and the size of a plane of the result. */
  readonly planes: number;
  readonly size: readonly [number, number];
  readonly reads: readonly string[];
  /** Scalars of its own: WGSL fields and their values. */
  readonly fields: readonly (readonly [field: string, value: Param])[];
  /** WGSL: `fn value(plane: i32, y: i32, x: i32) -> f32`, and what it calls. With `places`, a vec2u of the bits and a place. */
  readonly functions: string;
  /** A second result of u32. */
  readonly places?: boolean;
  readonly flops: number;
  readonly bytes: number;
}

/**
 * A kernel over planes [planes, height, width] whose every element is computed by itself. One invocation takes four neighbours:
 * finding out where it is, and loading the scalars, costs more than most of what is computed.
 */
export function eachInPlanes(kernel: PlaneKernel): Shader {
  const { name, variant, planes, size, reads, fields, functions, places, flops, bytes } = kernel;
  const [h, w] = size;
  const quads = Math.ceil((planes * h * w) / 4);
  const writes = ['result: array<vec4f>', ...(places ? ['places: array<vec4u>'] : [])];
  return {
    name,
    variant,
    grid: itemGrid(quads),
    params: [quads, h, w, ...fields.map(([, value]) => value)],
    flops,
    bytes,
    code: () => wgsl`
struct Params {
  n: u32, own_h: i32, own_w: i32, ${fields.map(([field]) => field).join(', ')}
}
${storage(reads, writes)}
@group(0) @binding(99) var<uniform> p: Params;
${functions}
${flatMain}
  if (item >= p.n) { return; }
  let line = i32(4u * item / u32(p.own_w));
  var x = i32(4u * item) - line * p.own_w;
  var plane = i32(u32(line) / u32(p.own_h));
  var y = line - plane * p.own_h;
  var values = vec4f(0.0);
  ${places ? 'var spots = vec4u(0u);' : ''}
  for (var k = 0; k < 4; k++) {
    ${
      places
        ? `let found = value(plane, y, x);
    values[k] = bitcast<f32>(found.x);
    spots[k] = found.y;`
        : 'values[k] = value(plane, y, x);'
    }
    x++;
    if (x == p.own_w) { x = 0; y++; }
    if (y == p.own_h) { y = 0; plane++; }
  }
  result[item] = values;
  ${places ? 'places[item] = spots;' : ''}
}`,
  };
}
