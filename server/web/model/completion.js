// Completion while writing: names of users behind `@` or by Tab, emoji behind `:`, commands behind `/`.

import { EMOJI } from './emoji.js';
import { commandWords } from './commands.js';

const MOST = 6;

/**
 * Returns what may stand at the cursor.
 * @param {string} text
 * @param {number} cursor
 * @param {string[]} people
 * @param {boolean} byTab a bare word counts as the beginning of a name
 * @returns {{from: number, to: number, options: {label: string, insert: string}[]}|null}
 */
export function complete(text, cursor, people, byTab = false) {
  const before = text.slice(0, cursor);
  const find = (pattern) => before.match(pattern);
  const at = find(/(?:^|[\s(])@([\p{L}\p{N}\p{M}_-]*)$/u);
  if (at) return names(at[1], 1, cursor, people, before);
  const colon = find(/(?:^|[\s(]):([a-z0-9_+-]{2,})$/iu);
  if (colon) return result(cursor - colon[1].length - 1, cursor, emoji(colon[1].toLowerCase()));
  const slash = find(/^\/(\w+)$/);
  if (slash) return result(0, cursor, commandWords().filter((word) => word.startsWith(slash[1].toLowerCase())).map((word) => ({ label: '/' + word, insert: `/${word} ` })));
  const word = byTab && find(/([\p{L}\p{N}\p{M}_-]+)$/u);
  return word ? names(word[1], 0, cursor, people, before) : null;
}

function names(part, marks, cursor, people, before) {
  const from = cursor - part.length - marks;
  const begins = people.filter((name) => name.toLowerCase().startsWith(part.toLowerCase()));
  const end = before.slice(0, from).trim() === '' && !marks ? ': ' : ' ';
  return result(from, cursor, begins.map((name) => ({ label: name, insert: (marks ? '@' : '') + name + end })));
}

function emoji(part) {
  const names = Object.keys(EMOJI);
  const begins = names.filter((name) => name.startsWith(part));
  const holds = names.filter((name) => !name.startsWith(part) && name.includes(part));
  return [...begins, ...holds].map((name) => ({ label: `${EMOJI[name]} :${name}:`, insert: EMOJI[name] + ' ' }));
}

const result = (from, to, options) => (options.length ? { from, to, options: options.slice(0, MOST) } : null);

/** Replaces each `:name:` outside of code by its emoji. */
export function expandEmoji(text) {
  return text.split(/(```[^]*?(?:```|$)|`[^`\n]*`)/u)
    .map((piece, index) => (index % 2 ? piece : piece.replace(/(?<![\p{L}\p{N}:]):([a-z0-9_+-]+):(?![\p{L}\p{N}])/gu, (all, name) => (Object.hasOwn(EMOJI, name) ? EMOJI[name] : all))))
    .join('');
}
