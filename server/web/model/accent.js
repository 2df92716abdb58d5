// The accent of a name: one of eight pairs of colors in style.css.

/** Number of accents. */
export const ACCENTS = 8;

/** Returns the number of the accent of a name (FNV-1a of its letters in lower case). */
export function accentOf(name) {
  let hash = 0x811c9dc5;
  for (const letter of name.toLowerCase()) {
    hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  }
  return hash % ACCENTS;
}
