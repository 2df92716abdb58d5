// Rooms: entering and leaving, users, rules.

import { floorUntil, isOwner, mayTellAll, ownsRoom, pauseOf, rankPeople, silence } from '/model/room.js';
import { MOST_USERS } from '/model/state.js';
import { Driver, authOk, info, rules, said } from './driver.js';
import { equal, holds } from './assert.js';

const members = (room, users, fields) => ({ type: 'system', event: 'members', room, users, ...fields });
const joined = (user, room = 'lobby') => ({ type: 'system', event: 'joined', user, room });
const left = (user, room = 'lobby') => ({ type: 'system', event: 'left', user, room });
const notices = (driver, key) => driver.conversation(key).items.filter((item) => item.kind === 'notice').map((item) => item.event.cause ?? item.event.event);
const presence = (driver, key) => driver.conversation(key).items.filter((item) => item.kind === 'presence').map((item) => [item.joined, item.left]);
const inLobby = (...users) => new Driver().signIn().hear(members('lobby', ['alice', ...users]));
const withRules = (fields, you) => new Driver().signIn().hear(rules('lobby', fields, you));
const now = (driver) => driver.conversation().rules;

export const cases = Object.entries({
  'messages to all users wait for the end of quiet and mutes'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] });
    const may = (fields, you, room = 'lobby') => mayTellAll(driver.hear(rules(room, fields, you)).state, driver.now);
    equal([may({}), may({ quiet: true }), may({ quiet: true }, { floor: true }), may({ quiet: true }, { owner: true }), may({}, { muted: true })], [true, false, false, true, false]);
    equal([may({}), may({ quiet: true }, {}, 'ops')], [true, false]);
    driver.hear(info('kicked_from_room', { room: 'ops' }));
    equal(mayTellAll(driver.state, driver.now), true);
  },
  'users come and go in order'() {
    const driver = inLobby('dan').hear(joined('Carol')).hear(joined('bob'));
    equal([driver.conversation().people, presence(driver)], [['alice', 'bob', 'Carol', 'dan'], [[['dan', 'Carol', 'bob'], []]]]);
    driver.hear(joined('bob'));
    equal(driver.conversation().people.length, 4, 'once');
    driver.hear(left('dan'));
    equal([driver.conversation().people, presence(driver)], [['alice', 'bob', 'Carol'], [[['Carol', 'bob'], []]]]);
    driver.hear(joined('x', 'none')).hear(left('x', 'none'));
    holds(!driver.conversation('none'), 'no room appears');
  },
  'a list that was never asked for stays unknown'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear(joined('bob', 'ops')).hear(left('bob', 'ops')).hear(left('eve', 'ops'));
    equal([driver.conversation('ops').people, presence(driver, 'ops')], [null, [[[], ['eve']]]]);
  },
  'nothing is unread by users who come': () => equal(new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear(joined('bob', 'ops')).conversation('ops').unread, 0),
  'a user who leaves the server leaves every room'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear(members('lobby', ['alice', 'bob'])).hear(members('ops', ['alice', 'bob'])).hear({ type: 'system', event: 'disconnected', user: 'bob' });
    equal([driver.conversation('lobby').people, driver.conversation('ops').people], [['alice'], ['alice']]);
    equal(presence(driver, 'ops'), [[[], ['bob']]]);
    driver.hear({ type: 'system', event: 'disconnected', user: 'zoe' });
    equal(presence(driver, 'ops'), [[[], ['bob']]]);
  },
  'a user who comes to the server makes the shown room look'() {
    const driver = inLobby('bob').hear({ type: 'system', event: 'connected', user: 'carol' }).hear({ type: 'system', event: 'connected', user: 'dan' });
    equal(driver.took('timer'), [{ type: 'timer', ms: 400, event: { type: 'refresh', key: 'lobby' } }]);
    driver.sent();
    driver.do({ type: 'refresh', key: 'lobby' });
    equal(driver.sent('who').map((object) => object.room), ['lobby']);
    driver.answer('who', members('lobby', ['alice', 'carol']));
    equal([driver.conversation().people, presence(driver)], [['alice', 'carol'], [[['carol'], []]]]);
    driver.hear({ type: 'system', event: 'connected', user: 'eve' });
    equal(driver.took('timer').length, 1, 'again');
  },
  'a large room looks less often'() {
    const driver = inLobby(...Array.from({ length: 30 }, (_, index) => `u${index}`)).hear({ type: 'system', event: 'connected', user: 'carol' });
    equal(driver.took('timer')[0].ms, 4000);
    const small = inLobby(...Array.from({ length: 29 }, (_, index) => `u${index}`)).hear({ type: 'system', event: 'connected', user: 'carol' });
    equal(small.took('timer')[0].ms, 400);
  },
  'a room out of sight looks when it is shown'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear(members('ops', ['alice']));
    driver.do({ type: 'open', key: 'ops' }).hear({ type: 'system', event: 'connected', user: 'x' }).do({ type: 'open', key: 'lobby' });
    driver.sent();
    driver.do({ type: 'refresh', key: 'ops' });
    equal([driver.sent(), driver.conversation('ops').people], [[], null]);
    driver.do({ type: 'open', key: 'ops' });
    equal(driver.sent('who').length, 1);
  },
  'only rooms of the user have a list'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '@bob', name: 'bob' }).do({ type: 'refresh', key: '@bob' });
    driver.hear(info('kicked_from_room', { room: 'lobby', by: 'x' })).do({ type: 'rules', key: 'lobby' }).do({ type: 'refresh', key: 'none' });
    driver.sent('history');
    driver.state = { ...driver.state, current: 'lobby' };
    driver.do({ type: 'refresh', key: 'lobby' });
    equal(driver.sent(), []);
    driver.hear(members('none', ['x']));
    holds(!driver.conversation('none'), 'no room appears');
  },
  'the reader neither comes nor goes'() {
    const driver = new Driver().signIn().hear(members('lobby', ['bob'])).hear(members('lobby', ['alice', 'bob'])).hear(members('lobby', ['bob']));
    equal(presence(driver), [[['bob'], []]]);
  },
  'a long list comes in pages'() {
    const driver = new Driver().signIn().do({ type: 'refresh', key: 'lobby' });
    driver.sent();
    driver.answer('who', members('lobby', ['a', 'b'], { next: '/who lobby after b', more: 2 }));
    equal(driver.sent('who').map((object) => object.after), ['b']);
    driver.answer('who', members('lobby', ['c', 'd'], { after: 'b' }));
    equal([driver.conversation().people, driver.conversation().morePeople, driver.conversation().listing], [['a', 'b', 'c', 'd'], 0, null]);
  },
  'a list that is too long ends with a number'() {
    const driver = new Driver().signIn().do({ type: 'refresh', key: 'lobby' });
    driver.sent();
    driver.answer('who', members('lobby', Array.from({ length: 3000 }, (_, index) => `u${index}`), { next: 'x', more: 70 }));
    equal([driver.sent('who').length, driver.conversation().morePeople, driver.conversation().people.length], [0, 70, 3000]);
    driver.hear(members('lobby', ['x'], { next: 'x', more: 70, after: 'a' }));
    equal(presence(driver), [], 'a part of a list tells nothing of who left');
  },
  'summaries merge'() {
    const driver = inLobby('bob');
    driver.hear({ type: 'system', event: 'gathered', room: 'lobby', joined: 30, left: 2, users: ['x'] });
    const [item] = driver.conversation().items.filter((each) => each.kind === 'presence');
    equal([item.moreJoined, item.moreLeft, driver.took('timer').length], [30, 2, 1]);
    driver.do({ type: 'refresh', key: 'lobby' }).hear({ type: 'system', event: 'gathered', joined: 30, left: 2, users: [] });
    equal(driver.took('timer')[0].event.key, 'lobby');
    driver.hear({ type: 'system', event: 'gathered', room: 'none', joined: 1, left: 0, users: [] });
  },
  'a new name goes everywhere'() {
    const driver = inLobby('bob').hear(said(3)).hear({ type: 'pm', from_user: 'bob', text: 'x', id: 4 }).do({ type: 'open', key: '@bob' }).hear(info('blocked', { user: 'Bob' }));
    driver.hear({ type: 'system', event: 'online', users: ['alice', 'bob'] });
    driver.do({ type: 'submit', key: '@bob', text: 'to you', nonce: 'n', now: 1 });
    driver.hear({ type: 'system', event: 'renamed', user: 'bob', to: 'rob' });
    equal([driver.conversation('lobby').people, driver.conversation('lobby').items.find((item) => item.kind === 'message').user], [['alice', 'rob'], 'rob']);
    equal([driver.state.current, driver.conversation('@rob').name, driver.state.conversations['@bob'], driver.state.queue[0].to, driver.state.queue[0].name], ['@rob', 'rob', undefined, '@rob', 'rob']);
    equal([driver.state.blocked, driver.state.users, driver.state.me], [['rob'], ['alice', 'rob'], 'alice']);
    driver.hear({ type: 'system', event: 'renamed', user: 'alice', to: 'alicia' });
    equal(driver.state.me, 'alicia');
  },
  'a new name opens no conversation'() {
    const driver = new Driver().signIn().hear({ type: 'system', event: 'renamed', user: 'bob', to: 'rob' });
    equal(Object.keys(driver.state.conversations), ['lobby', '*']);
  },
  'a conversation with the new name stays'() {
    const driver = new Driver().signIn();
    for (const user of ['bob', 'rob']) driver.hear({ type: 'pm', from_user: user, text: user, id: 4 });
    driver.hear({ type: 'system', event: 'renamed', user: 'bob', to: 'rob' });
    equal([driver.texts('@rob'), driver.texts('@bob')], [['rob'], ['bob']]);
    driver.hear({ type: 'system', event: 'renamed', user: 'rob', to: 'Rob' });
    equal(driver.conversation('@rob').items.length, 1);
  },
  'a room is entered by opening it'() {
    const driver = new Driver().signIn().do({ type: 'open', key: 'ops', name: 'Ops' });
    equal([driver.state.current, driver.sent().map(({ type, room, key }) => [type, room, key])], ['ops', [['join', 'Ops', undefined], ['history', 'Ops', undefined]]]);
    driver.answer('join', info('entered', { room: 'Ops' }));
    equal([driver.conversation('ops').member, driver.sent().map((object) => object.type), notices(driver, 'ops')], [true, ['who', 'rules'], []]);
    driver.do({ type: 'open', key: 'lobby' });
    driver.quiet().do({ type: 'open', key: 'lobby' });
    equal(driver.sent(), [], 'nothing is fetched twice');
  },
  'a key word opens a room'() {
    const driver = new Driver().signIn().do({ type: 'open', key: 'ops', name: 'ops' });
    driver.answer('join', { type: 'error', cause: 'key_needed', room: 'ops' });
    equal(driver.conversation('ops').removed.cause, 'key_needed');
    driver.sent();
    driver.do({ type: 'open', key: 'ops', name: 'ops', door: 'sesame' });
    equal([driver.sent('join')[0].key, driver.conversation('ops').removed], ['sesame', null]);
  },
  'a room is left'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).do({ type: 'open', key: 'ops' }).quiet();
    driver.do({ type: 'leave', key: 'ops' });
    equal(driver.sent().map(({ type, room }) => [type, room]), [['leave', 'ops']]);
    driver.answer('leave', info('left_room', { room: 'ops' }));
    equal([driver.state.conversations.ops, driver.state.current], [undefined, 'lobby']);
  },
  'a room out of sight is left without a jump'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops', 'dev'] }).do({ type: 'open', key: 'dev' }).hear(info('left_room', { room: 'ops' }));
    equal(driver.state.current, 'dev');
  },
  'a conversation with a user closes at once'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '@bob', name: 'bob' }).quiet().do({ type: 'leave', key: '@bob' });
    equal([driver.sent('leave'), driver.state.conversations['@bob'], driver.state.current], [[], undefined, 'lobby']);
    driver.do({ type: 'open', key: '@bob', name: 'bob' }).do({ type: 'open', key: 'lobby' }).do({ type: 'leave', key: '@bob' });
    equal(driver.state.current, 'lobby');
  },
  'a user who is removed learns by whom'() {
    const driver = inLobby('bob').hear(info('kicked_from_room', { room: 'lobby', by: 'bob', reason: 'noise' }));
    const { member, removed, people } = driver.conversation();
    equal([member, removed.by, removed.reason, people, notices(driver)], [false, 'bob', 'noise', null, []]);
    driver.sent();
    driver.do({ type: 'open', key: 'lobby' });
    equal([driver.sent('join').length, driver.conversation().removed], [1, null]);
  },
  'a wanted room is entered behind a resumed session'() {
    const driver = new Driver().signIn().do({ type: 'lost' }).do({ type: 'open', key: 'ops', name: 'ops' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal([driver.state.current, driver.sent('join').map((object) => object.room)], ['ops', ['ops']]);
    driver.do({ type: 'lost' }).do({ type: 'opened' });
    driver.hear(info('kicked_from_room', { room: 'ops', by: 'bob' }));
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal(driver.sent('join'), [], 'a removed user does not come back by itself');
  },
  'topic and pin follow their events'() {
    const driver = withRules({}).hear(info('topic_set', { room: 'lobby', by: 'bob', word: 'tea' }));
    equal([now(driver).topic, notices(driver)], ['tea', ['topic_set']]);
    driver.hear(info('topic_removed', { room: 'lobby', by: 'bob' }));
    equal(now(driver).topic, undefined);
    driver.hear(info('topic', { room: 'lobby', word: 'cake' })).hear(info('pinned', { room: 'lobby', id: 5, user: 'bob', by: 'bob', word: 'read me' }));
    equal([now(driver).topic, now(driver).pin.id, now(driver).pin.user, now(driver).pin.text, notices(driver)], ['cake', 5, 'bob', 'read me', ['topic_set', 'topic_removed', 'pinned']]);
    driver.hear(said(5, 'new\ntext', { event: 'edited' })).hear(said(6, 'other', { event: 'edited' }));
    equal(now(driver).pin.text, 'new text');
    driver.hear({ type: 'system', event: 'deleted', ids: [4], user: 'bob', by: 'bob', room: 'lobby' });
    holds(now(driver).pin, 'another message');
    driver.hear({ type: 'system', event: 'deleted', ids: [4, 5], user: 'bob', by: 'bob', room: 'lobby' });
    equal(now(driver).pin, undefined);
    driver.hear(info('pin', { room: 'lobby', id: 5, user: 'bob' })).hear(info('unpinned', { room: 'lobby', by: 'bob' }));
    equal(now(driver).pin, undefined);
  },
  'a blocked owner pins without words': () => equal(now(withRules({}).hear(info('pin', { room: 'lobby', id: 5, user: 'bob' }))).pin.text, ''),
  'a quiet room silences all but owners and users with the floor'() {
    const driver = withRules({}).hear(info('quiet_on', { room: 'lobby', by: 'bob' }));
    equal(silence(driver.conversation(), 0), 'quiet');
    driver.hear(info('floor_given', { room: 'lobby', by: 'bob', user: 'Alice' }));
    equal([silence(driver.conversation(), 0), now(driver).floor], [null, ['Alice']]);
    driver.hear(info('floor_taken', { room: 'lobby', by: 'bob', user: 'alice' }));
    equal([silence(driver.conversation(), 0), now(driver).floor], ['quiet', []]);
    driver.hear(info('owner_made', { room: 'lobby', by: 'bob', user: 'alice' }));
    equal([silence(driver.conversation(), 0), isOwner(driver.conversation()), ownsRoom(driver.conversation(), 'ALICE')], [null, true, true]);
    driver.hear(info('owner_removed', { room: 'lobby', by: 'bob', user: 'alice' }));
    equal([silence(driver.conversation(), 0), isOwner(driver.conversation()), ownsRoom(driver.conversation(), 'alice')], ['quiet', false, false]);
    driver.hear(info('quiet_off', { room: 'lobby', by: 'bob' }));
    equal(silence(driver.conversation(), 0), null);
    equal([silence({ rules: null }, 0), isOwner(undefined), ownsRoom(undefined, 'x')], [null, false, false]);
  },
  'what happens to others does not happen to the reader'() {
    const driver = withRules({ quiet: true });
    for (const cause of ['floor_given', 'owner_made', 'user_muted']) driver.hear(info(cause, { room: 'lobby', by: 'bob', user: 'eve' }));
    equal([silence(driver.conversation(), 0), isOwner(driver.conversation()), now(driver).floor, now(driver).owners, now(driver).muted], ['quiet', false, ['eve'], ['eve'], ['eve']]);
    for (const cause of ['floor_taken', 'owner_removed', 'user_unmuted']) driver.hear(info(cause, { room: 'lobby', by: 'bob', user: 'EVE' }));
    equal([now(driver).floor, now(driver).owners, now(driver).muted], [[], [], []]);
    const owner = withRules({ quiet: true, owners: ['alice'], floor: ['alice'] }, { owner: true, floor: true, muted: true });
    for (const cause of ['floor_taken', 'owner_removed', 'user_unmuted']) owner.hear(info(cause, { room: 'lobby', by: 'bob', user: 'eve' }));
    equal([now(owner).you.owner, now(owner).you.floor, now(owner).you.muted], [true, true, true]);
  },
  'a mute ends with its time'() {
    const driver = withRules({}).hear(info('user_muted', { room: 'lobby', by: 'bob', user: 'alice', seconds: 60, at: 1000 }));
    equal([silence(driver.conversation(), 60_999), silence(driver.conversation(), 61_000), now(driver).you.by, now(driver).you.until], ['muted', null, 'bob', 61_000]);
    driver.hear(info('user_muted', { room: 'lobby', by: 'carol', user: 'alice' }));
    equal([silence(driver.conversation(), 9e12), now(driver).muted], ['muted', ['alice']]);
    driver.hear(info('user_unmuted', { room: 'lobby', by: 'bob', user: 'alice' }));
    equal([silence(driver.conversation(), 0), now(driver).muted], [null, []]);
  },
  'the rules tell how long a mute lasts'() {
    const driver = withRules({}, { muted: true, seconds: 5 });
    equal(silence(driver.conversation(), driver.now + 4999), 'muted');
    equal(silence(driver.conversation(), driver.now + 5000), null);
    equal(now(withRules({}, { muted: true })).you.until, undefined);
    const named = withRules({}).hear(info('user_muted', { room: 'lobby', by: 'bob', user: 'alice', seconds: 60 })).hear(rules('lobby', {}, { muted: true, seconds: 59 }));
    equal(now(named).you.by, 'bob', 'who muted is remembered');
  },
  'the lists of the rules follow their events'() {
    const driver = withRules({ open: true });
    const steps = [
      ['room_closed', {}, 'open', false], ['room_opened', {}, 'open', true], ['key_set', {}, 'has_key', true], ['key_removed', {}, 'has_key', false],
      ['slow_on', { seconds: 30 }, 'slow', 30], ['slow_off', {}, 'slow', 0], ['room_slow', { seconds: 5 }, 'slow', 5], ['room_quiet', {}, 'quiet', true],
      ['user_banned', { user: 'eve' }, 'banned', ['eve']], ['banned_ahead', { user: 'dan' }, 'banned', ['eve', 'dan']], ['user_unbanned', { user: 'Eve' }, 'banned', ['dan']],
      ['muted_ahead', { user: 'eve' }, 'muted', ['eve']], ['user_muted', { user: 'Eve' }, 'muted', ['Eve']],
    ];
    for (const [cause, fields, name, value] of steps) equal(now(driver.hear(info(cause, { room: 'lobby', by: 'bob', ...fields })))[name], value, cause);
  },
  'raised hands wait in their order'() {
    const driver = withRules({ quiet: true, owners: ['alice'] }, { owner: true });
    for (const [user, word] of [['bob', 'tea'], ['carol'], ['bob', 'cake']]) driver.hear(info('hand_raised', { room: 'lobby', user, word }));
    equal(now(driver).hands, [['carol', ''], ['bob', 'cake']]);
    driver.hear(info('floor_given', { room: 'lobby', user: 'Carol', by: 'alice' }));
    equal(now(driver).hands, [['bob', 'cake']]);
    driver.hear(info('quiet_off', { room: 'lobby', by: 'alice' }));
    equal([now(driver).hands, now(driver).floor, now(driver).more_hands, now(driver).quiet], [[], [], 0, false]);
  },
  'the own hand goes up and down'() {
    const driver = withRules({ quiet: true }).hear(info('hand_up', { room: 'lobby', count: 2 }));
    equal([now(driver).you.hand, notices(driver)], [2, []]);
    driver.sent();
    driver.hear(info('floor_given', { room: 'lobby', user: 'bob', by: 'eve' }));
    equal(driver.sent('rules').length, 1, 'the place in the line is asked for');
    driver.hear(info('hand_down', { room: 'lobby' }));
    equal(now(driver).you.hand, undefined);
    driver.hear(info('floor_given', { room: 'lobby', user: 'bob', by: 'eve' }));
    equal(driver.sent('rules').length, 0);
    driver.hear(info('hand_up', { room: 'lobby' })).hear(info('floor_given', { room: 'lobby', user: 'alice', by: 'eve' }));
    equal([now(driver).you.hand, driver.sent('rules').length], [undefined, 0]);
    driver.hear(info('hand_up', { room: 'lobby', count: 1 })).hear(info('quiet_off', { room: 'lobby' }));
    equal([now(driver).you.hand, now(driver).you.floor], [undefined, false]);
  },
  'a floor of unknown length is unknown for any name'() {
    for (const user of ['bob', 'constructor', '__proto__']) {
      const driver = withRules({ quiet: true, floor: [user] });
      equal(floorUntil(now(driver), user), undefined, user);
      driver.hear(info('floor_given', { room: 'lobby', user, by: 'eve' }));
      equal(floorUntil(now(driver), user), null, user);
    }
  },
  'a message uses up a floor for one message'() {
    const given = (user, fields) => withRules({ quiet: true }, { owner: true }).hear(info('floor_given', { room: 'lobby', by: 'alice', user, ...fields }));
    const driver = given('Bob').hear(said(5));
    equal([now(driver).floor, driver.took('timer')], [[], []], 'without asking');
    equal(now(given('Bob').hear(said(5, 'x', { user: 'eve' }))).floor, ['Bob'], 'not by others');
    equal(now(given('Bob').hear(said(5, 'x', { event: 'all' }))).floor, ['Bob'], 'not by a message to all');
    const timed = given('Bob', { seconds: 60 }).hear(said(5));
    equal([now(timed).floor, timed.took('timer')], [['Bob'], [{ type: 'timer', ms: 60_500, event: { type: 'reload-rules', key: 'lobby' } }]], 'a floor with minutes stays to its end');
    const taken = timed.hear(info('floor_taken', { room: 'lobby', by: 'alice', user: 'bob' })).hear(info('floor_given', { room: 'lobby', by: 'alice', user: 'bob' })).hear(said(6));
    equal(now(taken).floor, [], 'the last one counts');
    const me = withRules({ quiet: true }).hear(info('floor_given', { room: 'lobby', by: 'eve', user: 'alice' })).hear(said(5, 'x', { user: 'alice' }));
    equal([now(me).you.floor, silence(me.conversation(), 0)], [false, 'quiet']);
  },
  'a floor of unknown length is asked for behind a message'() {
    const asks = (driver, user = 'alice') => driver.hear(said(5, 'x', { user })).took('timer').length;
    equal(asks(withRules({ quiet: true }, { floor: true })), 1);
    equal(asks(withRules({ quiet: true }, { floor: true }), 'bob'), 0, 'not for others');
    equal(asks(withRules({ quiet: true, floor: ['bob'] }, { owner: true }), 'Bob'), 1, 'by an owner');
    equal(asks(withRules({}, { floor: true })), 0, 'not in a room that is not quiet');
    equal(asks(withRules({ quiet: true })), 0, 'not without the floor');
    const driver = withRules({ quiet: true }, { owner: true }).hear(info('floor_given', { room: 'lobby', by: 'alice', user: 'bob' }));
    driver.hear(rules('lobby', { quiet: true, floor: ['bob'] }, { owner: true }));
    equal(asks(driver, 'bob'), 0, 'a floor that the rules still tell stays known');
    driver.hear(rules('lobby', { quiet: true }, { owner: true })).hear(rules('lobby', { quiet: true, floor: ['bob'] }, { owner: true }));
    equal(asks(driver, 'bob'), 1, 'a new one is not');
  },
  'rules that may have ended without an event are asked for again'() {
    const reloads = (driver, ...events) => {
      driver.took('timer');
      for (const event of events) driver.hear(event);
      return driver.took('timer').filter(({ event }) => event.type === 'reload-rules').length;
    };
    const owned = (fields) => withRules({ owners: ['Bob'], ...fields }).hear(members('lobby', ['alice', 'Bob', 'eve']));
    const gone = (user) => ({ type: 'system', event: 'disconnected', user });
    equal(reloads(owned(), left('bob')), 1, 'an owner leaves');
    equal(reloads(owned(), gone('Bob')), 1, 'an owner disconnects');
    equal(reloads(owned(), left('Bob'), gone('Bob')), 1, 'one answer serves both');
    equal(reloads(owned(), { type: 'system', event: 'renamed', user: 'Bob', to: 'rob' }), 1, 'an owner is renamed');
    equal(reloads(owned(), info('owner_removed', { room: 'lobby', user: 'Bob', by: 'eve' })), 1, 'an owner is one no longer');
    equal(reloads(owned(), members('lobby', ['alice', 'eve'])), 1, 'the list misses an owner');
    equal(reloads(owned({ owners: [], server_owners: ['root'] }), gone('root')), 1, 'an owner of the server who is elsewhere');
    equal(reloads(owned({ hands: [['eve', '']] }), left('eve')), 1, 'a hand goes with its user');
    equal(reloads(owned({ floor: ['eve'] }), left('eve')), 1, 'and a floor');
    equal(reloads(owned(), left('eve'), gone('eve')), 0, 'others change nothing');
    const driver = owned({ quiet: true }).hear(gone('Bob'));
    equal(driver.took('timer').map(({ ms, event }) => [ms, event.type]), [[605_000, 'rules'], [500, 'reload-rules']], 'and once more, when no resuming helps');
    driver.sent();
    driver.do({ type: 'reload-rules', key: 'lobby' });
    equal(driver.sent('rules').map(({ room }) => room), ['lobby']);
    driver.answer('rules', rules('lobby', { owners: [] }));
    equal([silence(driver.conversation(), 0), reloads(owned(), left('bob'))], [null, 1]);
  },
  'rules from before a lost connection are asked for again when the room is shown'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear(rules('ops', { topic: 'tea' })).do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby', 'ops'], resumed: true }), { type: 'ok' });
    equal(driver.sent('rules').map(({ room }) => room), ['lobby']);
    driver.do({ type: 'open', key: 'ops' });
    equal([driver.sent('rules').map(({ room }) => room), driver.conversation('ops').rules.topic], [['ops'], 'tea']);
    driver.answer('rules', rules('ops')).do({ type: 'open', key: 'lobby' }).do({ type: 'open', key: 'ops' });
    equal(driver.sent('rules').filter(({ room }) => room === 'ops').length, 0, 'once');
  },
  'a refusal that contradicts the page asks for the rules'() {
    const driver = withRules({}).do({ type: 'act', object: { type: 'mute', room: 'lobby', to: 'bob' }, key: 'lobby' });
    driver.answer('mute', { type: 'error', cause: 'not_owner', room: 'lobby' });
    equal(driver.took('timer').map(({ event }) => event), [{ type: 'reload-rules', key: 'lobby' }]);
    driver.do({ type: 'reload-rules', key: 'lobby' }).do({ type: 'submit', key: 'lobby', text: 'x', nonce: 'n', now: 1 });
    driver.answer('say', { type: 'error', cause: 'quiet', room: 'lobby' });
    equal([driver.took('timer').length, driver.state.queue[0].state, notices(driver)], [1, 'failed', ['not_owner']]);
    driver.do({ type: 'reload-rules', key: 'lobby' }).do({ type: 'act', object: { type: 'pm' }, key: 'lobby' }).answer('pm', { type: 'error', cause: 'no_such_user' });
    equal(driver.took('timer').length, 0);
  },
  'a user who is taken out draws one line'() {
    const shown = (...events) => {
      const driver = inLobby('bob', 'eve').hear(said(3));
      for (const event of events) driver.hear(event);
      return [notices(driver), presence(driver).slice(1)];
    };
    const kick = info('user_kicked', { room: 'lobby', user: 'Bob', by: 'carol' });
    equal(shown(left('bob'), kick), [['user_kicked'], []]);
    equal(shown(left('eve'), left('bob'), kick), [['user_kicked'], [[[], ['eve']]]], 'others stay');
    equal(shown({ ...kick, cause: 'user_expelled' }, { type: 'system', event: 'disconnected', user: 'bob' }), [['user_expelled'], []], 'in the other order');
    equal(shown({ ...kick, cause: 'user_muted' }, left('bob')), [['user_muted'], [[[], ['bob']]]], 'a mute takes no user out');
    equal(shown(kick, left('eve')), [['user_kicked'], [[[], ['eve']]]]);
    equal(shown({ ...kick, at: 1 }, left('bob')), [['user_kicked'], [[[], ['bob']]]], 'long ago');
  },
  'users with a raised hand come first, then the floor, then owners'() {
    const people = ['ann', 'Bob', 'carol', 'dan', 'eve', 'root'];
    const { rules: given } = rules('lobby', { hands: [['eve', ''], ['bob', 'x']], floor: ['Dan'], owners: ['carol', 'bob'], server_owners: ['root'] });
    equal(rankPeople(people, { rules: given }), ['eve', 'Bob', 'dan', 'carol', 'root', 'ann']);
    equal([rankPeople(people, { rules: null }), people[0]], [people, 'ann']);
  },
  'a slow room pauses its writers'() {
    const driver = withRules({ slow: 30 }).hear(said(5, 'x', { user: 'alice', at: 10_000 })).hear(said(6, 'x', { at: 20_000 }));
    equal([pauseOf(driver.conversation(), 10_000), pauseOf(driver.conversation(), 25_000), pauseOf(driver.conversation(), 50_000)], [30, 15, 0]);
    driver.hear(said(7, 'x', { user: 'alice', at: 30_000 }));
    equal(pauseOf(driver.conversation(), 40_000), 20, 'behind the newest own message');
    equal(pauseOf(withRules({ slow: 30 }).conversation(), 0), 0);
    equal(pauseOf(withRules({ slow: 30 }, { owner: true }).hear(said(5, 'x', { user: 'alice', at: 10_000 })).conversation(), 10_000), 0);
    equal([pauseOf(withRules({}).hear(said(5, 'x', { user: 'alice', at: 10_000 })).conversation(), 10_000), pauseOf(undefined, 0)], [0, 0]);
  },
  'changes before the rules are known are kept'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] });
    driver.hear(info('topic', { room: 'ops', word: 'tea' }));
    equal(driver.conversation('ops').rules, { owners: [], open: true, has_key: false, quiet: false, slow: 0, banned: [], muted: [], hands: [], more_hands: 0, floor: [], you: {}, topic: 'tea' });
    driver.hear(info('topic', { room: 'none', word: 'tea' }));
    holds(!driver.conversation('none'), 'no room appears');
  },
  'rules of the server are asked for again'() {
    const driver = withRules({ server: { doors_closed: false } }, { owner: true });
    driver.sent();
    for (const cause of ['doors_shut', 'doors_open', 'whispers_owners', 'whispers_all', 'user_expelled', 'user_readmitted']) {
      driver.hear(info(cause, { by: 'alice', user: 'eve' }));
      equal(driver.sent('rules').length, 1, cause);
    }
    equal(withRules({}).hear(info('doors_shut', { by: 'x' })).sent('rules').length, 0);
    equal(withRules({}).hear(info('server_owned')).sent('rules').length, 1);
  },
});
