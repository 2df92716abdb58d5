// The session: signing in, resuming after a loss, and its ends.

import { loadFirst, openGaps, resumePoints } from './history.js';
import { showNotice } from './notices.js';
import { loadPeople, loadRules } from './room.js';
import { forgetRequests, pump, request, rewind } from './sending.js';
import { effect, ensure, EVERYONE, mapOf, patch, readKey, roomKey, sameName, userKey } from './state.js';

/** Causes that end a session for good: the page does not reconnect by itself. */
const ENDS = new Set(['goodbye', 'kicked', 'banned', 'idle', 'password_reset', 'expelled', 'address_banned']);
/** Refusals of a sign-in that pass by themselves; the page tries again after so many milliseconds. */
const BUSY = { __proto__: null, resume_busy: 1000, address_busy: 2000, hashes_busy: 2000, throttled: 1000, server_full: 5000 };

/** Refusals of a room that leave the server open: the user joins the lobby, where an invitation can arrive. */
const CLOSED_ROOM = new Set(['invite_only', 'room_banned', 'key_needed', 'address_rooms', 'room_name_bad', 'room_name_reserved']);

/** The user wants to join: connects, and signs in when the connection is open. */
export function join(t, credentials) {
  if (!sameName(t.state.me, credentials.user)) Object.assign(t.state, { conversations: mapOf(), drafts: mapOf(), queue: [], partners: [], reads: mapOf(), search: null, privates: mapOf() });
  const room = readKey(t.state.current).kind === 'room' ? t.state.current : 'lobby';
  Object.assign(t.state, { closedRoom: null, credentials: { room, ...credentials }, phase: 'signing', problem: null, ended: null, token: null });
  if (t.state.link === 'up') signIn(t);
  else effect(t, { type: 'connect' });
}

/** The connection is open: goes on with the session, or signs in. */
export function opened(t) {
  t.state.link = 'up';
  signIn(t);
}

function signIn(t) {
  const { token, credentials, seq, reads } = t.state;
  const rooms = { all: null, ...Object.fromEntries(Object.keys(reads).filter((key) => readKey(key).kind === 'room').map((key) => [key, null])), ...resumePoints(t.state) };
  if (token) {
    request(t, { type: 'resume', token, acks: true, seq, rooms: limited(rooms) }, { kind: 'sign-in', resumes: true });
  } else if (credentials) {
    const { kind, room, ...fields } = credentials;
    request(t, { type: kind, ...fields, room, acks: true, rooms: limited({ [room]: null, ...rooms }) }, { kind: 'sign-in' });
  }
}

/** The rooms of a sign-in: at most 40, without a second spelling of one. */
function limited(rooms) {
  const known = new Map();
  for (const [name, id] of Object.entries(rooms)) known.set(roomKey(name), [name, id ?? known.get(roomKey(name))?.[1] ?? null]);
  return Object.fromEntries([...known.values()].slice(0, 40));
}

/** The connection is lost. */
export function lost(t, now) {
  if (t.state.link === 'up') t.state.lostAt = now;
  t.state.link = 'down';
  forgetRequests(t);
  openGaps(t);
  rewind(t);
}

/** What signs a guest in again by itself. Passwords are for one sign-in: another server could answer at this address. */
const again = (credentials, answer) =>
  credentials?.kind === 'guest' && !answer.account ? { kind: 'guest', user: answer.username, name_token: credentials.name_token, room: credentials.room } : null;

/** The server let the user in. */
export function welcome(t, answer) {
  const first = t.state.phase !== 'in';
  t.state.credentials = again(t.state.credentials, answer);
  Object.assign(t.state, {
    phase: 'in', me: answer.username, account: answer.account, encrypted: answer.encrypted, token: answer.token,
    seq: answer.resumed ? t.state.seq : 0, lostAt: null, problem: null, ended: null,
    away: answer.resumed ? t.state.away : false, privates: answer.resumed ? t.state.privates : mapOf(),
  });
  const members = new Map(answer.member_of.map((room) => [roomKey(room), room]));
  for (const conversation of Object.values(t.state.conversations)) {
    if (conversation.kind === 'room') patch(t, conversation.key, { member: members.has(conversation.key) });
  }
  for (const [key, room] of members) {
    ensure(t, key, room);
    patch(t, key, { member: true, name: room, removed: null });
  }
  ensure(t, EVERYONE);
  for (const user of t.state.partners) ensure(t, userKey(user), user);
  t.state.partners = [];
  const { kind } = readKey(t.state.current);
  if (kind === 'room' && !members.has(t.state.current)) {
    if (first && !answer.resumed) t.state.current = roomKey(answer.room ?? 'lobby');
    else if (!t.state.conversations[t.state.current]) askToEnter(t, t.state.current);
    else if (!t.state.conversations[t.state.current].removed) t.state.wanted = t.state.current;
  }
  ensure(t, t.state.current);
}

/** Shows a room that the user has not chosen, with a button that enters it. */
export function askToEnter(t, name) {
  ensure(t, roomKey(name), name);
  patch(t, roomKey(name), { removed: { cause: 'enter', room: name } });
}

/** The answer to the sign-in is complete: messages wait no more, and the lists are fetched. */
export function settled(t) {
  const { wanted, closedRoom } = t.state;
  Object.assign(t.state, { wanted: null, closedRoom: null });
  pump(t);
  // The sign-in brings the messages of rooms, but not those with one user.
  if (readKey(t.state.current).kind === 'user') loadFirst(t, t.state.current);
  if (readKey(t.state.current).kind === 'all') request(t, { type: 'users' }, { kind: 'users' });
  loadPeople(t, t.state.current);
  for (const { key, rules } of Object.values(t.state.conversations)) if (rules) patch(t, key, { oldRules: true });
  loadRules(t, t.state.current);
  request(t, { type: 'rooms' }, { kind: 'rooms' });
  request(t, { type: 'block' }, { kind: 'blocks' });
  if (closedRoom) tellClosed(t, closedRoom);
  else if (wanted) effect(t, { type: 'event', event: { type: 'open', key: wanted } });
}

/** The room that the user wanted is closed. Its key word is asked for there. */
function tellClosed(t, { room, answer }) {
  if (answer.cause === 'key_needed') effect(t, { type: 'event', event: { type: 'open', key: roomKey(room), name: room } });
  else showNotice(t, t.state.current, { room, ...answer, type: 'error' });
}

/** The server refused the sign-in. */
export function refused(t, answer, about) {
  const wait = BUSY[answer.cause];
  if (wait) {
    effect(t, { type: 'timer', ms: answer.retry_ms ?? wait, event: { type: 'sign-in' } });
    return;
  }
  if (about?.resumes && answer.cause === 'token_unknown') {
    t.state.token = null;
    if (t.state.credentials) {
      signIn(t);
      return;
    }
  }
  const { room } = t.state.credentials ?? {};
  if (CLOSED_ROOM.has(answer.cause) && room && roomKey(room) !== 'lobby') {
    Object.assign(t.state, { closedRoom: { room, answer }, current: 'lobby', credentials: { ...t.state.credentials, room: 'lobby' } });
    signIn(t);
    return;
  }
  Object.assign(t.state, { phase: 'out', problem: answer.cause === 'token_unknown' ? null : answer, token: null, lostAt: null });
}

/** Signs in after a wait, if nothing else happened meanwhile. */
export function signInAgain(t) {
  if (t.state.link === 'up' && t.state.phase !== 'out') signIn(t);
}

/** Takes an event that ends the session. Returns whether it does. */
export function endedBy(t, event) {
  if (event.cause === 'resumed_elsewhere') {
    t.state.phase = 'elsewhere';
  } else if (ENDS.has(event.cause)) {
    Object.assign(t.state, { phase: 'ended', ended: event, token: null });
  } else {
    return false;
  }
  effect(t, { type: 'disconnect' });
  return true;
}

/** Another tab has taken the session. */
export function giveUp(t) {
  t.state.phase = 'elsewhere';
  effect(t, { type: 'disconnect' });
}

/** The user wants the session in this tab. */
export function takeOver(t, token) {
  Object.assign(t.state, { phase: 'signing', token: token ?? t.state.token });
  if (t.state.link === 'up') signIn(t);
  else effect(t, { type: 'connect' });
}

/** Back to the first screen, for example behind the end of a session. No user is signed in until the user asks again. */
export function reset(t) {
  Object.assign(t.state, { phase: 'out', ended: null, problem: null, token: null, credentials: null });
  effect(t, { type: 'connect' });
}
