// Typed commands: a table of their words, and the object that each one sends.

import { EVERYONE, readKey, roomKey, userKey } from './state.js';

/**
 * One row for each command: its arguments in order. `@` fills the current room. `?` may be missing, `*` takes the rest.
 * `0` in `minutes?` is a number.
 */
const COMMANDS = {
  rooms: '', users: '', others: '', since: 'seconds', chats: '', forget: '', hooray: '@', help: 'command?',
  rules: '@', topic: '@ text*?', kick: '@ to text*?', mute: '@ to minutes?', unmute: '@ to', unban: '@ to',
  op: '@ to', deop: '@ to', invite: '@ to', open: '@ mode', key: '@ key?', slow: '@ seconds', quiet: '@ mode',
  hand: '@ text*?', hands: '@', floor: '@ to? minutes?', edit: '@ text*', unpin: '@', transcript: '@ after?',
  claim: 'token', whispers: 'mode', doors: 'mode', connect: 'to', accept: 'to?', reject: 'to?', private: 'to text*',
  end: 'to?', away: 'text*?', nick: 'to', whois: 'to', block: 'to?', unblock: 'to', ping: 'token?', quit: '',
};

const ALIASES = {
  __proto__: null,
  j: 'join', part: 'leave', list: 'rooms', channels: 'rooms', names: 'who', members: 'users', online: 'users',
  w: 'pm', m: 'pm', dm: 'pm', tell: 'pm', whisper: 'pm', query: 'pm', msg: 'pm', message: 'pm', amsg: 'all', broadcast: 'all',
  find: 'search', ignore: 'block', unignore: 'unblock', exit: 'quit', q: 'quit', logout: 'quit', bye: 'quit', disconnect: 'quit',
  commands: 'help', '?': 'help',
};

const NUMBERS = new Set(['minutes', 'seconds', 'after', 'id']);
const usage = (word) => ({ problem: { cause: 'usage', text: `Usage: ${word}` } });
const cleanRoom = (room) => room.replace(/^#/, '');

/** Splits the arguments of a row. Returns the fields, or null if they do not fit. */
function readFields(grammar, rest, room) {
  const fields = {};
  let left = rest;
  for (const part of grammar.split(' ').filter(Boolean)) {
    if (part === '@') {
      fields.room = room;
      continue;
    }
    const name = part.replace(/[*?]/g, '');
    const match = part.includes('*') ? [left, left, ''] : left.match(/^(\S*)\s*([^]*)$/);
    if (!match[1]) {
      if (part.includes('?')) continue;
      return null;
    }
    fields[name] = NUMBERS.has(name) ? Number(match[1]) : match[1];
    if (Number.isNaN(fields[name])) return null;
    left = match[2];
  }
  return left.trim() ? null : fields;
}

/** `/delete`, `/pin`: nothing, an id, or a user; `/ban`: also `everywhere`. */
const SPECIAL = {
  join(rest) {
    const [room, door] = rest.split(/\s+/);
    return room ? { open: { key: roomKey(cleanRoom(room)), name: cleanRoom(room), door } } : usage('/join ROOM [KEY]');
  },
  leave: (rest, room) => ({ object: { type: 'leave', room: cleanRoom(rest) || room } }),
  who: (rest, room) => ({ object: { type: 'who', room: cleanRoom(rest) || room } }),
  search: (rest) => ({ view: 'search', argument: rest }),
  history: () => ({ view: 'history' }),
  register: () => ({ view: 'account' }),
  password: () => ({ view: 'account' }),
  say: (rest) => (rest ? { say: rest } : usage('/say TEXT')),
  me: (rest) => (rest ? { say: `/me ${rest}` } : usage('/me TEXT')),
  all: (rest) => (rest ? { say: rest, to: EVERYONE } : usage('/all TEXT')),
  pm(rest) {
    const [, user, text] = rest.match(/^(\S+)\s*([^]*)$/) ?? [];
    if (!user) return usage('/pm USER TEXT');
    return text ? { say: text, to: userKey(user), name: user } : { open: { key: userKey(user), name: user } };
  },
  delete: (rest, room) => ({ object: { type: 'delete', room, ...byIdOrUser(rest) } }),
  pin: (rest, room) => ({ object: { type: 'pin', room, ...byIdOrUser(rest) } }),
  ban(rest, room) {
    const [to, ...words] = rest.split(/\s+/);
    const everywhere = words.at(-1)?.toLowerCase() === 'everywhere';
    const minutes = Number(everywhere ? words[words.length - 2] ?? 0 : words[0] ?? 0);
    if (!to || Number.isNaN(minutes)) return usage('/ban USER [MINUTES] [everywhere]');
    return { object: { type: 'ban', ...(everywhere ? { everywhere: true } : { room }), to, ...(minutes ? { minutes } : {}) } };
  },
  unban(rest, room) {
    const [to, everywhere] = rest.split(/\s+/);
    return to ? { object: { type: 'unban', ...(everywhere ? { everywhere: true } : { room }), to } } : usage('/unban USER [everywhere]');
  },
};

function byIdOrUser(rest) {
  const [first, second] = rest.split(/\s+/);
  if (!first) return {};
  if (/^\d{6,}$/.test(first)) return { id: Number(first) };
  return { to: first, ...(second ? { minutes: Number(second) } : {}) };
}

/** The words that begin a command, for completion. */
export const commandWords = () => [...new Set([...Object.keys(COMMANDS), ...Object.keys(SPECIAL)])].sort();

/**
 * Reads what the user wrote.
 * @returns {{say?: string, to?: string, object?: object, open?: object, view?: string, argument?: string, problem?: object}}
 */
export function readCommand(text, conversation) {
  if (text.startsWith('//')) return { say: text.slice(1) };
  const match = text.match(/^\/(\S+)\s*([^]*)$/);
  if (!match) return { say: text };
  const typed = match[1].toLowerCase();
  const word = ALIASES[typed] ?? typed;
  const rest = match[2].trim();
  const room = conversation && readKey(conversation.key).kind === 'room' ? conversation.name : undefined;
  if (Object.hasOwn(SPECIAL, word)) return inRoom(SPECIAL[word](rest, room));
  if (!Object.hasOwn(COMMANDS, word)) return { problem: { cause: 'unknown_command', command: typed, text: `Unknown command /${typed}.` } };
  const fields = readFields(COMMANDS[word], rest, room);
  if (!fields) return usage(`/${word} ${COMMANDS[word].replace('@', '').trim().replace(/(\w+)\*?(\?)?/g, (_, name, optional) => (optional ? `[${name.toUpperCase()}]` : name.toUpperCase()))}`.trim());
  return inRoom({ object: { type: word, ...fields } });
}

/** Refuses an object that misses its room: the user is in a conversation with one user. */
function inRoom(command) {
  const { object } = command;
  return object && 'room' in object && object.room === undefined ? { problem: { cause: 'no_room_here', text: '' } } : command;
}

// Completion while writing: names of users behind `@` or by Tab, emoji behind `:`, commands behind `/`.

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
  const begins = names.filter((name) => name.startsWith(part)).sort((a, b) => a.length - b.length);
  const holds = names.filter((name) => !name.startsWith(part) && name.includes(part));
  return [...begins, ...holds].map((name) => ({ label: `${EMOJI[name]} :${name}:`, insert: EMOJI[name] + ' ' }));
}

const result = (from, to, options) => (options.length ? { from, to, options: options.slice(0, MOST) } : null);

/** Replaces each `:name:` outside of code by its emoji. */
export function expandEmoji(text) {
  return text.split(/(```[^]*?(?:```|$)|`[^\x60\n]*`)/u)
    .map((piece, index) => (index % 2 ? piece : piece.replace(/(?<![\p{L}\p{N}:]):([a-z0-9_+-]+):(?![\p{L}\p{N}])/gu, (all, name) => (Object.hasOwn(EMOJI, name) ? EMOJI[name] : all))))
    .join('');
}

// Emoji by name: `:tada:` becomes the character.

export const EMOJI = {
  smile: '😄', grin: '😁', joy: '😂', rofl: '🤣', slight_smile: '🙂', upside_down: '🙃', wink: '😉', blush: '😊', innocent: '😇',
  heart_eyes: '😍', star_struck: '🤩', kissing_heart: '😘', yum: '😋', tongue: '😛', zany: '🤪', hug: '🤗', thinking: '🤔', shush: '🤫',
  zipper: '🤐', raised_eyebrow: '🤨', neutral: '😐', expressionless: '😑', smirk: '😏', unamused: '😒', eye_roll: '🙄', grimace: '😬',
  relieved: '😌', pensive: '😔', sleepy: '😪', sleeping: '😴', mask: '😷', sick: '🤒', nauseated: '🤢', sneeze: '🤧', hot: '🥵',
  cold: '🥶', dizzy: '😵', mind_blown: '🤯', cowboy: '🤠', party: '🥳', cool: '😎', nerd: '🤓', confused: '😕', worried: '😟',
  frown: '🙁', open_mouth: '😮', astonished: '😲', flushed: '😳', pleading: '🥺', fearful: '😨', cry: '😢', sob: '😭', scream: '😱',
  sweat_smile: '😅', sweat: '😓', tired: '😫', yawn: '🥱', angry: '😠', rage: '😡', swearing: '🤬', devil: '😈', skull: '💀', poop: '💩',
  clown: '🤡', ghost: '👻', alien: '👽', robot: '🤖', cat: '🐱', dog: '🐶', fox: '🦊', panda: '🐼', penguin: '🐧', crab: '🦀',
  snake: '🐍', bug: '🐛', bee: '🐝', turtle: '🐢', unicorn: '🦄', wave: '👋', ok_hand: '👌', victory: '✌️', crossed_fingers: '🤞',
  point_left: '👈', point_right: '👉', point_up: '👆', point_down: '👇', '+1': '👍', thumbsup: '👍', '-1': '👎', thumbsdown: '👎',
  fist: '✊', clap: '👏', raised_hands: '🙌', hand: '✋', handshake: '🤝', pray: '🙏', writing: '✍️', muscle: '💪', brain: '🧠',
  eyes: '👀', shrug: '🤷', facepalm: '🤦', heart: '❤️', orange_heart: '🧡', yellow_heart: '💛', green_heart: '💚', blue_heart: '💙',
  purple_heart: '💜', black_heart: '🖤', broken_heart: '💔', hundred: '💯', '100': '💯', boom: '💥', zzz: '💤', fire: '🔥',
  sparkles: '✨', star: '⭐', sun: '☀️', moon: '🌙', cloud: '☁️', rain: '🌧️', snow: '❄️', rainbow: '🌈', zap: '⚡', tree: '🌳',
  flower: '🌸', rose: '🌹', apple: '🍎', pizza: '🍕', burger: '🍔', cake: '🍰', birthday: '🎂', cookie: '🍪', coffee: '☕', tea: '🍵',
  beer: '🍺', cheers: '🍻', wine: '🍷', tada: '🎉', balloon: '🎈', gift: '🎁', trophy: '🏆', medal: '🏅', soccer: '⚽', dart: '🎯',
  game: '🎮', music: '🎵', art: '🎨', rocket: '🚀', car: '🚗', bike: '🚲', house: '🏠', school: '🏫', clock: '⏰', hourglass: '⏳',
  phone: '📱', laptop: '💻', printer: '🖨️', bulb: '💡', book: '📖', books: '📚', memo: '📝', pencil: '✏️', pin: '📌', paperclip: '📎',
  lock: '🔒', key: '🔑', hammer: '🔨', wrench: '🔧', gear: '⚙️', link: '🔗', bell: '🔔', mute: '🔇', speaker: '🔊', mail: '✉️',
  package: '📦', chart: '📈', calendar: '📅', search: '🔍', check: '✅', x: '❌', warning: '⚠️', stop: '🛑', question: '❓',
  exclamation: '❗', plus: '➕', minus: '➖', arrow_left: '⬅️', arrow_right: '➡️', arrow_up: '⬆️', arrow_down: '⬇️',
  recycle: '♻️', infinity: '♾️', flag: '🏁', ship: '🚢', bomb: '💣', crown: '👑', gem: '💎', money: '💰',
};
