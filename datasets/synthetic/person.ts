import type { RandomStream } from '../../random/philox.js';
import {
  BAG_COLOURS,
  BLACK,
  BRIGHT_COLOURS,
  brightness,
  type Colour,
  draw,
  HAIR,
  hex,
  LOWER_COLOURS,
  mix,
  SHOE_COLOURS,
  SKIN,
  UPPER_COLOURS,
  varied,
  WHITE,
} from './colour.js';

export type Pattern = 'plain' | 'stripes' | 'pinstripes' | 'checks' | 'dots' | 'yoke' | 'panel' | 'band';

/** A cloth: two colours and how they lie. */
export interface Cloth {
  readonly pattern: Pattern;
  readonly main: Colour;
  readonly second: Colour;
  /** Length after which the pattern repeats, in body heights. */
  readonly repeat: number;
}

export type Print = 'none' | 'disc' | 'square' | 'triangle' | 'cross' | 'bars' | 'ring' | 'letters';

export interface Upper {
  readonly kind: 'shirt' | 'hoodie' | 'jacket' | 'coat' | 'dress';
  readonly cloth: Cloth;
  readonly sleeves: 'long' | 'short' | 'none';
  readonly sleeveColour?: Colour;
  /** What shows where a jacket or coat is open. */
  readonly inner?: Colour;
  readonly print: Print;
  readonly printColour: Colour;
  /** The print is on the back too. */
  readonly backPrint: boolean;
}

export interface Lower {
  readonly kind: 'slim' | 'straight' | 'wide' | 'shorts' | 'skirt' | 'long skirt';
  readonly cloth: Cloth;
  /** Stripe down the outside of each leg. */
  readonly seam?: Colour;
  /** Tights under a skirt, or bare legs. */
  readonly tights?: Colour;
}

export type Hair = 'bald' | 'crop' | 'short' | 'bob' | 'long' | 'ponytail' | 'bun' | 'afro';

export interface Hat {
  readonly kind: 'cap' | 'beanie' | 'brim';
  readonly colour: Colour;
}

export interface Bag {
  readonly kind: 'backpack' | 'shoulder' | 'hand';
  readonly colour: Colour;
  readonly trim: Colour;
  /** Side on which it hangs: 1 the left, -1 the right. */
  readonly side: 1 | -1;
  readonly size: number;
}

/** All that makes somebody recognisable. Lengths and widths are factors, 1 being usual. */
export interface Person {
  readonly girth: number;
  readonly shoulders: number;
  readonly hips: number;
  /** Share of the height below the hip joint. */
  readonly legs: number;
  readonly head: number;
  readonly skin: Colour;
  readonly hair: Hair;
  readonly hairColour: Colour;
  readonly beard: boolean;
  readonly upper: Upper;
  readonly lower: Lower;
  readonly shoes: { readonly kind: 'low' | 'boots'; readonly colour: Colour; readonly sole: Colour };
  readonly scarf?: Colour;
  readonly hat?: Hat;
  readonly bag?: Bag;
  /** Largest swing of the legs when walking, in radians. */
  readonly stride: number;
}

/** A second colour that stands out from the first. */
function contrasting(main: Colour, random: RandomStream): Colour {
  const light = brightness(main) > 0.5;
  const other = random.uniform() < 0.5 ? draw(BRIGHT_COLOURS, random) : light ? draw(LOWER_COLOURS, random) : WHITE;
  return Math.abs(brightness(other) - brightness(main)) > 0.18 ? other : light ? BLACK : WHITE;
}

function drawCloth(main: Colour, random: RandomStream, patterned: number): Cloth {
  const pattern: Pattern =
    random.uniform() < patterned
      ? draw(
          [
            [4, 'stripes'],
            [1.5, 'pinstripes'],
            [3, 'checks'],
            [1, 'dots'],
            [2, 'yoke'],
            [2, 'panel'],
            [2, 'band'],
          ] as const,
          random,
        )
      : 'plain';
  const repeat = pattern === 'pinstripes' ? random.range(0.028, 0.036) : random.range(0.04, 0.075);
  return { pattern, main, second: contrasting(main, random), repeat };
}

function drawUpper(feminine: boolean, random: RandomStream): Upper {
  const kind = draw(
    [
      [5, 'shirt'],
      [2.5, 'hoodie'],
      [3, 'jacket'],
      [1.5, 'coat'],
      [feminine ? 2 : 0, 'dress'],
    ] as const,
    random,
  );
  const main = varied(draw(UPPER_COLOURS, random), random);
  const patterned = { shirt: 0.5, hoodie: 0.25, jacket: 0.25, coat: 0.15, dress: 0.5 }[kind];
  const cloth = drawCloth(main, random, patterned);
  const bare = kind === 'shirt' || kind === 'dress';
  const sleeves = bare
    ? draw(
        [
          [4, 'short'],
          [3, 'long'],
          [feminine ? 1.5 : 0.3, 'none'],
        ] as const,
        random,
      )
    : 'long';
  const plain = cloth.pattern === 'plain';
  const print: Print =
    plain && (kind === 'shirt' || kind === 'hoodie') && random.uniform() < 0.65
      ? random.choice(['disc', 'square', 'triangle', 'cross', 'bars', 'ring', 'letters'] as const)
      : 'none';
  const open = (kind === 'jacket' || kind === 'coat') && random.uniform() < 0.6;
  return {
    kind,
    cloth,
    sleeves,
    ...(plain && random.uniform() < 0.15 ? { sleeveColour: contrasting(main, random) } : {}),
    ...(open ? { inner: contrasting(main, random) } : {}),
    print,
    printColour: contrasting(main, random),
    backPrint: random.uniform() < 0.35,
  };
}

function drawLower(feminine: boolean, random: RandomStream): Lower {
  const kind = draw(
    [
      [feminine ? 4 : 2, 'slim'],
      [4, 'straight'],
      [1.2, 'wide'],
      [2, 'shorts'],
      [feminine ? 3 : 0, 'skirt'],
      [feminine ? 1.2 : 0, 'long skirt'],
    ] as const,
    random,
  );
  const main = varied(draw(LOWER_COLOURS, random), random);
  const cloth = drawCloth(main, random, kind === 'skirt' || kind === 'long skirt' ? 0.35 : 0);
  const trousers = kind === 'slim' || kind === 'straight' || kind === 'wide';
  return {
    kind,
    cloth: kind === 'shorts' || trousers ? { ...cloth, pattern: 'plain' } : cloth,
    ...(trousers && random.uniform() < 0.14 ? { seam: contrasting(main, random) } : {}),
    ...(random.uniform() < 0.4 ? { tights: random.choice([BLACK, hex('4a4a52'), hex('6b4b3e'), hex('2a2f52')]) } : {}),
  };
}

/**
 * Draws one person's looks.
 *
 * @example
 *   const person = drawPerson(new RandomStream(seed, 'synthetic person', 12));
 */
export function drawPerson(random: RandomStream): Person {
  const feminine = random.uniform() < 0.5;
  const skin = varied(random.choice(SKIN), random, 0.03);
  const hair: Hair = feminine
    ? draw(
        [
          [3, 'long'],
          [2, 'ponytail'],
          [2, 'bob'],
          [1.5, 'bun'],
          [1, 'short'],
          [0.6, 'afro'],
        ] as const,
        random,
      )
    : draw(
        [
          [4, 'short'],
          [4, 'crop'],
          [1.2, 'bald'],
          [0.7, 'afro'],
          [0.5, 'long'],
          [0.4, 'bun'],
        ] as const,
        random,
      );
  const upper = drawUpper(feminine, random);
  const lower = drawLower(feminine, random);
  const shoeColour = varied(draw(SHOE_COLOURS, random), random);
  const bagKind = draw(
    [
      [4, 'none'],
      [3, 'backpack'],
      [2, 'shoulder'],
      [1.5, 'hand'],
    ] as const,
    random,
  );
  const bagColour = varied(draw(BAG_COLOURS, random), random);
  const hatKind = draw(
    [
      [7.5, 'none'],
      [1.3, 'cap'],
      [1, 'beanie'],
      [0.6, 'brim'],
    ] as const,
    random,
  );
  const hatColour = varied(random.uniform() < 0.5 ? draw(BRIGHT_COLOURS, random) : draw(BAG_COLOURS, random), random);
  const wrapped = upper.kind === 'coat' || upper.kind === 'jacket';
  return {
    girth: random.range(0.86, 1.3) * (feminine ? 0.95 : 1.04),
    shoulders: random.range(0.92, 1.1) * (feminine ? 0.92 : 1.05),
    hips: random.range(0.92, 1.08) * (feminine ? 1.07 : 0.97),
    legs: random.range(0.475, 0.525),
    head: random.range(0.96, 1.12),
    skin,
    hair,
    hairColour: varied(draw(HAIR, random), random, 0.03),
    beard: !feminine && random.uniform() < 0.3,
    upper,
    lower,
    shoes: {
      kind: random.uniform() < 0.22 ? 'boots' : 'low',
      colour: shoeColour,
      sole: random.uniform() < 0.5 ? WHITE : mix(shoeColour, BLACK, 0.6),
    },
    ...(wrapped && random.uniform() < 0.3 ? { scarf: draw(BRIGHT_COLOURS, random) } : {}),
    ...(hatKind === 'none' ? {} : { hat: { kind: hatKind, colour: hatColour } }),
    ...(bagKind === 'none'
      ? {}
      : {
          bag: {
            kind: bagKind,
            colour: bagColour,
            trim: contrasting(bagColour, random),
            side: random.uniform() < 0.5 ? 1 : -1,
            size: random.range(0.85, 1.2),
          },
        }),
    stride: random.range(0.26, 0.42),
  };
}
