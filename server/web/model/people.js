// The users of a room: a list from the server, changed by the events of users who come and go.

import { addPresence, renameUser } from './items.js';
import { effect, isMe, patch, sameName, userKey } from './state.js';
import { request } from './requests.js';

const compare = new Intl.Collator(undefined, { sensitivity: 'base' }).compare;
const sorted = (names) => [...names].sort(compare);
/** Most pages of a list of users that the page asks for. */
const MOST_NAMES = 3000;
/** Time between two lists of the same room, in milliseconds. */
const REFRESH_MS = 4000;

/** Asks for the users of a room. */
export function loadPeople(t, key, after) {
  const conversation = t.state.conversations[key];
  if (conversation?.kind !== 'room' || !conversation.member) return;
  request(t, { type: 'who', room: conversation.name, ...(after ? { after } : {}) }, { kind: 'who', key });
}

/** Asks for the users of a room again in a moment: an event did not name them all. */
export function refreshLater(t, key) {
  if (!key || t.state.conversations[key]?.refreshing || !t.state.conversations[key]?.people) return;
  patch(t, key, { refreshing: true });
  effect(t, { type: 'timer', ms: REFRESH_MS, event: { type: 'refresh', key } });
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
  const fields = { people: sorted(page), morePeople: answer.more ?? 0, listing: null };
  const old = conversation.people;
  if (old && !answer.next && !conversation.morePeople) {
    const joined = page.filter((user) => !old.includes(user) && !isMe(t.state, user));
    const left = old.filter((user) => !page.includes(user) && !isMe(t.state, user));
    if (joined.length + left.length) fields.items = addPresence(conversation.items, { joined, left, at: answer.at });
  }
  patch(t, key, fields);
}

/** A user came into a room. */
export function comeIn(t, key, user, at) {
  const conversation = t.state.conversations[key];
  if (!conversation) return;
  const people = conversation.people && !conversation.people.includes(user) ? sorted([...conversation.people, user]) : conversation.people;
  patch(t, key, { people, items: conversation.atEnd ? addPresence(conversation.items, { joined: [user], at }) : conversation.items });
}

/** A user left a room. */
export function goOut(t, key, user, at) {
  const conversation = t.state.conversations[key];
  if (!conversation) return;
  const people = conversation.people?.filter((name) => name !== user) ?? null;
  patch(t, key, { people, items: conversation.atEnd ? addPresence(conversation.items, { left: [user], at }) : conversation.items });
}

/** A user left the server: out of every room where the page knows the user. */
export function disconnect(t, user, at) {
  for (const conversation of Object.values(t.state.conversations)) {
    if (conversation.people?.includes(user)) goOut(t, conversation.key, user, at);
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
  patch(t, key, { items: conversation.atEnd ? addPresence(conversation.items, change) : conversation.items });
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
  }
  renameConversation(t, userKey(from), userKey(to), to);
}

function renameConversation(t, from, to, name) {
  const { [from]: conversation, ...rest } = t.state.conversations;
  if (!conversation || from === to || rest[to]) return;
  t.state.conversations = { ...rest, [to]: { ...conversation, key: to, name } };
  t.state.queue = t.state.queue.map((unsent) => (unsent.to === from ? { ...unsent, to, name } : unsent));
  if (t.state.current === from) t.state.current = to;
}
