// What a text means: links, code, mentions, actions. The parts are shown as text; nothing here makes HTML.

/** @typedef {{type: 'text'|'link'|'code'|'block'|'mention'|'name', text: string, href?: string, host?: string|null}} Part */

const WORD = '[\\p{L}\\p{N}\\p{M}_-]';
const escape = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const nameIn = (name) => new RegExp(`(?<!${WORD})@?${escape(name)}(?!${WORD})`, 'giu');

/** Tells whether a text names this user as a word, with or without `@`. */
export const mentions = (text, name) => name !== '' && nameIn(name).test(text);

/** Returns what a user does, of a text like `/me waves`, or null. */
export function actionOf(text) {
  return /^\/me [^]/i.test(text) && text.slice(4).trim() !== '' ? text.slice(4) : null;
}

/** A user in front of the host: `http://google.com@evil.com/` leads to evil.com. */
const USER_INFO = /^\w+:[\\/]*[^\\/?#]*@/;

/** Returns the address of a link if browsers may open it and its text shows where it leads, or null. */
export function safeLink(text) {
  try {
    const url = new URL(text);
    const isSafe = (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname && !USER_INFO.test(text);
    return isSafe ? url.href : null;
  } catch {
    return null;
  }
}

/** Returns the host of an address if the text of the link does not show it as it is, or null. */
function otherHost(text, href) {
  const { hostname } = new URL(href);
  const rest = text.toLowerCase().replace(/^https?:\/\//, '');
  return rest.startsWith(hostname) && /^(?:[:/?#]|$)/.test(rest.slice(hostname.length)) ? null : hostname;
}

const PUNCTUATION = new Set('.,;:!?\'"»”’');

/** Ends a link before the punctuation of the sentence around it: from the end, each character once. */
function cutLink(text) {
  let unopened = 0;
  for (const letter of text) unopened += letter === ')' ? 1 : letter === '(' ? -1 : 0;
  let end = text.length;
  for (; end > 0; end -= 1) {
    const closes = text[end - 1] === ')' && unopened > 0;
    if (!closes && !PUNCTUATION.has(text[end - 1])) break;
    if (closes) unopened -= 1;
  }
  return text.slice(0, end);
}

function pushText(parts, text, me) {
  let end = 0;
  const named = me ? [...text.matchAll(nameIn(me))] : [];
  for (const match of named) {
    if (match.index > end) parts.push({ type: 'text', text: text.slice(end, match.index) });
    parts.push({ type: 'mention', text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ type: 'text', text: text.slice(end) });
}

function pushLinks(parts, text, me) {
  let end = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"\x60]+/giu)) {
    const link = cutLink(match[0]);
    const href = safeLink(link);
    if (!href) continue;
    pushText(parts, text.slice(end, match.index), me);
    parts.push({ type: 'link', text: link, href, host: otherHost(link, href) });
    end = match.index + link.length;
  }
  pushText(parts, text.slice(end), me);
}

function pushInline(parts, text, me) {
  text.split(/(`[^\x60\n]+`)/u).forEach((piece, index) => {
    if (index % 2) parts.push({ type: 'code', text: piece.slice(1, -1) });
    else pushLinks(parts, piece, me);
  });
}

/** Most blocks of code in one text: each is much higher than its letters. Backticks behind them are text. */
const MOST_BLOCKS = 4;
/** Most characters of a text that the page shows: browsers need seconds to break a longer word into lines. */
const MOST_CHARACTERS = 8000;
/** Lines above which a row shows only its beginning. */
const TALL_LINES = 60;
/** Columns of a line on a phone, for an estimate. Letters behind the alphabets, and emoji, take two. */
const COLUMNS = 36;

/** Returns what the page shows of a text. */
export const shownText = (text) => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);

/** Tells whether a text needs more than 60 lines. */
export function isTall(text) {
  let lines = 0;
  for (const line of text.split('\n')) {
    let columns = 0;
    for (const letter of line) columns += letter.codePointAt(0) < 0x1100 ? 1 : 2;
    lines += Math.max(1, Math.ceil(columns / COLUMNS));
  }
  return lines > TALL_LINES;
}

/** A line that shows nothing, also of characters that look like blanks. */
const BLANK_LINE = /^[\s\u2800\p{Default_Ignorable_Code_Point}]*$/u;
/** Blanks that could push the rest of a line below it. */
const LONG_BLANK = /(?:[^\S\n]|[\u2800\p{Default_Ignorable_Code_Point}]){17,}/gu;

/** Leaves one blank line of several, and some of many blanks: a text cannot set its lines apart from its author. */
function closeUp(text) {
  const lines = text.replace(LONG_BLANK, ' '.repeat(16)).split('\n').map((line) => [line, BLANK_LINE.test(line)]);
  return lines.filter(([, isBlank], index) => !isBlank || !lines[index - 1]?.[1]).map(([line]) => line).join('\n');
}

/**
 * Splits a text into its parts. Three backticks begin and end a block of code.
 * @returns {Part[]}
 */
export function parseText(text, me) {
  const parts = [];
  const pieces = text.split('```');
  const isOver = pieces.length > 2 * MOST_BLOCKS + 1;
  const closed = isOver ? 2 * MOST_BLOCKS + 1 : pieces.length - (1 - pieces.length % 2);
  const tail = pieces.slice(closed).map((piece) => '```' + piece).join('');
  pieces.slice(0, closed).forEach((piece, index) => {
    const last = index === closed - 1 && !isOver ? tail : '';
    if (index % 2 === 0) {
      const before = index > 0 ? piece.replace(/^\n/, '') : piece;
      const text = closeUp((index < closed - 1 ? before.replace(/\n$/, '') : before) + last);
      if (text) pushInline(parts, text, me);
    } else {
      const code = piece.replace(/^[\w+#-]*\n/, '').replace(/\n$/, '');
      if (code.trim()) parts.push({ type: 'block', text: code });
    }
  });
  if (isOver) pushText(parts, tail, me);
  return parts;
}

/**
 * Splits the parts of a text behind its first line, so that the page can mark what follows as the same author's.
 * @param {Part[]} parts
 * @returns {[Part[], Part[]]} without the line end between them
 */
export function splitLines(parts) {
  if (parts[0]?.type === 'block') return [parts.slice(0, 1), parts.slice(1)];
  const at = parts.findIndex((part) => part.type === 'block' || part.text.includes('\n'));
  if (at < 0) return [parts, []];
  if (parts[at].type === 'block') return [parts.slice(0, at), parts.slice(at)];
  const { type, text } = parts[at];
  const end = text.indexOf('\n');
  const part = (piece) => (piece ? [{ type, text: piece }] : []);
  return [[...parts.slice(0, at), ...part(text.slice(0, end))], [...part(text.slice(end + 1)), ...parts.slice(at + 1)]];
}

/** Returns what a copy of a block of code takes: without blanks and line ends that its reader does not see. */
export const copyOf = (code) => code.split('\n').map((line) => line.trimEnd()).join('\n').trimEnd();

/** Splits the text of a search result at the words that matched: `*so*`. */
export function parseResult(text) {
  return text.split(/\*([^*]+)\*/u).map((piece, index) => ({ type: index % 2 ? 'mention' : 'text', text: piece })).filter((part) => part.text);
}

// Times as the page shows them, in the reader's time zone and language.

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const clockFormat = format({ hour: '2-digit', minute: '2-digit' });
const dayFormat = format({ weekday: 'long', day: 'numeric', month: 'long' });
const yearFormat = format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const shortFormat = format({ day: 'numeric', month: 'short' });

const dayOf = (at) => new Date(at).setHours(0, 0, 0, 0);

export const sameDay = (a, b) => dayOf(a) === dayOf(b);
export const clock = (at) => clockFormat.format(at);

/** Returns the number of days between two times, by the calendar. */
export const daysBetween = (from, to) => Math.round((dayOf(to) - dayOf(from)) / 86_400_000);

/** Returns `today`, `yesterday`, or null where a day is shown by its date. */
export function dayWord(at, now) {
  return ['today', 'yesterday'][daysBetween(at, now)] ?? null;
}

/** Returns the date of a day, with the year if it is another one. */
export function dayName(at, now) {
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? dayFormat : yearFormat).format(at);
}

/** Returns time, or day and time where the day is not today. */
export const moment = (at, now) => (sameDay(at, now) ? clock(at) : `${shortFormat.format(at)}, ${clock(at)}`);

/** Returns a time span in words: `48 s`, `5 min`, `2 h`, `2 h 5 min`. */
export function span(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${minutes / 60} h`;
}

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
