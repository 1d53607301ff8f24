/** An RGB picture of repeatable bytes, the same that the golden numbers were made from. */
export function pseudoPicture(width: number, height: number): { width: number; height: number; data: Uint8Array } {
  let state = width * 1000 + height;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return { width, height, data };
}

/** Bytes of base64. */
export const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
