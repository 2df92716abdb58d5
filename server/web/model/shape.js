// The shape of what the server sends: objects that are not as the protocol says never reach the state.

const LATEST = 8.64e15;
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const isNumber = (value) => Number.isFinite(value);
const isId = (value) => Number.isSafeInteger(value);
const isTime = (value) => isNumber(value) && Math.abs(value) <= LATEST;
const listOf = (is) => (value) => Array.isArray(value) && value.every(is);
const isTexts = listOf(isText);
const isPair = (second) => (value) => Array.isArray(value) && isText(value[0]) && second(value[1]);
/** Tells whether the fields that an object has are of their kinds. */
const fits = (object, kinds) => Object.entries(kinds).every(([name, is]) => object[name] == null || is(object[name]));
/** A table in which all names have one value. */
const each = (value, ...names) => Object.fromEntries(names.map((name) => [name, value]));

const PIN = { id: isId, at: isTime, ...each(isText, 'user', 'text') };
const RULES = {
  ...each(isTexts, 'owners', 'banned', 'muted', 'floor', 'server_owners'), topic: isText, slow: isNumber, more_hands: isNumber,
  hands: listOf(isPair(isText)), pin: (pin) => isObject(pin) && fits(pin, PIN),
  server: (server) => isObject(server) && fits(server, { banned: listOf(isPair((seconds) => seconds === null || isNumber(seconds))) }),
};
const FIELDS = {
  ...each(isText, 'type', 'event', 'cause', 'text', 'user', 'from_user', 'to_user', 'by', 'to', 'room', 'label', 'nonce', 'word', 'reason', 'name', 'username', 'token', 'command'),
  ...each(isNumber, 'seconds', 'count', 'seq', 'retry_ms'),
  ...each(isTexts, 'users', 'owners', 'member_of'),
  id: isId, at: isTime, ids: listOf(isId), rooms: listOf(isPair(isNumber)),
  rules: (rules) => isObject(rules) && isObject(rules.you) && fits(rules, RULES) && fits(rules.you, { seconds: isNumber, hand: isNumber }),
};

/** The fields that an event, or a cause, cannot do without. */
const NEEDED = {
  __proto__: null,
  message: 'user text at', 'message all': 'user text at', 'message history': 'id user text at', 'message edited': 'id text',
  pm: 'from_user text at', 'pm history': 'id from_user text at', 'pm private': 'from_user text at',
  'system deleted': 'ids', 'system connected': 'user', 'system disconnected': 'user', 'system renamed': 'user to',
  'system joined': 'user room', 'system left': 'user room', 'system members': 'room users', 'system online': 'users',
  'system blocked': 'users', 'system rooms': 'rooms', 'system rules': 'room rules', 'system caught_up': 'room',
  'system private_request': 'user', 'system private_connected': 'user', 'system private_rejected': 'user', 'system private_ended': 'user',
  auth_ok: 'username member_of', entered: 'room', left_room: 'room', kicked_from_room: 'room', blocked: 'user', unblocked: 'user',
  invited: 'room', pinned: 'id user at', pin: 'id user at', slow_on: 'seconds', room_slow: 'seconds',
  ...each('user', 'owner_made', 'owner_removed', 'user_muted', 'muted_ahead', 'user_unmuted', 'user_banned', 'banned_ahead', 'user_unbanned', 'floor_given', 'floor_taken', 'hand_raised'),
};

/** Returns the object if its shape is that of the protocol. Of another one nothing is left but that a request ends. */
export function wellFormed(object) {
  if (!isObject(object)) return { type: 'malformed' };
  const kind = object.event && object.event !== 'info' ? `${object.type} ${object.event}` : object.type;
  const needed = [NEEDED[kind], object.type === 'system' && NEEDED[object.cause]].filter(Boolean).join(' ').split(' ').filter(Boolean);
  if (isText(object.type) && fits(object, FIELDS) && needed.every((name) => object[name] != null)) return object;
  return { type: 'malformed', ...(isText(object.label) ? { label: object.label, done: object.done } : {}) };
}
