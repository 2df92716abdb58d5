// Sessions: joining, resuming, refusals, ends; unsent messages in their order.

import { kept, listed, newConversation, newState, nextUnread, readAddress, readKey, restore, session, userKey } from '/model/state.js';
import { resumePoints } from '/model/history.js';
import { readCommand } from '/model/writing.js';
import { sentence } from '/strings.js';
import { Driver, authOk, caughtUp, info, past, said } from './driver.js';
import { equal, holds } from './assert.js';

const write = (driver, text, key = driver.state.current) => driver.do({ type: 'submit', key, text, nonce: `n-${text}` });
const waiting = (driver) => driver.state.queue.map((unsent) => [unsent.text, unsent.state]);

export const cases = Object.entries({
  'a name with a blank gets a suggestion'() {
    const said = (name) => sentence({ cause: 'name_bad', name });
    equal(said(' Ms  Miller '), 'A name has only letters, digits, _ and -. Try Ms_Miller.');
    for (const name of [undefined, 'a!b c', 'x '.repeat(20)]) equal(said(name), 'A name has only letters, digits, _ and -.');
  },
  'an address enters no room by itself'() {
    const driver = new Driver().signIn().do({ type: 'address', name: 'Ops' });
    equal([driver.state.current, driver.conversation().removed.cause, driver.conversation().name, driver.sent()], ['ops', 'enter', 'Ops', []]);
    driver.do({ type: 'open', key: 'lobby' });
    holds(!driver.conversation('ops'), 'the question is gone');
    driver.sent();
    driver.do({ type: 'address', name: 'ops' }).do({ type: 'open', key: 'ops', name: 'ops' });
    equal([driver.sent('join').length, driver.conversation().removed], [1, null]);
    driver.answer('join', { type: 'error', cause: 'invite_only', room: 'ops' }).do({ type: 'open', key: 'lobby' });
    driver.sent();
    driver.do({ type: 'address', name: 'ops' });
    equal([driver.state.current, driver.conversation().removed.cause, driver.sent('join')], ['ops', 'enter', []]);
    driver.do({ type: 'open', key: 'ops' }).answer('join', { type: 'error', cause: 'invite_only', room: 'ops' }).do({ type: 'address', name: 'ops' });
    equal(driver.conversation().removed.cause, 'invite_only', 'the refusal in sight stays');
    const fresh = new Driver({ token: 'k', current: 'ops' }).do({ type: 'take-over' }).do({ type: 'opened' });
    fresh.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal([fresh.state.current, fresh.conversation().removed.cause, fresh.sent('join')], ['ops', 'enter', []]);
  },
  'an address leads to rooms of the user, and to users'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).do({ type: 'address', name: 'ops' });
    equal([driver.state.current, driver.conversation().removed], ['ops', null]);
    driver.do({ type: 'address', name: '@Bob' });
    equal([driver.state.current, driver.conversation().name], ['@bob', 'Bob']);
  },
  'conversations with users are there at the next sign-in'() {
    const driver = new Driver().signIn().hear({ type: 'pm', from_user: 'Bob', text: 'hi', id: 5 }).do({ type: 'open', key: '@eve', name: 'eve' });
    const memory = JSON.parse(JSON.stringify(kept(driver.state)));
    equal(memory.partners, ['Bob', 'eve']);
    const next = new Driver(restore(memory, null));
    equal(kept(next.state).partners, ['Bob', 'eve'], 'before the sign-in, too');
    next.signIn();
    equal([listed(next.state).users.map((each) => each.name), kept(next.state).partners], [['Bob', 'eve'], ['Bob', 'eve']]);
    next.do({ type: 'leave', key: '@bob' });
    equal(kept(next.state).partners, ['eve']);
    equal(listed(new Driver(restore(memory, null)).signIn({ user: 'other' }).state).users, [], 'for this user');
    equal(restore({ partners: [5, 'a b', 'bob', ...Array(99).fill('eve')] }, null).partners.length, 50);
    const many = new Driver().signIn();
    for (let n = 0; n < 60; n += 1) many.do({ type: 'open', key: `@u${n}`, name: `u${n}` });
    equal([kept(many.state).partners.length, kept(many.state).partners.at(-1)], [50, 'u59']);
  },
  'a wrong name opens no room'() {
    const driver = new Driver().signIn();
    for (const name of ['Maths 2b', 'a_b', 'all', 'x'.repeat(33), '']) driver.do({ type: 'open', key: name.toLowerCase(), name });
    write(driver, '/join a_b');
    equal([Object.keys(driver.state.conversations), driver.sent(), driver.state.current, driver.conversation().items.map(({ event }) => event.cause)], [['lobby', '*'], [], 'lobby', Array(6).fill('room_name_bad')]);
    equal(sentence({ cause: 'room_name_bad', name: 'Maths 2b' }), 'A room name has only letters, digits, / and -, at most 32. Try Maths-2b.');
    equal(sentence({ cause: 'room_name_bad' }), 'A room name has only letters, digits, / and -, at most 32.');
  },
  'a closed room leads to the lobby, where the refusal is told'() {
    const driver = new Driver({ current: 'class' });
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'ann', room: 'Class' } }).do({ type: 'opened' });
    driver.answer('guest', { type: 'auth_fail', cause: 'invite_only', room: 'class', owners: ['alice'] });
    equal(driver.sent('guest').map(({ user, room, rooms }) => [user, room, rooms]).at(-1), ['ann', 'lobby', { lobby: null, all: null }]);
    driver.answer('guest', authOk({ username: 'ann', room: 'lobby', member_of: ['lobby'] }), { type: 'ok' });
    equal([driver.state.phase, driver.state.current, driver.conversation().items.map(({ event }) => [event.cause, event.owners])], ['in', 'lobby', [['invite_only', ['alice']]]]);
    driver.do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'ann', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal(driver.conversation().items.length, 1, 'once');
  },
  'a room with a key word asks for it once the user is in'() {
    const driver = new Driver({ current: 'class' });
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'ann' } }).do({ type: 'opened' });
    driver.answer('guest', { type: 'auth_fail', cause: 'key_needed', room: 'class' });
    driver.answer('guest', authOk({ username: 'ann', room: 'lobby', member_of: ['lobby'] }), { type: 'ok' });
    driver.answer('join', { type: 'error', cause: 'key_needed', room: 'class' });
    equal([driver.state.current, driver.conversation().removed.cause], ['class', 'key_needed']);
  },
  'a lobby that is closed refuses the sign-in'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'ann' } }).do({ type: 'opened' });
    driver.answer('guest', { type: 'auth_fail', cause: 'invite_only', room: 'lobby' });
    equal([driver.state.phase, driver.state.problem.cause], ['out', 'invite_only']);
  },
  'a conversation with a user is filled at the sign-in'() {
    const driver = new Driver({ token: 'k', current: '@bob' }).do({ type: 'take-over' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal(driver.sent('history').map(({ with: user, last }) => [user, last]), [['bob', 50]]);
    driver.answer('history', { type: 'pm', event: 'history', from_user: 'bob', to_user: 'alice', text: 'hi', id: 5 }, { type: 'system', event: 'history_end', shown: 1 });
    equal(driver.texts('@bob'), ['hi']);
    driver.do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal(driver.sent('history'), [], 'once');
  },
  'the list of all users is filled at the sign-in': () => equal(new Driver({ current: '*' }).do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' }).answer('guest', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'] }), { type: 'ok' }).sent('users').length, 1),
  'what was kept in another shape is left out'() {
    const [nothing] = [restore(null, null)];
    for (const broken of [5, 'x', [], { queue: 5 }, { queue: [null, 5, {}, { text: 5 }] }, { drafts: 5, name: {}, account: 'x' }, { drafts: { ops: {} } }, { drafts: [1] }]) equal(restore(broken, null), nothing);
    for (const broken of [5, 'x', [], {}, { token: 5 }, { token: {}, guest: {} }]) equal(restore(null, broken), nothing);
    equal(restore(null, { token: 'k', seq: 'x', reads: { ops: 'x', lobby: 3 }, current: 'a b', guest: 7 }), { ...nothing, token: 'k', reads: { lobby: 3 } });
    equal(restore({ queue: [{ label: 'l', nonce: 'n', to: 'ops', name: 'ops', text: 'x', at: 1, reason: 5 }] }, null).queue[0].reason, { cause: 'left_before' });
  },
  'an address names a room, a user or all users'() {
    for (const name of ['', 'ops', 'Ops/Deploy-2', '*', '@bob_2', 'größe', '%C3%BC', 'constructor']) equal(readAddress('#' + name), decodeURIComponent(name));
    for (const name of ['%20', '%', '<img>', 'my room', '__proto__', '\u202eops', 'a_b', '-', 'x'.repeat(33), 'all', 'PM', '@', '@a/b', '@' + 'x'.repeat(25), '**', 'e\u0301\u0301\u0301\u0301', '\u0301a', 'a\u200bb']) equal(readAddress('#' + name), null, name);
  },
  'a wrong address is told, and changes nothing else'() {
    const driver = new Driver().do({ type: 'address', name: null });
    equal([driver.state.current, driver.state.problem.cause], ['lobby', 'address_bad']);
    driver.signIn().do({ type: 'address', name: null }).do({ type: 'address', name: '' });
    equal([driver.state.current, driver.conversation().items.map((item) => item.event.cause), driver.sent()], ['lobby', ['address_bad'], []]);
  },
  'another address on the first screen is the room to join'() {
    const driver = new Driver().do({ type: 'address', name: 'Ops' });
    equal([driver.state.current, driver.state.conversations], ['ops', {}]);
  },
  'a password is sent once'() {
    for (const kind of ['login', 'register']) {
      const driver = new Driver();
      driver.do({ type: 'join', credentials: { kind, user: 'alice', password: 'secret', server_password: 'door' } }).do({ type: 'opened' });
      driver.answer(kind, authOk({ username: 'Alice', room: 'lobby', member_of: ['lobby'], account: true }), { type: 'ok' });
      holds(!JSON.stringify([driver.state, session(driver.state), kept(driver.state)]).includes('secret'), kind);
      driver.do({ type: 'lost' }).do({ type: 'opened' });
      driver.sent();
      driver.answer('resume', { type: 'auth_fail', cause: 'token_unknown' });
      equal([driver.sent(), driver.state.phase, driver.state.me, driver.state.account], [[], 'out', 'Alice', true]);
      equal(newState({ prefix: 't', ...restore(kept(driver.state), null) }).account, true);
    }
  },
  'the password of the server is sent once'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice', name_token: 'n', server_password: 'door' } }).do({ type: 'opened' });
    driver.answer('guest', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'] }), { type: 'ok' });
    equal(driver.state.credentials, { kind: 'guest', user: 'alice', name_token: 'n', room: 'lobby' });
  },
  'a guest who made an account is asked for its password'() {
    const driver = new Driver().signIn().hear(info('account_made'));
    equal(driver.state.credentials, null);
  },
  'rooms and events may have the names of methods'() {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const driver = new Driver({ current: name.toLowerCase() });
      driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
      equal(driver.sent()[0].room, name.toLowerCase());
      driver.answer('guest', authOk({ username: 'alice', room: name, member_of: [name] }), { type: 'ok' });
      driver.do({ type: 'draft', key: name.toLowerCase(), text: 'x' }).do({ type: 'open', key: userKey(name), name });
      equal([driver.conversation(name.toLowerCase()).name, driver.conversation(userKey(name)).name, driver.state.drafts[name.toLowerCase()]], [name, name, 'x']);
      holds(Object.hasOwn(resumePoints(driver.state), name), name);
      driver.hear({ type: name }).hear({ type: 'system', event: name, label: name, done: true }).hear(info(name)).hear({ type: 'auth_fail', cause: name });
      equal([sentence({ cause: name, text: 'x' }), sentence({ event: name, text: 'x' })], ['x', 'x']);
      equal(readCommand(`/${name}`, null).problem.cause, 'unknown_command');
      holds(session(new Driver().signIn({ room: name }).state).reads[name.toLowerCase()] === 0, name);
    }
  },
  'another user sees nothing of the last one'() {
    const driver = new Driver().signIn().hear({ type: 'pm', from_user: 'bob', text: 'secret', id: 5 }).do({ type: 'draft', key: 'lobby', text: 'x' });
    write(driver, 'unsent');
    driver.hear(info('goodbye')).do({ type: 'reset' });
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'ALICE' } });
    equal([driver.texts('@bob'), driver.state.queue.length], [['secret'], 1], 'the same user does');
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'eve' } });
    equal([driver.state.conversations, driver.state.drafts, driver.state.queue], [{}, {}, []]);
  },
  'joining connects, then signs in by object'() {
    const driver = new Driver({ current: 'ops' });
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice', name_token: 'n' } });
    equal(driver.state.phase, 'signing');
    equal(driver.took('connect').length, 1);
    equal(driver.sent(), []);
    driver.do({ type: 'opened' });
    equal(driver.sent(), [{ type: 'guest', user: 'alice', name_token: 'n', room: 'ops', acks: true, rooms: { ops: null, all: null }, label: 't.1' }]);
  },
  'an open connection is used'() {
    const driver = new Driver().do({ type: 'opened' });
    equal(driver.sent(), []);
    driver.do({ type: 'join', credentials: { kind: 'login', user: 'alice', password: 'secret' } });
    equal([driver.took('connect').length, driver.sent().map((object) => object.type)], [0, ['login']]);
  },
  'a conversation with a user joins the lobby'() {
    const driver = new Driver({ current: '@bob' }).do({ type: 'opened' });
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } });
    equal(driver.sent()[0].room, 'lobby');
  },
  'the welcome shows the room and fetches its lists'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'ali' } }).do({ type: 'opened' });
    driver.sent();
    driver.answer('guest', authOk({ username: 'Alice', room: 'Lobby', member_of: ['Lobby'], account: true, encrypted: true, rate: [10, 5000] }), { type: 'ok' });
    const { phase, me, account, encrypted, current, token } = driver.state;
    equal([phase, me, account, encrypted, current, token], ['in', 'Alice', true, true, 'lobby', 'k1']);
    equal([driver.conversation().name, driver.conversation().member], ['Lobby', true]);
    equal(driver.sent().map((object) => [object.type, object.room]), [['who', 'Lobby'], ['rules', 'Lobby'], ['rooms', undefined], ['block', undefined]]);
    holds(driver.state.conversations['*'], 'all users');
  },
  'a first room that the server chose otherwise is shown'() {
    const driver = new Driver({ current: 'ops' }).signIn({ room: 'lobby' });
    equal(driver.state.current, 'lobby');
  },
  'a refusal goes back to the first screen, on the same connection'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
    driver.answer('guest', { type: 'auth_fail', cause: 'name_taken' });
    equal([driver.state.phase, driver.state.problem.cause, driver.state.link, driver.took('disconnect').length], ['out', 'name_taken', 'up', 0]);
    driver.sent();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice2' } });
    equal([driver.state.problem, driver.sent().map((object) => object.user)], [null, ['alice2']]);
  },
  'a busy server is asked again'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
    driver.answer('guest', { type: 'auth_fail', cause: 'hashes_busy' });
    equal(driver.state.phase, 'signing');
    equal(driver.took('timer'), [{ type: 'timer', ms: 2000, event: { type: 'sign-in' } }]);
    driver.sent();
    driver.do({ type: 'sign-in' });
    equal(driver.sent().length, 1);
    driver.do({ type: 'lost' }).do({ type: 'sign-in' });
    equal(driver.sent(), []);
  },
  'a limit of speed tells when'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
    driver.answer('guest', { type: 'auth_fail', cause: 'throttled', retry_ms: 700 });
    equal(driver.took('timer')[0].ms, 700);
  },
  'nobody is signed in behind the user'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
    driver.answer('guest', { type: 'auth_fail', cause: 'name_taken' });
    driver.sent();
    driver.do({ type: 'sign-in' });
    equal(driver.sent(), []);
  },
  'a lost connection is resumed with the last ids'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] });
    driver.hear(said(7)).hear(said(9, 'x', { room: 'ops' })).hear({ type: 'pm', from_user: 'bob', text: 'hi', id: 8, seq: 4 });
    driver.do({ type: 'lost', now: 5 });
    equal([driver.state.phase, driver.state.link, driver.state.lostAt], ['in', 'down', 5]);
    driver.sent();
    driver.do({ type: 'opened' });
    const [{ label, ...resume }] = driver.sent();
    equal([label.slice(0, 2), resume], ['t.', { type: 'resume', token: 'k1', acks: true, seq: 4, rooms: { all: null, lobby: 7, ops: 9 } }]);
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby', 'ops'], resumed: true, token: 'k2' }), { type: 'ok' });
    equal([driver.state.token, driver.state.lostAt, driver.state.seq], ['k2', null, 4]);
  },
  'a loss that is found late counts from its beginning': () => equal(new Driver().signIn().do({ type: 'lost', since: 3, now: 9 }).state.lostAt, 3),
  'a second loss keeps the time of the first'() {
    const driver = new Driver().signIn().do({ type: 'lost', now: 5 }).do({ type: 'lost', now: 9 });
    equal(driver.state.lostAt, 5);
  },
  'a forgotten session is signed in anew'() {
    const driver = new Driver().signIn().hear(said(7)).do({ type: 'lost' }).do({ type: 'opened' });
    driver.sent();
    driver.answer('resume', { type: 'auth_fail', cause: 'token_unknown' });
    equal(driver.sent().map(({ type, user, rooms }) => [type, user, rooms]), [['guest', 'alice', { lobby: 7, all: null }]]);
    driver.answer('guest', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], token: 'k3' }), { type: 'ok' });
    equal([driver.state.phase, driver.state.token, driver.state.seq], ['in', 'k3', 0]);
  },
  'a forgotten session without a way to sign in asks the user'() {
    const driver = new Driver({ token: 'old' }).do({ type: 'take-over' }).do({ type: 'opened' });
    driver.answer('resume', { type: 'auth_fail', cause: 'token_unknown' });
    equal([driver.state.phase, driver.state.problem, driver.state.token], ['out', null, null]);
  },
  'a resumed session whose name was taken asks the user'() {
    const driver = new Driver().signIn().do({ type: 'lost' }).do({ type: 'opened' });
    driver.sent();
    driver.answer('resume', { type: 'auth_fail', cause: 'name_taken' });
    equal([driver.state.phase, driver.state.problem.cause, driver.sent()], ['out', 'name_taken', []]);
  },
  'a resumed page shows the conversation that it showed'() {
    for (const current of ['@bob', '*', 'lobby']) {
      const driver = new Driver({ token: 'k', current }).do({ type: 'take-over' }).do({ type: 'opened' });
      driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
      equal([driver.state.current, driver.conversation().key, driver.sent('join'), driver.state.wanted], [current, current, [], null]);
    }
  },
  'the end of a session is no notice': () => equal(new Driver().signIn().hear(info('kicked')).conversation().items, []),
  'a room whose membership is over is no member'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal([driver.conversation('ops').member, driver.conversation('lobby').member], [false, true]);
  },
  'a room that refuses a sign-in says why'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
    driver.answer('guest', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'] }), { type: 'error', cause: 'invite_only', room: 'ops' }, { type: 'ok' });
    equal(driver.conversation('ops')?.removed?.cause, undefined);
    driver.do({ type: 'open', key: 'ops' });
    driver.answer('join', { type: 'error', cause: 'invite_only', room: 'ops', code: 403 });
    equal([driver.conversation('ops').removed.cause, driver.conversation('ops').member], ['invite_only', false]);
  },
  'messages are sent one after the other'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    write(driver, 'two');
    equal(driver.sent('say').map((object) => [object.room, object.text, object.nonce]), [['lobby', 'one', 'n-one']]);
    equal(waiting(driver), [['one', 'sent'], ['two', 'waiting']]);
    driver.answer('say', said(5, 'one', { user: 'alice' }));
    equal(driver.sent('say').map((object) => object.text), ['two']);
    equal([waiting(driver), driver.texts()], [[['two', 'sent']], ['one']]);
    equal(driver.conversation().items[0].mine, true);
  },
  'a refused message stays with its reason, and the next one goes'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    write(driver, 'two');
    driver.answer('say', { type: 'error', cause: 'muted', code: 403 });
    equal(waiting(driver), [['one', 'failed'], ['two', 'sent']]);
    equal(driver.state.queue[0].reason.cause, 'muted');
    equal(driver.conversation().items, []);
    driver.answer('say', said(5, 'two'));
    const [{ label, nonce }] = driver.state.queue;
    driver.sent();
    driver.do({ type: 'again', label });
    equal(driver.sent('say').map((object) => [object.text, object.nonce, object.label]), [['one', nonce, label]]);
    equal(driver.state.queue[0].reason, undefined);
  },
  'only failed messages are tried again'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    driver.sent();
    driver.do({ type: 'again', label: driver.state.queue[0].label }).do({ type: 'again', label: 'none' });
    equal([driver.sent(), driver.state.queue.length], [[], 1]);
  },
  'the state begins empty'() {
    equal(newState({ prefix: 't' }), {
      phase: 'out', me: '', account: false, encrypted: false, problem: null, ended: null,
      link: 'down', lostAt: null, token: null, seq: 0, credentials: null, prefix: 't', labels: 0, requests: {}, queue: [], partners: [],
      conversations: {}, current: 'lobby', drafts: {}, reads: {}, users: null, rooms: null, blocked: [], search: null, profile: null, answer: null, away: null, privates: {}, seen: true,
    });
    const { me, seq, token, drafts, reads, queue, current } = newState({ prefix: 't', name: 'a', seq: 3, token: 'k', drafts: { x: 'y' }, reads: { x: 1 }, queue: [1], current: 'ops' });
    equal([me, seq, token, drafts, reads, queue, current], ['a', 3, 'k', { x: 'y' }, { x: 1 }, [1], 'ops']);
  },
  'conversations begin empty'() {
    equal(newConversation('ops', 'Ops'), {
      key: 'ops', kind: 'room', name: 'Ops', member: false, items: [], window: 0, atEnd: true, oldest: false, loading: null, latest: 0, gap: null,
      read: null, unread: 0, mentions: 0, newFrom: null, following: true, people: null, rules: null, removed: null,
    });
    equal([newConversation('@bob', 'bob').member, newConversation('*', 'all').member], [true, true]);
    equal([readKey('*'), readKey('@bob'), readKey('ops')], [{ kind: 'all', name: 'all' }, { kind: 'user', name: 'bob' }, { kind: 'room', name: 'ops' }]);
  },
  'a failed message is thrown away alone'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    write(driver, 'two');
    driver.answer('say', { type: 'error', cause: 'muted' }).answer('say', { type: 'error', cause: 'muted' });
    driver.do({ type: 'discard', label: driver.state.queue[0].label });
    equal(waiting(driver), [['two', 'failed']]);
  },
  'an answer for the last user changes nothing'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'eve' } });
    driver.answer('say', { type: 'ok' });
    equal(driver.state.queue, []);
  },
  'an own message to one user stands at its time'() {
    const driver = new Driver().signIn();
    write(driver, '/pm bob hi');
    driver.answer('pm', { type: 'ok', at: 777 });
    equal(driver.conversation('@bob').items[0].at, 777);
    driver.do({ type: 'submit', key: '@bob', text: 'two', nonce: 'x', now: 888 });
    driver.answer('pm', { type: 'ok', at: undefined });
    equal(driver.conversation('@bob').items[1].at, 888);
  },
  'an own message to one user waits behind a window that ends earlier'() {
    const driver = new Driver().signIn().do({ type: 'jump', key: '@bob', id: 5, name: 'bob' });
    write(driver, 'two', '@bob');
    driver.answer('pm', { type: 'ok' });
    equal([driver.texts('@bob'), driver.state.queue], [[], []]);
  },
  'a request without a connection is none'() {
    const driver = new Driver().signIn().do({ type: 'lost' }).do({ type: 'older', key: 'lobby' }).do({ type: 'rooms' });
    equal([driver.sent(), driver.state.requests, driver.conversation().loading], [[], {}, null]);
  },
  'a message under way cannot be thrown away, others can'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    write(driver, 'two');
    for (const { label } of driver.state.queue) driver.do({ type: 'discard', label });
    equal(waiting(driver), [['one', 'sent']]);
  },
  'a dropped message is sent again when the server says'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    write(driver, 'two');
    const [first] = driver.sent('say');
    driver.answer('say', { type: 'error', cause: 'throttled', retry_ms: 800, code: 429 });
    equal(driver.took('timer'), [{ type: 'timer', ms: 800, event: { type: 'retry', label: first.label } }]);
    equal([waiting(driver)[0], driver.sent()], [['one', 'sent'], []]);
    driver.do({ type: 'retry', label: first.label });
    equal(driver.sent(), [first]);
    driver.answer('say', said(5, 'one'));
    driver.sent();
    driver.do({ type: 'retry', label: first.label });
    equal(driver.sent(), []);
  },
  'nothing is sent again without a connection'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    const [first] = driver.sent('say');
    driver.do({ type: 'lost' }).do({ type: 'retry', label: first.label });
    equal(driver.sent(), []);
  },
  'messages wait for the connection and go in order, with their labels'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    const [first] = driver.sent('say');
    driver.do({ type: 'lost' });
    write(driver, 'two');
    equal([waiting(driver), driver.sent()], [[['one', 'waiting'], ['two', 'waiting']], []]);
    driver.do({ type: 'opened' });
    equal(driver.sent('say'), []);
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal(driver.sent('say'), [first]);
    driver.answer('say', { type: 'ok', id: 6, repeated: true });
    equal([driver.texts(), driver.sent('say').map((object) => object.text)], [['one'], ['two']]);
  },
  'a message that the history shows was sent'() {
    const driver = new Driver().signIn().hear(said(4));
    write(driver, 'one');
    driver.sent();
    driver.do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), past(5, 'one', { user: 'alice', nonce: 'n-one' }), { type: 'ok' });
    equal([driver.state.queue, driver.texts(), driver.sent('say')], [[], ['m4', 'one'], []]);
  },
  'a repeated answer shows a message once'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    driver.hear(said(5, 'one', { user: 'alice' }));
    driver.answer('say', { type: 'ok', id: 5, repeated: true });
    equal(driver.texts(), ['one']);
  },
  'messages to one user are shown when the server took them'() {
    const driver = new Driver().signIn();
    write(driver, '/pm Bob psst');
    equal(driver.sent('pm').map(({ to, text, nonce }) => [to, text, nonce]), [['Bob', 'psst', 'n-/pm Bob psst']]);
    equal(driver.state.current, '@bob', 'the user sees whether it was sent');
    driver.answer('pm', { type: 'ok' });
    equal(driver.texts('@bob'), ['psst']);
    write(driver, 'away', '@bob');
    driver.answer('pm', info('queued', { user: 'bob' }));
    equal([driver.texts('@bob'), driver.state.queue], [['psst', 'away'], []]);
    equal([driver.conversation('@bob').items[0].mine, driver.conversation('@bob').items[0].user], [true, 'alice']);
  },
  'messages to all users go to all'() {
    const driver = new Driver().signIn();
    write(driver, '/all hear ye');
    equal(driver.sent('say').map(({ room, text }) => [room, text]), [['all', 'hear ye']]);
  },
  'off-the-record talk goes another way while it is open'() {
    const driver = new Driver().signIn().hear({ type: 'system', event: 'private_connected', user: 'bob' });
    write(driver, 'secret', '@bob');
    equal(driver.sent('private').map(({ to, text, nonce }) => [to, text, nonce]), [['bob', 'secret', undefined]]);
    driver.answer('private', { type: 'ok' });
    equal(driver.conversation('@bob').items.at(-1).private, true);
    driver.hear({ type: 'system', event: 'private_ended', user: 'bob', reason: 'left' });
    write(driver, 'plain', '@bob');
    equal(driver.sent('pm').length, 1);
  },
  'the end of a session is no loss'() {
    for (const cause of ['goodbye', 'kicked', 'banned', 'idle', 'password_reset']) {
      const driver = new Driver().signIn().hear(info(cause, { reason: 'x' }));
      equal([driver.state.phase, driver.state.ended.cause, driver.state.token, driver.took('disconnect').length], ['ended', cause, null, 1], cause);
      driver.do({ type: 'reset' });
      equal([driver.state.phase, driver.state.ended, driver.took('connect').length], ['out', null, 1]);
      driver.sent();
      driver.do({ type: 'opened' });
      equal(driver.sent(), [], 'the first screen signs nobody in');
    }
  },
  'a session that goes on elsewhere is not taken back'() {
    const driver = new Driver().signIn().hear(info('resumed_elsewhere'));
    equal([driver.state.phase, driver.took('disconnect').length], ['elsewhere', 1]);
    for (const type of ['elsewhere', 'give-up']) {
      const other = new Driver().signIn().do({ type });
      equal([other.state.phase, other.took('disconnect').length], ['elsewhere', 1]);
    }
  },
  'a tab that takes over resumes'() {
    const driver = new Driver().do({ type: 'take-over', token: 'k9' });
    equal([driver.state.phase, driver.took('connect').length], ['signing', 1]);
    driver.do({ type: 'opened' });
    equal(driver.sent().map(({ type, token }) => [type, token]), [['resume', 'k9']]);
    const open = new Driver({ token: 'k8' }).do({ type: 'opened' });
    open.sent();
    open.do({ type: 'take-over' });
    equal(open.sent().length, 1);
  },
  'the server asks for a sign of life': () => equal(new Driver().signIn().hear({ type: 'ping' }).sent(), [{ type: 'pong' }]),
  'numbered events are acknowledged'() {
    const driver = new Driver().signIn().hear({ type: 'pm', from_user: 'bob', text: 'hi', id: 8, seq: 4 });
    equal([driver.sent(), driver.state.seq], [[{ type: 'ack', seq: 4 }], 4]);
    driver.hear({ type: 'pm', event: 'private', from_user: 'bob', text: 'psst' });
    equal([driver.sent(), driver.texts('@bob')], [[], ['hi', 'psst']]);
  },
  'the browser keeps drafts and unsent messages'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    driver.do({ type: 'draft', key: 'lobby', text: 'half' });
    const { name, drafts, queue } = kept(driver.state);
    equal([name, drafts, queue.length], ['alice', { lobby: 'half' }, 1]);
    driver.do({ type: 'draft', key: 'lobby', text: '' });
    equal(driver.state.drafts.lobby, undefined);
  },
  'unsent messages go on in the session that wrote them'() {
    const driver = new Driver().signIn().hear(said(7));
    write(driver, 'one');
    const again = restore(kept(driver.state), session(driver.state));
    equal([again.token, again.current, again.reads, again.queue[0].state, again.credentials], ['k1', 'lobby', { lobby: 7, '*': 0 }, 'waiting', { kind: 'guest', user: 'alice', name_token: 'n', room: 'lobby' }]);
    const later = restore(kept(driver.state), null);
    equal([later.queue[0].state, later.queue[0].reason, later.token, later.credentials], ['failed', { cause: 'left_before' }, undefined, null]);
    const none = restore(null, null);
    equal([none.name, none.drafts, none.queue, none.token, none.credentials], ['', {}, [], undefined, null]);
  },
  'a failed message keeps its reason over a reload'() {
    const driver = new Driver().signIn();
    write(driver, 'one');
    driver.answer('say', { type: 'error', cause: 'muted' });
    const again = restore(kept(driver.state), session(driver.state));
    equal([again.queue[0].state, again.queue[0].reason.cause], ['failed', 'muted']);
  },
  'a session that is over is not kept'() {
    const driver = new Driver().signIn();
    holds(session(driver.state), 'in');
    equal(session(driver.hear(info('kicked')).state), null);
    equal(session(new Driver({ token: 'k' }).state), null);
    equal(session({ ...driver.state, token: 'k' }), null);
    const login = new Driver();
    login.do({ type: 'join', credentials: { kind: 'login', user: 'a', password: 'secret' } }).do({ type: 'opened' });
    equal(session(login.state), null);
    login.answer('login', authOk({ username: 'a', room: 'lobby', member_of: [] }), { type: 'ok' });
    equal(session(login.state).guest, null);
  },
  'a reload catches up the rooms it knew'() {
    const driver = new Driver({ token: 'k1', reads: { lobby: 7, ops: 3, '*': 0 }, credentials: null }).do({ type: 'take-over' }).do({ type: 'opened' });
    equal(driver.sent()[0].rooms, { all: null, lobby: null, ops: null });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby', 'ops'], resumed: true }),
      past(7), past(8), past(9, 'hi alice', {}), caughtUp('lobby'), past(2, 'x', { room: 'ops' }), caughtUp('ops'), { type: 'ok' });
    equal([driver.conversation('lobby').unread, driver.conversation('ops').unread], [0, 0], 'the shown room is read');
  },
  'what came while the page reloaded is unread in other rooms'() {
    const driver = new Driver({ token: 'k1', reads: { ops: 3 } }).do({ type: 'take-over' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby', 'ops'], resumed: true }),
      past(3, 'old', { room: 'ops' }), past(4, 'hi alice', { room: 'ops' }), past(5, 'mine', { room: 'ops', user: 'alice' }), past(6, 'x', { room: 'ops' }), caughtUp('ops'), { type: 'ok' });
    const { unread, mentions, newFrom, read } = driver.conversation('ops');
    equal([unread, mentions, newFrom, read], [2, 1, 4, 3]);
  },
  'conversations have an order'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'Beta', 'alpha'] });
    driver.hear({ type: 'pm', from_user: 'zoe', text: 'x', id: 3 }).do({ type: 'open', key: '@adam' });
    const { rooms, users } = listed(driver.state);
    equal([rooms.map((each) => each.key), users.map((each) => each.key)], [['alpha', 'beta', 'lobby'], ['@zoe', '@adam']]);
    driver.hear({ type: 'message', event: 'all', id: 9, user: 'bob', text: 'all' });
    equal(listed(driver.state).rooms[0].key, '*');
  },
  'rooms stay in the list while they matter'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).do({ type: 'open', key: 'locked', name: 'locked' });
    const keys = () => listed(driver.state).rooms.map((each) => each.key);
    equal(keys(), ['lobby', 'locked', 'ops'].sort(), 'the shown one');
    driver.do({ type: 'open', key: 'lobby' });
    equal(keys(), ['lobby', 'ops']);
    driver.hear(info('kicked_from_room', { room: 'ops', by: 'bob' }));
    equal(keys(), ['lobby', 'ops'], 'one that removed the user');
    driver.do({ type: 'open', key: '*' });
    equal(keys(), ['*', 'lobby', 'ops']);
  },
  'users with unread messages come first'() {
    const driver = new Driver().signIn();
    for (const user of ['dan', 'cat', 'bob', 'cat']) driver.hear({ type: 'pm', from_user: user, text: 'x', id: driver.state.labels += 1 });
    driver.do({ type: 'open', key: '@bob' });
    equal(listed(driver.state).users.map((each) => each.key), ['@cat', '@dan', '@bob']);
  },
  'only what can be resumed is remembered as read'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear({ type: 'pm', from_user: 'bob', text: 'x', id: 5 }).hear(info('kicked_from_room', { room: 'ops', by: 'x' }));
    equal(session(driver.state).reads, { lobby: 0, '*': 0 });
  },
  'keys go to the next unread conversation'() {
    const driver = new Driver().signIn({ rooms: ['a', 'b', 'c', 'd'], room: 'b' });
    equal([nextUnread(driver.state, 1), nextUnread(driver.state, -1)], ['c', 'a']);
    driver.hear(said(5, 'x', { room: 'd' }));
    equal([nextUnread(driver.state, 1), nextUnread(driver.state, -1)], ['d', 'd']);
    driver.hear(said(6, 'x', { room: 'a' }));
    equal([nextUnread(driver.state, 1), nextUnread(driver.state, -1)], ['d', 'a']);
    equal(nextUnread(new Driver().signIn().state, 1), null);
  },
});
