// The users of a room: a list from the server, changed by the events of users who come and go.

import { addPresence, isTakenOut, renameUser } from './items.js';
import { request } from './sending.js';
import { addLine, compareNames, effect, hasName, isMe, mapOf, patch, sameName, userKey, withKey, withName, withoutKey, withoutName } from './state.js';

const sorted = (names) => [...names].sort(compareNames);
/** Most pages of a list of users that the page asks for. */
const MOST_NAMES = 3000;
/** Time between two lists of the same room, in milliseconds. */
const REFRESH_MS = 4000;
/** The same for a room of few users. */
const REFRESH_SMALL_MS = 400;
const SMALL_ROOM = 30;
/** Time before the rules are asked for again, so that one answer serves several events, in milliseconds. */
const RULES_MS = 500;
/** Time after which a lost session cannot be resumed, and its rights as an owner end without an event, in milliseconds. */
const RESUME_MS = 605_000;

/** Asks for the users of a room. */
export function loadPeople(t, key, after) {
  const conversation = t.state.conversations[key];
  if (conversation?.kind !== 'room' || !conversation.member) return;
  request(t, { type: 'who', room: conversation.name, ...(after ? { after } : {}) }, { kind: 'who', key });
}

/** Asks for the users of a room again in a moment: an event did not name them all. */
export function refreshLater(t, key) {
  const conversation = t.state.conversations[key];
  if (!conversation?.people || conversation.refreshing) return;
  patch(t, key, { refreshing: true });
  const ms = conversation.people.length <= SMALL_ROOM ? REFRESH_SMALL_MS : REFRESH_MS;
  effect(t, { type: 'timer', ms, event: { type: 'refresh', key } });
}

/** Takes a page of the users of a room. */
export function takeMembers(t, key, answer) {
  const conversation = t.state.conversations[key];
  if (!conversation) return;
  const page = answer.after ? [...(conversation.listing ?? []), ...answer.users] : answer.users;
  if (answer.next && page.length < MOST_NAMES) {
    patch(t, key, { listing: page });
    loadPeople(t, key, answer.users.at(-1));
    return;
  }
  const old = conversation.people;
  if (old && !answer.next && !conversation.morePeople) {
    const joined = page.filter((user) => !old.includes(user) && !isMe(t.state, user));
    const left = old.filter((user) => !page.includes(user) && !isMe(t.state, user));
    if (joined.length + left.length) showPresence(t, key, { joined, left, at: answer.at });
    for (const user of left) doubtRules(t, key, user);
  }
  patch(t, key, { people: sorted(page), morePeople: answer.more ?? 0, listing: null });
}

/** Shows who came and who left, while the reader sees the end of the room. */
const showPresence = (t, key, change) => addLine(t, key, (items) => addPresence(items, change));

/** A user came into a room. */
export function comeIn(t, key, user, at) {
  const conversation = t.state.conversations[key];
  if (!conversation) return;
  const people = conversation.people && !conversation.people.includes(user) ? sorted([...conversation.people, user]) : conversation.people;
  patch(t, key, { people });
  showPresence(t, key, { joined: [user], at });
}

/** A user left a room. */
export function goOut(t, key, user, at) {
  const conversation = t.state.conversations[key];
  if (!conversation) return;
  const people = conversation.people?.filter((name) => name !== user) ?? null;
  patch(t, key, { people });
  if (!isTakenOut(conversation.items, user, at)) showPresence(t, key, { left: [user], at });
  doubtRules(t, key, user);
}

/** A user left the server: out of every room where the page knows the user. */
export function disconnect(t, user, at) {
  for (const conversation of Object.values(t.state.conversations)) {
    if (ownsRoom(conversation, user)) effect(t, { type: 'timer', ms: RESUME_MS, event: { type: 'rules', key: conversation.key } });
    if (conversation.people?.includes(user)) goOut(t, conversation.key, user, at);
    else doubtRules(t, conversation.key, user);
  }
  if (t.state.users) t.state.users = t.state.users.filter((name) => name !== user);
}

/** A user came to the server. The event names no room, so the shown room asks for its list. */
export function connect(t, user) {
  if (t.state.users && !t.state.users.includes(user)) t.state.users = sorted([...t.state.users, user]);
  refreshLater(t, t.state.current);
}

/** Takes a summary of users who came and went. */
export function gather(t, key, event) {
  if (key === null) return refreshLater(t, t.state.current);
  const conversation = t.state.conversations[key];
  if (!conversation) return undefined;
  const change = { moreJoined: event.joined, moreLeft: event.left, at: event.at };
  showPresence(t, key, change);
  return refreshLater(t, key);
}

/** A user took another name. */
export function rename(t, from, to) {
  if (isMe(t.state, from)) t.state.me = to;
  if (t.state.users) t.state.users = sorted(t.state.users.map((name) => (name === from ? to : name)));
  t.state.blocked = t.state.blocked.map((name) => (sameName(name, from) ? to : name));
  for (const conversation of Object.values(t.state.conversations)) {
    const people = conversation.people && sorted(conversation.people.map((name) => (name === from ? to : name)));
    patch(t, conversation.key, { people, items: renameUser(conversation.items, from, to) });
    doubtRules(t, conversation.key, from);
  }
  renameConversation(t, userKey(from), userKey(to), to);
}

function renameConversation(t, from, to, name) {
  const conversation = t.state.conversations[from];
  if (!conversation || from === to || t.state.conversations[to]) return;
  t.state.conversations = withKey(withoutKey(t.state.conversations, from), to, { ...conversation, key: to, name });
  t.state.queue = t.state.queue.map((unsent) => (unsent.to === from ? { ...unsent, to, name } : unsent));
  if (t.state.current === from) t.state.current = to;
}

// The rules of a room: its owners, topic, pin, who may speak. The server tells them all at once, then each change.

const EMPTY = { owners: [], open: true, has_key: false, quiet: false, slow: 0, banned: [], muted: [], hands: [], more_hands: 0, floor: [], you: {} };

const you = (rules, fields) => ({ you: { ...rules.you, ...fields } });
const withoutHand = (rules, user) => rules.hands?.filter(([name]) => !sameName(name, user));
const pinOf = (event) => ({ pin: { id: event.id, at: event.at, user: event.user, text: event.word ?? '' } });
const quiet = () => ({ quiet: true });

/** Until when a user has the floor: null for one message, undefined where the page has not heard it. */
export const floorUntil = (rules, user) => rules.floors?.[userKey(user)];
function withoutFloor(rules, user, me) {
  return { floor: withoutName(rules.floor, user), floors: withoutKey(rules.floors ?? {}, userKey(user)), ...(me ? you(rules, { floor: false }) : {}) };
}

/** What a cause changes: `(rules, event, me)` to new fields; `me` tells that the event names the reader. */
const CHANGES = {
  __proto__: null,
  topic_set: (rules, event) => ({ topic: event.word }),
  topic: (rules, event) => ({ topic: event.word }),
  topic_removed: () => ({ topic: undefined }),
  pinned: (rules, event) => pinOf(event),
  pin: (rules, event) => pinOf(event),
  unpinned: () => ({ pin: undefined }),
  quiet_on: quiet,
  room_quiet: quiet,
  quiet_off: (rules) => ({ quiet: false, hands: [], more_hands: 0, floor: [], floors: {}, ...you(rules, { hand: undefined, floor: false }) }),
  slow_on: (rules, event) => ({ slow: event.seconds }),
  room_slow: (rules, event) => ({ slow: event.seconds }),
  slow_off: () => ({ slow: 0 }),
  room_opened: () => ({ open: true }),
  room_closed: () => ({ open: false }),
  key_set: () => ({ has_key: true }),
  key_removed: () => ({ has_key: false }),
  owner_made: (rules, event, me) => ({ owners: withName(rules.owners, event.user), ...(me ? you(rules, { owner: true }) : {}) }),
  owner_removed: (rules, event, me) => ({ owners: withoutName(rules.owners, event.user), ...(me ? you(rules, { owner: false }) : {}) }),
  user_muted: (rules, event, me) => ({ muted: withName(rules.muted, event.user), ...(me ? you(rules, { muted: true, by: event.by, until: event.seconds ? event.at + event.seconds * 1000 : undefined }) : {}) }),
  muted_ahead: (rules, event) => ({ muted: withName(rules.muted, event.user) }),
  user_unmuted: (rules, event, me) => ({ muted: withoutName(rules.muted, event.user), ...(me ? you(rules, { muted: false, until: undefined }) : {}) }),
  user_banned: (rules, event) => ({ banned: withName(rules.banned, event.user) }),
  banned_ahead: (rules, event) => ({ banned: withName(rules.banned, event.user) }),
  user_unbanned: (rules, event) => ({ banned: withoutName(rules.banned, event.user) }),
  floor_given: (rules, event, me) => ({ hands: withoutHand(rules, event.user), floor: withName(rules.floor, event.user), floors: withKey(rules.floors, userKey(event.user), event.seconds ? event.at + event.seconds * 1000 : null), ...(me ? you(rules, { floor: true, hand: undefined }) : {}) }),
  floor_taken: (rules, event, me) => withoutFloor(rules, event.user, me),
  hand_raised: (rules, event) => ({ hands: [...(withoutHand(rules, event.user) ?? []), [event.user, event.word ?? '']] }),
  hand_up: (rules, event) => you(rules, { hand: event.count ?? 0 }),
  hand_down: (rules) => you(rules, { hand: undefined }),
};

/** Asks for the rules of a room. */
export function loadRules(t, key) {
  const conversation = t.state.conversations[key];
  if (conversation?.kind !== 'room' || !conversation.member) return;
  request(t, { type: 'rules', room: conversation.name }, { kind: 'rules', key });
}

/** Asks for the rules again in a moment: they may have changed without an event. */
export function reloadRules(t, key) {
  const conversation = t.state.conversations[key];
  if (conversation?.kind !== 'room' || conversation.reloading) return;
  patch(t, key, { reloading: true });
  effect(t, { type: 'timer', ms: RULES_MS, event: { type: 'reload-rules', key } });
}

/** A user of a room went or took another name. Rules that name the user may end: all of them end with the last owner. */
function doubtRules(t, key, user) {
  const conversation = t.state.conversations[key];
  const { hands = [], floor = [] } = conversation?.rules ?? {};
  if (ownsRoom(conversation, user) || hasName([...hands.map(([name]) => name), ...floor], user)) reloadRules(t, key);
}

/** Takes the rules that the server told. */
export function takeRules(t, key, answer) {
  const { seconds } = answer.rules.you;
  const until = seconds ? answer.at + seconds * 1000 : undefined;
  const { you: { by } = {}, floors = {} } = t.state.conversations[key]?.rules ?? {};
  const holders = [...(answer.rules.floor ?? []), ...(answer.rules.you.floor ? [t.state.me] : [])].map(userKey);
  patch(t, key, { oldRules: false, rules: { ...answer.rules, floors: mapOf(Object.fromEntries(Object.entries(floors).filter(([key]) => holders.includes(key)))), you: { ...answer.rules.you, until, by } } });
}

/** Applies a change of the rules of a room. */
export function changeRules(t, key, event) {
  const conversation = t.state.conversations[key];
  const change = CHANGES[event.cause];
  if (!conversation || !change) return;
  const rules = conversation.rules ?? EMPTY;
  const me = event.user != null && isMe(t.state, event.user);
  patch(t, key, { rules: { ...rules, ...change(rules, event, me) } });
  if (event.cause === 'owner_removed') reloadRules(t, key);
  if (event.cause === 'floor_given' && event.seconds) effect(t, { type: 'timer', ms: event.seconds * 1000 + RULES_MS, event: { type: 'reload-rules', key } });
  if (event.cause === 'floor_given' && !me && rules.you.hand !== undefined) loadRules(t, key);
}

/** A message in a quiet room uses up a floor for one message. How long a floor lasts is no part of the rules, so the page may have to ask. */
export function useFloor(t, key, user) {
  const { rules } = t.state.conversations[key];
  const me = isMe(t.state, user);
  if (!rules?.quiet || !(me ? rules.you.floor : hasName(rules.floor, user))) return;
  const until = floorUntil(rules, user);
  if (until === null) patch(t, key, { rules: { ...rules, ...withoutFloor(rules, user, me) } });
  else if (until === undefined) reloadRules(t, key);
}

/** The pin follows a change of its message, and ends with it. */
export function changePin(t, key, id, text) {
  const rules = t.state.conversations[key]?.rules;
  if (rules?.pin?.id !== id) return;
  patch(t, key, { rules: { ...rules, pin: text === null ? undefined : { ...rules.pin, text } } });
}

/** Tells whether the reader may change the rules of a conversation. */
export const isOwner = (conversation) => conversation?.rules?.you?.owner === true;
/** Tells whether a user is an owner of the room or of the server. */
export const ownsRoom = (conversation, user) =>
  hasName(conversation?.rules?.owners, user) || hasName(conversation?.rules?.server_owners, user);

/** Returns the users of a room as the list shows them: raised hands in their order, the floor, owners, then the alphabet. */
export function rankPeople(people, conversation) {
  const { hands = [], floor = [] } = conversation.rules ?? {};
  const place = (names, user) => names.findIndex((name) => sameName(name, user));
  const rank = (user) => {
    const hand = place(hands.map(([name]) => name), user);
    if (hand >= 0) return hand - hands.length;
    return place(floor, user) >= 0 ? 0 : ownsRoom(conversation, user) ? 1 : 2;
  };
  const ranks = new Map(people.map((user) => [user, rank(user)]));
  return [...people].sort((a, b) => ranks.get(a) - ranks.get(b));
}

/** Tells whether the reader owns the server as a guest, so only until the session ends. */
export const ownsAsGuest = (state) => !state.account && Object.values(state.conversations).some(({ rules }) => rules?.server);

/** Returns for how many seconds the reader of a slow room waits before the next message. */
export function pauseOf(conversation, now) {
  const { slow, you } = conversation?.rules ?? {};
  const own = slow && !you.owner ? conversation.items.findLast((item) => item.kind === 'message' && item.mine) : null;
  return own ? Math.max(0, own.at / 1000 + slow - now / 1000) : 0;
}

/** Tells whether the server takes messages to all users from the reader: none while a room of the reader is quiet. */
export const mayTellAll = (state, now) =>
  Object.values(state.conversations).every(({ member, rules }) => !member || !rules || rules.you.owner || (!rules.quiet && (!rules.you.muted || rules.you.until <= now)));

/** Why the reader cannot write here now: `muted`, `quiet`, or null. */
export function silence(conversation, now) {
  const rules = conversation?.rules;
  if (!rules) return null;
  if (rules.you.muted && !(rules.you.until <= now)) return 'muted';
  return rules.quiet && !rules.you.owner && !rules.you.floor ? 'quiet' : null;
}
