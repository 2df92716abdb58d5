// The state of the page: one value, changed only by `update`. A transaction `t` holds the new state and the effects to run.

/**
 * @typedef {object} Conversation
 * @property {string} key `ops`, `@bob` or `*`: also the hash of its address
 * @property {'room'|'user'|'all'} kind
 * @property {string} name
 * @property {boolean} member the server sends its messages
 * @property {object[]} items what the list shows: see items.js
 * @property {number} window counts the windows of the list
 * @property {boolean} atEnd the items reach to the newest message
 * @property {boolean} oldest the items begin at the first message
 * @property {string|null} loading the history request under way
 * @property {number} latest the highest id received
 * @property {number|null} gap the id behind which messages may be missing
 * @property {boolean} [caughtUp] the server has sent what was missed: a room without items is empty
 * @property {number|null} read the last id that the user saw
 * @property {number} unread
 * @property {number} mentions
 * @property {number|null} newFrom the id above which the list shows "New"
 * @property {boolean} following the list stands at its end
 * @property {string[]|null} people
 * @property {object|null} rules
 * @property {boolean} [oldRules] the rules are from before a lost connection
 * @property {boolean} [reloading] the rules are asked for in a moment
 * @property {object|null} removed why the user is no longer in the room
 */

/** Most items of a conversation, and so most messages in the document. */
export const MOST_ITEMS = 1000;
/** Most conversations with single users: strangers can open one by a message. */
export const MOST_USERS = 50;
/** Key of the conversation with all users. */
export const EVERYONE = '*';

export const roomKey = (room) => room.toLowerCase();
export const userKey = (user) => '@' + user.toLowerCase();
export const sameName = (a, b) => a.toLowerCase() === b.toLowerCase();

// Lists of users. A list that the server has not told is empty.

/** Tells whether a list names a user. */
export const hasName = (names, user) => (names ?? []).some((name) => sameName(name, user));
export const withoutName = (names, user) => (names ?? []).filter((name) => !sameName(name, user));
/** Returns the list with the user at its end. */
export const withName = (names, user) => [...withoutName(names, user), user];
/** The order of names in lists. */
export const compareNames = new Intl.Collator(undefined, { sensitivity: 'base' }).compare;

/** Tells what a key names: `{kind, name}`. */
export function readKey(key) {
  if (key === EVERYONE) return { kind: 'all', name: 'all' };
  return key.startsWith('@') ? { kind: 'user', name: key.slice(1) } : { kind: 'room', name: key };
}

// Names from outside are keys of maps, so no map has a prototype: a room may be named `constructor`.

/** Returns a map with the entries of another one. */
export const mapOf = (entries) => ({ __proto__: null, ...entries });
/** Returns a map in which `key` has this value. */
export const withKey = (map, key, value) => ({ __proto__: null, ...map, [key]: value });

/** Returns a map without `key`. */
export function withoutKey(map, key) {
  const { [key]: _, ...rest } = map;
  return mapOf(rest);
}

const RESERVED = new Set(['all', 'pm', 'private', 'direct']);
const isOf = (characters, most) => (name) =>
  new RegExp(`^[\\p{L}\\p{N}\\p{M}${characters}]+$`, 'u').test(name) && /[\p{L}\p{N}]/u.test(name) && !/^\p{M}|\p{M}{3}/u.test(name) && [...name].length <= most;
const isRoomLike = isOf('/-', 32);
/** Tells whether a room or a user may have this name. The server has the last word. */
export const isRoomName = (name) => isRoomLike(name) && !RESERVED.has(roomKey(name));
export const isUserName = isOf('_-', 24);

/** Returns the name in an address: of a room, `@bob` or `*`. Returns '' without one, and null if it is no name. */
export function readAddress(hash) {
  try {
    const name = decodeURIComponent(hash.replace(/^#/, '')).normalize('NFC');
    return name === '' || name === EVERYONE || (name.startsWith('@') ? isUserName(name.slice(1)) : isRoomName(name)) ? name : null;
  } catch {
    return null;
  }
}

/** @returns {Conversation} */
export function newConversation(key, name) {
  const { kind } = readKey(key);
  return {
    key, kind, name, member: kind !== 'room', items: [], window: 0, atEnd: true, oldest: false, loading: null, latest: 0, gap: null,
    read: null, unread: 0, mentions: 0, newFrom: null, following: true, people: null, rules: null, removed: null,
  };
}

/**
 * @param {{prefix: string, name?: string, account?: boolean, partners?: string[], current?: string, queue?: object[], drafts?: object, reads?: object,
 *   token?: string, seq?: number}} start `prefix` makes the labels of this page unlike those of an earlier page
 */
export function newState(start) {
  return {
    phase: 'out', me: start.name ?? '', account: start.account ?? false, encrypted: false, problem: null, ended: null,
    link: 'down', lostAt: null, token: start.token ?? null, seq: start.seq ?? 0, credentials: null,
    prefix: start.prefix, labels: 0, requests: mapOf(), queue: start.queue ?? [], partners: start.partners ?? [],
    conversations: mapOf(), current: start.current ?? 'lobby', drafts: mapOf(start.drafts), reads: mapOf(start.reads),
    users: null, rooms: null, blocked: [], search: null, profile: null, answer: null, away: null, privates: mapOf(), seen: true,
  };
}

export const begin = (state) => ({ state: { ...state }, effects: [] });
export const effect = (t, value) => void t.effects.push(value);

/** Changes fields of the conversation with this key, if there is one. */
export function patch(t, key, fields) {
  const conversation = t.state.conversations[key];
  if (conversation) {
    t.state.conversations = withKey(t.state.conversations, key, { ...conversation, ...fields });
  }
}

/** Keeps the window within its bound: cuts the end that the user is not reading. */
export function trim(conversation, items, cutsEnd) {
  if (items.length <= MOST_ITEMS) return { items };
  return cutsEnd ? { items: items.slice(0, MOST_ITEMS), atEnd: false } : { items: items.slice(-MOST_ITEMS), oldest: false };
}

/** The window is full, and its reader looks at messages further up. */
export const isFull = (conversation) => !conversation.following && conversation.items.length >= MOST_ITEMS;

/** Adds a line that is no message behind the last item: `add` makes new items of the old ones. */
export function addLine(t, key, add) {
  const conversation = t.state.conversations[key];
  if (conversation?.atEnd && !isFull(conversation)) patch(t, key, trim(conversation, add(conversation.items), false));
}

/** Closes a conversation with a user if there are as many as there may be: first one without an answer, of a user who left. */
function makeSpace(t) {
  const { conversations, current, drafts, privates, queue, users } = t.state;
  const talks = Object.values(conversations).filter((each) => each.kind === 'user');
  if (talks.length < MOST_USERS) return;
  const here = new Set([users, ...Object.values(conversations).map((each) => each.people)].flatMap((names) => names ?? []).map(userKey));
  const isAnswered = ({ key, items }) =>
    drafts[key] || privates[key] === 'open' || queue.some((unsent) => unsent.to === key) || items.some((item) => item.mine);
  const worth = (each) => (each.key === current ? 4 : 0) + (isAnswered(each) ? 2 : 0) + (here.has(each.key) ? 1 : 0);
  const worths = talks.map(worth);
  const { key } = talks[worths.indexOf(Math.min(...worths))];
  drop(t, key);
  t.state.privates = withoutKey(privates, key);
}

/** Returns the conversation with this key, and opens it first if there is none. */
export function ensure(t, key, name = readKey(key).name) {
  if (!t.state.conversations[key]) {
    if (readKey(key).kind === 'user') makeSpace(t);
    const conversation = newConversation(key, name);
    conversation.read = t.state.reads[key] ?? null;
    t.state.conversations = withKey(t.state.conversations, key, conversation);
  }
  return t.state.conversations[key];
}

/** Removes a conversation from the list. */
export function drop(t, key) {
  t.state.conversations = withoutKey(t.state.conversations, key);
}

/** The field that names a conversation in a command object. */
export const target = (conversation) =>
  conversation.kind === 'user' ? { with: conversation.name } : { room: conversation.name };

export const isMe = (state, user) => sameName(state.me, user);
export const isAttentive = (state, conversation) =>
  state.seen && state.current === conversation.key && conversation.following && conversation.atEnd;

// The order of the conversations in the list.

/** Returns the conversations as the list shows them: all users, rooms, then single users with unread ones first. */
export function listed(state) {
  const all = Object.values(state.conversations);
  const isShown = (each) => each.key === state.current || each.removed || (each.kind === 'room' && each.member);
  return {
    rooms: [
      ...all.filter((each) => each.kind === 'all' && (each.items.length > 0 || each.key === state.current)),
      ...all.filter((each) => each.kind === 'room' && isShown(each)).sort((a, b) => compareNames(a.name, b.name)),
    ],
    users: all.filter((each) => each.kind === 'user').sort((a, b) => b.unread - a.unread || compareNames(a.name, b.name)),
  };
}

/** Returns the key of the next conversation with unread messages in a direction, or of the neighbor if there is none. */
export function nextUnread(state, step) {
  const { rooms, users } = listed(state);
  const all = [...rooms, ...users];
  const here = all.findIndex((each) => each.key === state.current);
  const others = all.map((_, index) => all[(here + step * (index + 1) + all.length * all.length) % all.length]).filter((each) => each.key !== state.current);
  return (others.find((each) => each.unread) ?? others[0])?.key ?? null;
}

// What outlasts the page: in this browser (`kept`), and in this tab (`session`).

const conversationReads = (state) => {
  const reads = mapOf();
  for (const { key, kind, member, read } of Object.values(state.conversations)) {
    if (member && kind !== 'user') reads[key] = read ?? 0;
  }
  return reads;
};

/** The users of conversations, those of the last sign-in first. */
const partnersOf = ({ partners, conversations }) =>
  [...partners, ...Object.values(conversations).filter((each) => each.kind === 'user').map((each) => each.name)].slice(-MOST_USERS);

/** Drafts and unsent messages, of the user who wrote them, and the users whom this one talked to. */
export const kept = (state) => ({ name: state.me, account: state.account, partners: partnersOf(state), drafts: state.drafts, queue: state.queue });

/** The session of this tab: null when it has ended. */
export function session(state) {
  if (state.phase === 'out' || state.phase === 'ended') return null;
  const { token, seq, current, credentials } = state;
  return token ? { token, seq, current, guest: credentials && { ...credentials, user: state.me }, reads: conversationReads(state) } : null;
}

// What was kept may have any shape: another page of this address wrote it. What does not fit is left out.

const isText = (value) => typeof value === 'string';
const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value, instead) => (isText(value) ? value : instead);
const list = (value, fits) => (Array.isArray(value) ? value.filter(fits) : []);
const map = (value, fits) => mapOf(isMap(value) ? Object.fromEntries(Object.entries(value).filter(([, each]) => fits(each))) : {});
const isUnsent = (value) => isMap(value) && ['label', 'nonce', 'to', 'name', 'text'].every((field) => isText(value[field])) && Number.isFinite(value.at);
const isGuest = (value) => isMap(value) && value.kind === 'guest' && isText(value.user);

/**
 * Returns what `newState` takes from both. Unsent messages go on only in the session that wrote them;
 * otherwise the user decides about each.
 */
export function restore(keptBefore, sessionBefore) {
  const before = isMap(keptBefore) ? keptBefore : {};
  const last = isMap(sessionBefore) && isText(sessionBefore.token) ? sessionBefore : null;
  const queue = list(before.queue, isUnsent).map((unsent) => ({
    ...unsent, state: last && unsent.state !== 'failed' ? 'waiting' : 'failed',
    reason: isMap(unsent.reason) && isText(unsent.reason.cause) && isText(unsent.reason.text ?? '') ? unsent.reason : { cause: 'left_before' },
  }));
  return {
    name: text(before.name, ''), account: before.account === true, partners: list(before.partners, (name) => isText(name) && isUserName(name)).slice(0, MOST_USERS), drafts: map(before.drafts, isText), queue,
    token: last?.token, seq: Number.isSafeInteger(last?.seq) ? last.seq : undefined, reads: last ? map(last.reads, Number.isFinite) : undefined,
    current: isText(last?.current) ? readAddress(last.current) || undefined : undefined, credentials: isGuest(last?.guest) ? last.guest : null,
  };
}
