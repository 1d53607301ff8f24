import { PickleBytes } from './pickle-bytes.js';
import { readLiteral } from './pickle-literals.js';
import { FormatError } from './source.js';

/** The method of an object that pickled state may be given to (opcode BUILD). */
export const BUILD = Symbol('build');

/** An object that is made first and told its state later; TypeErrors say what does not fit. */
export interface Buildable {
  [BUILD](state: unknown): void;
}

/** Reports how many elements are about to be copied; throws when a pickle of its length has no need of so much. */
export type Work = (elements: number) => void;

/** A name in a Python module that a pickle may use. */
export class PickleGlobal {
  /** For example `torch.float16`. */
  readonly name: string;
  /** What calling it gives; TypeErrors that it throws are reported with the file's name. */
  readonly call: ((args: readonly unknown[], work: Work) => unknown) | undefined;

  constructor(name: string, call?: (args: readonly unknown[], work: Work) => unknown) {
    this.name = name;
    this.call = call;
  }
}

/** What a pickle may refer to besides plain values. */
export interface PickleHost {
  /** The global of that name; `undefined` when it is refused. */
  find(module: string, name: string): PickleGlobal | undefined;
  /** The object that a persistent id stands for; throws a TypeError for an id that is none. */
  persistent(id: unknown): unknown;
}

/** Allows plain values only. */
export const plainHost: PickleHost = {
  find: () => undefined,
  persistent: () => {
    throw new TypeError('it refers to an object outside of it');
  },
};

// Far above what any checkpoint needs, and low enough to stop a file that is made to exhaust memory or time.
const MAX_DEPTH = 10_000;
const MAX_STACK = 4_000_000;
const MAX_MEMO = 4_000_000;
const FREE_WORK = 1_000_000;
const WORK_PER_BYTE = 32;

/** EXT1, EXT2, EXT4, NEWOBJ_EX, NEXT_BUFFER, READONLY_BUFFER. */
const REFUSED_OPCODES: ReadonlySet<number> = new Set([0x82, 0x83, 0x84, 0x92, 0x97, 0x98]);

/**
 * Reads one Python pickle (protocols 0 to 5) by a machine that can build nothing but plain values and what `host`
 * offers: no code of any kind runs, whatever the pickle asks for.
 *
 * Values: dict → Map, list → array, tuple → frozen array, set → Set, str → string, bytes → Uint8Array (a view),
 * int → number (bigint beyond 2^53), float → number, bool, None → null.
 *
 * The opcodes are those of CPython's pickletools.py. Memory and time are bounded by the length of the pickle.
 *
 * @param start where the pickle begins in `bytes`
 * @param file the file's name, for errors
 * @returns the value, and the position behind the pickle
 * @throws FormatError when the pickle is damaged or cut short, and when it asks for anything refused
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  file: string,
  host: PickleHost,
): { value: unknown; end: number } {
  return new PickleMachine(new PickleBytes(bytes, start, file), host).run();
}

/** Whether a value stands for a Python tuple. */
export function isTuple(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && Object.isFrozen(value);
}

/** Adds pairs to a dict. @throws TypeError for a key that Python could not hash */
export function setItems(dict: Map<unknown, unknown>, items: readonly unknown[]): Map<unknown, unknown> {
  if (items.length % 2 !== 0) throw new TypeError('a key without a value');
  for (let i = 0; i < items.length; i += 2) dict.set(hashable(items[i]), items[i + 1]);
  return dict;
}

/** A set of the values. @throws TypeError for one that Python could not hash */
export function setOf(items: readonly unknown[]): Set<unknown> {
  return new Set(items.map(hashable));
}

function isBuildable(value: unknown): value is Buildable {
  return typeof value === 'object' && value !== null && BUILD in value;
}

function hashable(key: unknown): unknown {
  const mutable = key instanceof Map || key instanceof Set || (Array.isArray(key) && !isTuple(key));
  if (mutable) throw new TypeError('a dict, list or set as a key');
  return key;
}

class PickleMachine {
  readonly #in: PickleBytes;
  readonly #host: PickleHost;
  readonly #stack: unknown[] = [];
  /** Stack heights at the open marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #workLeft: number;

  constructor(bytes: PickleBytes, host: PickleHost) {
    this.#in = bytes;
    this.#host = host;
    this.#workLeft = FREE_WORK + WORK_PER_BYTE * bytes.remaining;
  }

  run(): { value: unknown; end: number } {
    try {
      for (;;) {
        const code = this.#in.uint8();
        if (code === 0x2e) return { value: this.#pop(), end: this.#in.position };
        const value = readLiteral(code, this.#in) ?? (code === 0x4e ? null : this.#made(code));
        if (value === undefined) this.#change(code);
        else this.#push(value);
      }
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError) || error instanceof FormatError) throw error;
      const wrapped = this.#in.error(`${error.message}; the file is damaged, or no checkpoint`);
      wrapped.cause = error;
      throw wrapped;
    }
  }

  /** The value of an opcode that makes one from what is on the stack; `undefined` for opcodes of another kind. */
  #made(code: number): unknown {
    const bytes = this.#in;
    switch (code) {
      case 0x6c: // LIST
        return this.#popMark();
      case 0x74: // TUPLE
        return Object.freeze(this.#popMark());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return Object.freeze(this.#popSome(code - 0x84));
      case 0x64: // DICT
        return setItems(new Map(), this.#popMark());
      case 0x91: // FROZENSET
        return setOf(this.#popMark());
      case 0x32: // DUP
        return this.#top();
      case 0x67: // GET
        return this.#recall(Number(bytes.line()));
      case 0x68: // BINGET
        return this.#recall(bytes.uint8());
      case 0x6a: // LONG_BINGET
        return this.#recall(bytes.uint32());
      case 0x63: // GLOBAL
        return this.#find(bytes.line(), bytes.line());
      case 0x93: // STACK_GLOBAL
        return this.#find(...(this.#popSome(2) as [unknown, unknown]));
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        return this.#call(...(this.#popSome(2) as [unknown, unknown]));
      case 0x69: // INST
        return this.#call(this.#find(bytes.line(), bytes.line()), Object.freeze(this.#popMark()));
      case 0x6f: {
        // OBJ
        const [callable, ...args] = this.#popMark();
        return this.#call(callable, Object.freeze(args));
      }
      case 0x50: // PERSID
        return this.#host.persistent(bytes.line());
      case 0x51: // BINPERSID
        return this.#host.persistent(this.#pop());
      default:
        return undefined;
    }
  }

  /** Opcodes that change what is there. */
  #change(code: number): void {
    const bytes = this.#in;
    switch (code) {
      case 0x80: {
        // PROTO
        const protocol = bytes.uint8();
        if (protocol > 5) throw bytes.error(`pickle protocol ${protocol} is not known; it is no pickle, or damaged`);
        return;
      }
      case 0x95: // FRAME
        if (bytes.length64() > bytes.remaining) throw bytes.error('it ends too early; it is cut short, copy it again');
        return;
      case 0x28: // MARK
        if (this.#marks.length >= MAX_DEPTH) throw bytes.error(`it nests deeper than ${MAX_DEPTH}, which is refused`);
        this.#marks.push(this.#stack.length);
        return;
      case 0x30: // POP
        if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
        else this.#pop();
        return;
      case 0x31: // POP_MARK
        this.#popMark();
        return;
      case 0x70: // PUT
        this.#memoise(Number(bytes.line()));
        return;
      case 0x71: // BINPUT
        this.#memoise(bytes.uint8());
        return;
      case 0x72: // LONG_BINPUT
        this.#memoise(bytes.uint32());
        return;
      case 0x94: // MEMOIZE
        this.#memoise(this.#memo.size);
        return;
      case 0x61: // APPEND
        this.#append(this.#popSome(1));
        return;
      case 0x65: // APPENDS
        this.#append(this.#popMark());
        return;
      case 0x73: // SETITEM
        this.#setItems(this.#popSome(2));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark());
        return;
      case 0x90: // ADDITEMS
        this.#addItems(this.#popMark());
        return;
      case 0x62: // BUILD
        this.#build(this.#pop());
        return;
      default: {
        const named = `opcode 0x${code.toString(16)}`;
        throw bytes.error(
          REFUSED_OPCODES.has(code)
            ? `it uses ${named}, which no checkpoint needs and is refused for safety`
            : `it has the unknown ${named}; it is no pickle, or damaged`,
        );
      }
    }
  }

  #push(value: unknown): void {
    if (this.#stack.length >= MAX_STACK)
      throw this.#in.error(`it stacks more than ${MAX_STACK} values, which is refused`);
    this.#stack.push(value);
  }

  #pop(): unknown {
    return this.#popSome(1)[0];
  }

  #popSome(count: number): unknown[] {
    if (this.#stack.length - count < (this.#marks.at(-1) ?? 0))
      throw this.#in.error('its stack is empty; the file is damaged');
    return this.#stack.splice(this.#stack.length - count);
  }

  #popMark(): unknown[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.#in.error('its stack has no mark; the file is damaged');
    return this.#stack.splice(height);
  }

  #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0))
      throw this.#in.error('its stack is empty; the file is damaged');
    return this.#stack[this.#stack.length - 1];
  }

  #recall(index: number): unknown {
    const value = this.#memo.get(index);
    if (value === undefined)
      throw this.#in.error(`it refers to value ${index}, which is not there; the file is damaged`);
    return value;
  }

  #memoise(index: number): void {
    if (!Number.isSafeInteger(index)) throw this.#in.error('it numbers a value by no number; the file is damaged');
    if (this.#memo.size >= MAX_MEMO)
      throw this.#in.error(`it remembers more than ${MAX_MEMO} values, which is refused`);
    this.#memo.set(index, this.#top());
  }

  #find(module: unknown, name: unknown): PickleGlobal {
    const found = typeof module === 'string' && typeof name === 'string' ? this.#host.find(module, name) : undefined;
    if (found) return found;
    throw this.#in.error(
      `it asks for Python's '${String(module).slice(0, 100)}.${String(name).slice(0, 100)}', which is refused for safety: ` +
        'only tensors and plain containers are read. If you trust the file, load it in PyTorch and save its state_dict() alone',
    );
  }

  #call(callable: unknown, args: unknown): unknown {
    if (!(callable instanceof PickleGlobal) || !callable.call || !isTuple(args)) {
      const what = callable instanceof PickleGlobal ? `'${callable.name}'` : 'what is no function';
      throw this.#in.error(`it calls ${what}; the file is damaged, or no checkpoint`);
    }
    return callable.call(args, (elements) => {
      this.#workLeft -= elements;
      if (this.#workLeft < 0) throw this.#in.error('it copies far more than its size explains, which is refused');
    });
  }

  #append(items: unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list) || Object.isFrozen(list))
      throw this.#in.error('it appends to what is no list; the file is damaged');
    for (const item of items) list.push(item);
  }

  #setItems(items: unknown[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map)) throw this.#in.error('it sets items of what is no dict; the file is damaged');
    setItems(dict, items);
  }

  #addItems(items: unknown[]): void {
    const set = this.#top();
    if (!(set instanceof Set)) throw this.#in.error('it adds to what is no set; the file is damaged');
    for (const item of setOf(items)) set.add(item);
  }

  #build(state: unknown): void {
    const object = this.#top();
    if (isBuildable(object)) object[BUILD](state);
    // An OrderedDict's attributes, PyTorch's `_metadata` above all, say nothing about its items.
    else if (!(object instanceof Map)) throw this.#in.error('it sets the state of what has none; the file is damaged');
  }
}
