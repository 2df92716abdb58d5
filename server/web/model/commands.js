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
    return text ? { say: text, to: userKey(user) } : { open: { key: userKey(user), name: user } };
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
  if (!text.startsWith('/')) return { say: text };
  if (text.startsWith('//')) return { say: text.slice(1) };
  const match = text.match(/^\/(\S+)\s*([^]*)$/);
  if (!match) return { say: text };
  const typed = match[1].toLowerCase();
  const word = ALIASES[typed] ?? typed;
  const rest = match[2].trim();
  const room = conversation && readKey(conversation.key).kind === 'room' ? conversation.name : undefined;
  const needsRoom = Object.hasOwn(COMMANDS, word) ? COMMANDS[word].startsWith('@') : ['delete', 'pin', 'leave', 'who'].includes(word);
  if (needsRoom && room === undefined && !(rest && ['leave', 'who'].includes(word))) return { problem: { cause: 'no_room_here', text: '' } };
  if (Object.hasOwn(SPECIAL, word)) return SPECIAL[word](rest, room);
  if (!Object.hasOwn(COMMANDS, word)) return { problem: { cause: 'unknown_command', command: typed, text: `Unknown command /${typed}.` } };
  const fields = readFields(COMMANDS[word], rest, room);
  if (!fields) return usage(`/${word} ${COMMANDS[word].replace('@', '').trim().replace(/(\w+)\*?(\?)?/g, (_, name, optional) => (optional ? `[${name.toUpperCase()}]` : name.toUpperCase()))}`.trim());
  return { object: { type: word, ...fields } };
}
