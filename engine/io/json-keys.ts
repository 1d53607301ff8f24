/**
 * The keys of the outermost object of a JSON text, in the order of the text. `JSON.parse` loses that order for keys
 * that look like numbers, and keeps the last of two equal keys silently.
 *
 * @param text valid JSON: call `JSON.parse` first
 * @throws SyntaxError when an object, at any depth, has a key twice
 */
export function duplicateFreeKeys(text: string): string[] {
  /** Keys of the objects that are open, outermost first; `undefined` for an array. */
  const open: (Set<string> | undefined)[] = [];
  let outermost: Set<string> | undefined;
  let isKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
        open.push(new Set());
        if (open.length === 1) outermost = open[0];
        isKey = true;
        break;
      case '[':
        open.push(undefined);
        isKey = false;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ':':
        isKey = false;
        break;
      case ',':
        isKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const start = i++;
        while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
        const keys = open.at(-1);
        if (!isKey || !keys) break;
        const key: string = JSON.parse(text.slice(start, i + 1));
        if (keys.has(key)) throw new SyntaxError(`the key ${JSON.stringify(key)} comes twice`);
        keys.add(key);
      }
    }
  }
  return [...(outermost ?? [])];
}
