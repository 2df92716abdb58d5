// Notices: answers to commands, refusals, lists, off-the-record chats.

import { Driver, authOk, info, rules } from './driver.js';
import { ownsAsGuest } from '/model/room.js';
import { equal, holds } from './assert.js';

const notices = (driver, key) => driver.conversation(key).items.filter((item) => item.kind === 'notice').map((item) => item.event.cause ?? item.event.event);
const withRules = (fields, you) => new Driver().signIn().hear(rules('lobby', fields, you));

export const cases = Object.entries({
  'the page knows whether the user is away'() {
    const driver = new Driver();
    equal(driver.state.away, null);
    driver.signIn();
    equal([driver.state.away, driver.hear(info('away_set', { word: 'tea' })).state.away, driver.hear(info('here_again')).state.away], [false, true, false]);
    driver.hear(info('away_set', { word: 'tea' })).do({ type: 'submit', key: 'lobby', text: 'x', nonce: 'n' }).answer('say', { type: 'ok' });
    equal(driver.state.away, false, 'a message ends it');
    const resumed = new Driver({ token: 'k' }).do({ type: 'take-over' }).do({ type: 'opened' });
    resumed.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), { type: 'ok' });
    equal(resumed.state.away, null, 'unknown');
  },
  'the answer to a form shows beside its field'() {
    const driver = new Driver().signIn();
    const fill = () => driver.do({ type: 'fill', form: 'claim', object: { type: 'claim', token: 'x' } });
    fill().answer('claim', { type: 'error', cause: 'wrong_code' });
    equal([driver.state.answer.form, driver.state.answer.event.cause, notices(driver)], ['claim', 'wrong_code', []]);
    equal(fill().state.answer, null);
    driver.answer('claim', info('server_owned'));
    equal([driver.state.answer.event.cause, notices(driver)], ['server_owned', []]);
    equal(fill().answer('claim').state.answer.event.type, 'ok');
    equal(fill().answer('claim', info('server_owned'), { type: 'ok' }).state.answer.event.cause, 'server_owned');
    driver.do({ type: 'notice', event: info('server_owned') }).do({ type: 'notice', event: { type: 'ok' } });
    equal(notices(driver), ['server_owned']);
    equal(driver.do({ type: 'lost' }) && fill().state.answer.event.cause, 'offline');
  },
  'an invitation takes the place of a refusal'() {
    const driver = new Driver().signIn().do({ type: 'open', key: 'class', name: 'class' });
    driver.answer('join', { type: 'error', cause: 'invite_only', room: 'class' });
    driver.hear(info('invited', { by: 'eve', user: 'alice', room: 'class' }));
    equal([driver.conversation().removed.cause, driver.conversation().items], ['invited', []]);
    driver.do({ type: 'open', key: 'class' }).answer('join', info('entered', { room: 'class' }), { type: 'ok' });
    equal([driver.conversation().removed, driver.conversation().member], [null, true]);
  },
  'an invitation ends when the user is in the room'() {
    const driver = new Driver().signIn().hear(info('invited', { by: 'eve', user: 'alice', room: 'Class' })).hear(info('invited', { by: 'eve', user: 'alice', room: 'ops' }));
    equal(driver.conversation().items.map((item) => item.used), [undefined, undefined]);
    driver.do({ type: 'open', key: 'class', name: 'Class' }).answer('join', info('entered', { room: 'Class' }), { type: 'ok' });
    equal(driver.conversation('lobby').items.map((item) => item.used), [true, undefined]);
  },
  'refusals show where the user acted'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).do({ type: 'act', object: { type: 'mute', room: 'ops', to: 'bob' }, key: 'ops' });
    driver.answer('mute', { type: 'error', cause: 'not_owner', room: 'ops' });
    equal([notices(driver, 'ops'), notices(driver, 'lobby')], [['not_owner'], []]);
    driver.do({ type: 'act', object: { type: 'mute', room: 'lobby', to: 'bob' } }).answer('mute', { type: 'error', cause: 'not_owner' });
    equal(notices(driver, 'lobby'), ['not_owner'], 'else in the shown one');
    driver.do({ type: 'lost' }).do({ type: 'act', object: { type: 'mute' }, key: 'lobby' });
    equal(notices(driver, 'lobby'), ['not_owner', 'offline']);
  },
  'the floor that nobody takes asks for the rules': () => {
    const driver = withRules({}).do({ type: 'act', kind: 'floor', object: { type: 'floor', room: 'lobby', to: 'bob' }, key: 'lobby' });
    driver.sent();
    driver.answer('floor', { type: 'error', cause: 'no_hands' });
    equal([driver.sent('rules').length, notices(driver)], [1, []]);
  },
  'refused lists stay silent'() {
    const driver = new Driver().signIn().do({ type: 'refresh', key: 'lobby' }).answer('who', { type: 'error', cause: 'not_in_room' });
    driver.do({ type: 'rules', key: 'lobby' }).answer('rules', { type: 'error', cause: 'not_in_room' });
    equal(notices(driver), []);
  },
  'typed commands show their answers'() {
    const driver = new Driver().signIn();
    const type = (text) => driver.do({ type: 'submit', key: 'lobby', text, nonce: 'x', now: 1 });
    type('/users').answer('users', { type: 'system', event: 'online', users: ['alice'], text: 'Online clients: alice' });
    type('/topic tea').answer('topic', info('topic', { room: 'lobby', word: 'tea' }));
    type('/nonsense');
    type('/help').answer('help', info(undefined, { text: 'a' }), info(undefined, { text: 'b' }), { type: 'ok' });
    equal(notices(driver), ['online', 'topic', 'unknown_command', 'info', 'info']);
    equal(driver.state.users, ['alice']);
    equal(driver.do({ type: 'users' }).answer('users', { type: 'system', event: 'online', after: 'alice', users: ['bob'] }).state.users, ['alice', 'bob']);
    equal(notices(driver).length, 5, 'lists for the page stay silent');
    type('/search tea');
    equal(driver.took('view'), [{ type: 'view', view: 'search', argument: 'tea' }]);
    type('/join ops');
    equal(driver.state.current, 'ops');
  },
  'lists of rooms come in pages'() {
    const driver = new Driver().signIn().do({ type: 'rooms' }).answer('rooms', { type: 'system', event: 'rooms', rooms: [['a', 1]] });
    driver.do({ type: 'rooms' }).answer('rooms', { type: 'system', event: 'rooms', rooms: [['b', 2]], after: 'a' });
    equal(driver.state.rooms, [['a', 1], ['b', 2]]);
    driver.do({ type: 'rooms' }).answer('rooms', { type: 'system', event: 'rooms', rooms: [] });
    equal(driver.state.rooms, []);
  },
  'all users are listed beside the messages to all'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '*' });
    driver.answer('users', { type: 'system', event: 'online', users: ['alice', 'Bob'] });
    driver.hear({ type: 'system', event: 'connected', user: 'aron' }).hear({ type: 'system', event: 'connected', user: 'aron' }).hear({ type: 'system', event: 'disconnected', user: 'alice' });
    equal(driver.state.users, ['aron', 'Bob']);
    driver.do({ type: 'open', key: 'lobby' });
    equal(driver.sent('users').length, 1, 'asked once, when shown');
  },
  'blocks are known'() {
    const driver = new Driver().signIn().hear(info('blocked', { user: 'eve' })).hear(info('blocked', { user: 'Eve' })).hear(info('blocked', { user: 'dan' }));
    equal([driver.state.blocked, notices(driver).length], [['Eve', 'dan'], 3]);
    driver.hear(info('unblocked', { user: 'EVE' }));
    equal(driver.state.blocked, ['dan']);
    driver.hear({ type: 'system', event: 'blocked', users: ['x'] }).hear({ type: 'system', event: 'blocked', users: ['y'], after: 'x' });
    equal(driver.state.blocked, ['x', 'y']);
  },
  'an account is made': () => equal(new Driver().signIn().hear(info('account_made', { user: 'alice' })).state.account, true),
  'a guest who owns the server is warned'() {
    const driver = withRules({});
    equal(ownsAsGuest(driver.state), false);
    driver.do({ type: 'open', key: '@bob', name: 'bob' });
    driver.sent();
    driver.hear(info('server_owned'));
    equal(driver.sent('rules').map(({ room }) => room), ['lobby'], 'also where no room is shown');
    driver.answer('rules', rules('lobby', { server: { doors_closed: false } }, { owner: true }));
    equal(ownsAsGuest(driver.state), true);
    equal(ownsAsGuest(driver.hear(info('account_made', { user: 'alice' })).state), false);
  },
  'a profile is shown apart'() {
    const driver = new Driver().signIn().do({ type: 'whois', user: 'bob' });
    equal(driver.sent('whois')[0].to, 'bob');
    driver.answer('whois', { type: 'system', event: 'whois', user: 'bob', text: 'bob is a guest' });
    equal([driver.state.profile.user, notices(driver)], ['bob', []]);
    driver.do({ type: 'submit', key: 'lobby', text: '/whois eve', nonce: 'x', now: 1 }).answer('whois', { type: 'system', event: 'whois', user: 'eve', text: 'eve' });
    equal([driver.state.profile.user, notices(driver)], ['bob', ['whois']]);
    driver.do({ type: 'whois', user: 'dan' });
    equal(driver.state.profile, null);
  },
  'off-the-record chats are asked for, open and end'() {
    const driver = new Driver().signIn();
    for (const [event, value] of [['private_request', 'asked'], ['private_connected', 'open'], ['private_ended', null], ['private_rejected', null]]) {
      driver.hear({ type: 'system', event, user: 'Bob' });
      equal([driver.state.privates['@bob'], driver.conversation('@bob').name], [value, 'Bob']);
    }
    equal([notices(driver, '@bob').length, driver.conversation('@bob').unread, driver.conversation('@bob').mentions], [4, 1, 1], 'the request is unread');
    driver.do({ type: 'open', key: '@bob' }).hear({ type: 'system', event: 'private_request', user: 'bob' });
    equal(driver.conversation('@bob').unread, 0);
  },
  'an edit names its message'() {
    const driver = new Driver().signIn().do({ type: 'edit', key: 'lobby', id: 5, text: 'new', nonce: 'n' });
    const [{ label, ...edit }] = driver.sent();
    equal(edit, { type: 'edit', room: 'lobby', id: 5, text: 'new', nonce: 'n' });
    driver.hear({ type: 'error', cause: 'not_newest', label, done: true });
    equal(notices(driver), ['not_newest']);
  },
  'a message to one user is heard, and marked if it is off the record'() {
    const driver = new Driver().signIn().hear({ type: 'pm', from_user: 'Bob', text: 'a', id: 5 }).hear({ type: 'pm', event: 'private', from_user: 'Bob', text: 'b' });
    equal(driver.took('heard').map(({ key, message }) => [key, message.text, message.private]), [['@bob', 'a', undefined], ['@bob', 'b', true]]);
    equal([driver.conversation('@bob').name, driver.conversation('@bob').items.map((item) => item.private)], ['Bob', [undefined, true]]);
  },
  'notices have keys of their own'() {
    const driver = new Driver().signIn().hear(info('here_again')).hear(info('here_again'));
    const [a, b] = driver.conversation().items;
    holds(a.key !== b.key && /^n\d+$/.test(a.key), `${a.key} ${b.key}`);
    equal([a.order, a.at], [0, driver.now]);
  },
  'a room that the server opens is known'() {
    const driver = new Driver().signIn().hear(info('entered', { room: 'Ops' }));
    equal([driver.conversation('ops').name, driver.conversation('ops').member, notices(driver), notices(driver, 'ops')], ['Ops', true, [], []]);
    driver.hear(info('kicked_from_room', { room: 'Ops', by: 'bob' })).hear(info('entered', { room: 'Ops' }));
    equal(driver.conversation('ops').removed, null);
  },
  'what the page shows elsewhere is no notice'() {
    const driver = new Driver().signIn().hear(info('left_room', { room: 'ops' })).hear(info('in_no_room'));
    for (const cause of ['topic', 'pin', 'room_quiet', 'room_slow', 'hand_up', 'hand_down']) driver.hear(info(cause, { room: 'lobby' }));
    equal(notices(driver), []);
  },
  'a queued message is no notice'() {
    const driver = new Driver().signIn().do({ type: 'submit', key: 'lobby', text: '/pm bob hi', nonce: 'n', now: 1 });
    driver.answer('pm', info('queued', { user: 'bob' }));
    equal([notices(driver), notices(driver, '@bob')], [[], []]);
  },
  'an answer shows where the user asked, an event in its room'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] });
    driver.do({ type: 'submit', key: 'ops', text: '/away lunch', nonce: 'n', now: 1 }).answer('away', info('away_set', { word: 'lunch' }));
    driver.hear(info('topic_set', { room: 'ops', word: 'x', by: 'b' })).hear(info('here_again')).hear(info('invited', { room: 'none', by: 'b' }));
    equal([notices(driver, 'ops'), notices(driver)], [['away_set', 'topic_set'], ['here_again', 'invited']]);
  },
  'a new name is told'() {
    equal(notices(new Driver().signIn().hear({ type: 'system', event: 'renamed', user: 'bob', to: 'rob' })), ['renamed']);
  },
  'a refused room keeps its name and its reason'() {
    const driver = new Driver().signIn().do({ type: 'open', key: 'ops', name: 'ops' }).do({ type: 'open', key: 'lobby' }).do({ type: 'leave', key: 'ops' });
    driver.answer('join', { type: 'error', cause: 'room_name_bad' });
    equal([driver.conversation('ops').removed.cause, driver.conversation('ops').name], ['room_name_bad', 'ops']);
  },
  'a room that refuses to be entered again tells it'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], token: 'k' }), { type: 'error', cause: 'room_banned', room: 'ops' }, { type: 'ok' });
    equal([driver.conversation('ops').member, driver.conversation('ops').removed.cause, notices(driver)], [false, 'room_banned', []]);
  },
  'only rooms have rules and people'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '@bob', name: 'bob' }).do({ type: 'open', key: 'lobby' });
    equal(driver.sent().map((object) => object.type), ['history', 'history']);
    driver.do({ type: 'rules', key: '@bob' }).do({ type: 'rules', key: 'none' });
    equal(driver.sent(), []);
    const other = new Driver().signIn({ rooms: ['lobby', 'ops'] }).do({ type: 'open', key: 'ops' });
    equal(other.sent().map((object) => object.type), ['history', 'who', 'rules']);
  },
  'a notice of the page has a time'() {
    const driver = new Driver().signIn().do({ type: 'lost' }).do({ type: 'act', object: { type: 'mute' }, now: 77 });
    equal(driver.conversation().items[0].at, 77);
  },
  'unknown events do nothing'() {
    const driver = new Driver().signIn();
    const before = driver.state;
    driver.hear({ type: 'system', event: 'something_new' }).hear({ type: 'novelty' }).do({ type: 'novelty' });
    equal(driver.state, before);
  },
  'news without a cause shows its text': () => equal(new Driver().signIn().hear({ type: 'system', event: 'notice', text: 'Goodnight' }).conversation().items[0].event.text, 'Goodnight'),
});
