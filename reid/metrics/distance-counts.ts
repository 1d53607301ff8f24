/** From so many entries on, a page counts (256 KiB); below, it lists them at two bytes each. */
const LIST_LIMIT = 2 ** 17;
const PAGE = 2 ** 16;

/**
 * A multiset of float32 numbers, exact and in bounded memory: how often each value was seen. Values are keyed by their bits in
 * ascending order; the upper half of a key chooses a page, which lists the lower halves while they are few and counts them when they
 * are many. So 53 million distances between 0.1 and 2 take about 150 MB however they lie, and a billion take no more.
 */
export class DistanceCounts {
  #total = 0;
  readonly #lists: (Uint16Array | undefined)[] = new Array(PAGE);
  readonly #used = new Int32Array(PAGE);
  readonly #counts: (Uint32Array | undefined)[] = new Array(PAGE);

  /** How many numbers were added. */
  get total(): number {
    return this.#total;
  }

  /** Adds those numbers of a row whose role is `role`. They must not be NaN. */
  addRow(row: Float32Array, roles: Uint8Array, role: number): void {
    const bits = new Int32Array(row.buffer, row.byteOffset, row.length);
    for (let i = 0; i < bits.length; i++) if (roles[i] === role) this.#addBits(bits[i]);
  }

  /** Adds all numbers of a list. They must not be NaN. */
  add(values: Float32Array): void {
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < bits.length; i++) this.#addBits(bits[i]);
  }

  #addBits(bits: number): void {
    this.#total++;
    // Negative numbers descend by their bits; −0 is 0.
    const key = bits >= 0 ? bits ^ 0x80000000 : bits === -0x80000000 ? bits : ~bits;
    const page = key >>> 16;
    const counts = this.#counts[page];
    if (counts) counts[key & 0xffff]++;
    else this.#list(page, key & 0xffff);
  }

  #list(page: number, low: number): void {
    const used = this.#used[page];
    let list = this.#lists[page];
    if (!list || used === list.length) {
      const longer = new Uint16Array(Math.max(16, 2 * used));
      if (list) longer.set(list);
      list = this.#lists[page] = longer;
    }
    list[used] = low;
    this.#used[page] = used + 1;
    if (used + 1 < LIST_LIMIT) return;
    this.#counts[page] = countsOf(list, used + 1);
    this.#lists[page] = undefined;
  }

  /** Shows every value of either multiset once, ascending, with how often each holds it. */
  static ascending(
    a: DistanceCounts,
    b: DistanceCounts,
    visit: (value: number, countA: number, countB: number) => void,
  ): void {
    const bits = new Int32Array(1);
    const value = new Float32Array(bits.buffer);
    const [pageA, pageB] = [new PageReader(a), new PageReader(b)];
    for (let page = 0; page < PAGE; page++) {
      if (a.#isEmpty(page) && b.#isEmpty(page)) continue;
      const [countsA, countsB] = [pageA.read(page), pageB.read(page)];
      const show = (low: number) => {
        const key = (page << 16) | low;
        bits[0] = key < 0 ? key ^ 0x80000000 : ~key;
        visit(value[0], countsA[low], countsB[low]);
      };
      const lows = few(a.#entries(page), b.#entries(page));
      if (lows) {
        for (let i = 0; i < lows.length; i++) if (i === 0 || lows[i] !== lows[i - 1]) show(lows[i]);
      } else {
        for (let low = 0; low < PAGE; low++) if (countsA[low] > 0 || countsB[low] > 0) show(low);
      }
    }
  }

  #isEmpty(page: number): boolean {
    return !this.#counts[page] && this.#used[page] === 0;
  }

  /** What a page lists; undefined where it counts. */
  #entries(page: number): Uint16Array | undefined {
    if (this.#counts[page]) return undefined;
    return this.#lists[page]?.subarray(0, this.#used[page]) ?? NOTHING;
  }

  /** A page's counts where it has them, else what it lists. */
  pageOf(page: number): { counts: Uint32Array } | { entries: Uint16Array } {
    const counts = this.#counts[page];
    return counts ? { counts } : { entries: this.#entries(page)! };
  }
}

const NOTHING = new Uint16Array(0);

/** The entries of two short lists, ascending; undefined where looking at all counts of the page is quicker. */
function few(a: Uint16Array | undefined, b: Uint16Array | undefined): Uint16Array | undefined {
  if (!a || !b || a.length + b.length > PAGE / 8) return undefined;
  const both = new Uint16Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both.sort();
}

/** Reads pages as counts, one at a time, into the same memory. */
class PageReader {
  readonly #of: DistanceCounts;
  readonly #counts = new Uint32Array(PAGE);
  #filled: Uint16Array = NOTHING;

  constructor(of: DistanceCounts) {
    this.#of = of;
  }

  read(page: number): Uint32Array {
    for (const low of this.#filled) this.#counts[low] = 0;
    const held = this.#of.pageOf(page);
    this.#filled = 'entries' in held ? held.entries : NOTHING;
    if ('counts' in held) return held.counts;
    for (const low of held.entries) this.#counts[low]++;
    return this.#counts;
  }
}

function countsOf(list: Uint16Array, used: number): Uint32Array {
  const counts = new Uint32Array(PAGE);
  for (let i = 0; i < used; i++) counts[list[i]]++;
  return counts;
}
