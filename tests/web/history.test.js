// Messages as they come: unread counts, pages, gaps, jumps, the bound of the window.

import { MOST_ITEMS } from '/model/state.js';
import { Driver, authOk, caughtUp, info, past, said } from './driver.js';
import { equal, holds } from './assert.js';

const end = (fields) => ({ type: 'system', event: 'history_end', shown: 1, ...fields });
const more = { next: '/history before 1' };
const counts = (driver, key) => {
  const { unread, mentions, newFrom, read } = driver.conversation(key);
  return [unread, mentions, newFrom, read];
};
const fill = (driver, count, from = 1) => {
  for (let id = from; id < from + count; id += 1) driver.hear(said(id));
  return driver;
};
const request = (driver, type = 'history') => driver.sent(type).at(-1);

export const cases = Object.entries({
  'a room is known to be empty behind the sign-in'() {
    const driver = new Driver().do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
    const about = Object.keys(driver.state.requests)[0];
    driver.hear({ ...authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'] }), label: about });
    equal(driver.conversation().caughtUp, undefined);
    equal(driver.hear({ ...caughtUp('lobby'), label: about }).conversation().caughtUp, true);
  },
  'a message in sight is read'() {
    const driver = new Driver().signIn().hear(said(5, 'hi alice'));
    equal([counts(driver), driver.texts()], [[0, 0, null, 5], ['hi alice']]);
    equal(driver.took('heard').map(({ key, message }) => [key, message.id]), [['lobby', 5]]);
  },
  'a message out of sight is unread'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] });
    driver.hear(said(5, 'x', { room: 'ops' })).hear(said(6, 'hi @alice', { room: 'ops' }));
    equal(counts(driver, 'ops'), [2, 1, 5, 0]);
    driver.do({ type: 'open', key: 'ops' });
    equal(counts(driver, 'ops'), [0, 0, 5, 6], 'the line stays');
    driver.do({ type: 'open', key: 'lobby' });
    equal(counts(driver, 'ops'), [0, 0, null, 6], 'and goes');
  },
  'a hidden page reads nothing'() {
    const driver = new Driver().signIn().do({ type: 'look', seen: false }).hear(said(5));
    equal(counts(driver), [1, 0, 5, 0]);
    driver.do({ type: 'open', key: 'lobby' });
    equal(counts(driver)[0], 1, 'also where the room is opened');
    driver.do({ type: 'look', seen: true });
    equal(counts(driver), [0, 0, 5, 5]);
  },
  'who reads further up has not read the end'() {
    const driver = new Driver().signIn().hear(said(4)).do({ type: 'look', atBottom: false }).hear(said(5));
    equal([driver.conversation().following, counts(driver)], [false, [1, 0, 5, 4]]);
    driver.do({ type: 'look', atBottom: true });
    equal(counts(driver)[0], 0);
  },
  'another conversation is not read by looking'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear(said(5, 'x', { room: 'ops' }));
    driver.do({ type: 'look', key: 'ops', atBottom: true }).do({ type: 'look', key: 'none', atBottom: true });
    equal(counts(driver, 'ops')[0], 1);
  },
  'writing reads everything and ends the line "New"'() {
    const driver = new Driver().signIn().do({ type: 'look', atBottom: false }).hear(said(5)).hear(said(6, 'mine', { user: 'Alice' }));
    equal(counts(driver), [0, 0, null, 6]);
    equal(driver.took('heard').map(({ message }) => message.id), [5]);
  },
  'a message to one user is a mention'() {
    const driver = new Driver().signIn().hear({ type: 'pm', from_user: 'bob', text: 'psst', id: 7 });
    equal(counts(driver, '@bob'), [1, 1, 7, null]);
    equal(driver.conversation('@bob').name, 'bob');
  },
  'an off-the-record line out of sight is unread'() {
    const driver = new Driver().signIn().hear({ type: 'pm', event: 'private', from_user: 'bob', text: 'psst' });
    equal(counts(driver, '@bob').slice(0, 2), [1, 1]);
  },
  'what was read before a reload stays read'() {
    const driver = new Driver({ name: 'alice', reads: { lobby: 7 } }).signIn();
    equal(driver.do({ type: 'open', key: 'lobby' }).conversation().read, 7);
  },
  'a page that a hidden window loads is not read'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] }).hear(said(5)).do({ type: 'jump', key: 'lobby', id: 2 }).do({ type: 'look', seen: false });
    driver.hear(said(6)).do({ type: 'end', key: 'lobby' }).answer('history', past(5), past(6), end(more));
    equal(driver.conversation().unread, 1);
  },
  'a full window keeps its beginning'() {
    const driver = fill(new Driver().signIn(), MOST_ITEMS - 1);
    driver.do({ type: 'older', key: 'lobby' }).answer('history', end());
    driver.hear(said(MOST_ITEMS));
    equal([driver.conversation().oldest, driver.conversation().items.length], [true, MOST_ITEMS]);
    driver.hear(said(MOST_ITEMS + 1));
    equal(driver.conversation().oldest, false);
  },
  'a message comes once'() {
    const driver = new Driver().signIn({ rooms: ['lobby', 'ops'] });
    for (let i = 0; i < 2; i += 1) driver.hear(said(5, 'x', { room: 'ops' }));
    equal([counts(driver, 'ops')[0], driver.texts('ops')], [1, ['x']]);
  },
  'messages of the server itself carry its mark': () => equal(new Driver().signIn().hear(said(5, 'x', { server: true })).conversation().items[0].server, true),
  'messages to all users have a conversation'() {
    const driver = new Driver().signIn().hear({ type: 'message', event: 'all', id: 5, user: 'bob', text: 'ye' });
    equal([driver.texts('*'), driver.conversation('*').unread], [['ye'], 1]);
  },
  'edits and deletions reach their message'() {
    const driver = new Driver().signIn().hear(said(5)).hear(said(6));
    driver.hear(said(5, 'new', { event: 'edited' })).hear({ type: 'system', event: 'deleted', ids: [6], user: 'bob', by: 'carol', room: 'lobby' });
    equal(driver.conversation().items.map((item) => [item.text, item.edited, item.deleted]), [['new', true, undefined], ['', undefined, 'carol']]);
    driver.hear({ type: 'message', event: 'all', id: 7, user: 'bob', text: 'x' }).hear({ type: 'system', event: 'deleted', ids: [7], user: 'bob', by: 'bob' });
    equal(driver.conversation('*').items[0].deleted, 'bob');
    driver.hear(said(1, 'x', { event: 'edited', room: 'none' })).hear({ type: 'system', event: 'deleted', ids: [1], room: 'none' });
    holds(!driver.conversation('none'), 'no room appears');
  },
  'a page stands in front of the first message'() {
    const driver = new Driver().signIn().hear(said(50));
    driver.do({ type: 'older', key: 'lobby' });
    const { room, before } = request(driver);
    equal([room, before, driver.conversation().loading], ['lobby', 50, 'older']);
    driver.do({ type: 'older', key: 'lobby' });
    equal(driver.sent(), [], 'one page at a time');
    driver.answer('history', past(48), past(49), end(more));
    equal([driver.texts(), driver.conversation().oldest, driver.conversation().loading], [['m48', 'm49', 'm50'], false, null]);
    driver.do({ type: 'older', key: 'lobby' }).answer('history', past(1), end());
    equal(driver.conversation().oldest, true);
    driver.sent();
    driver.do({ type: 'older', key: 'lobby' });
    equal(driver.sent(), [], 'nothing is older');
    equal(counts(driver), [0, 0, null, 50]);
  },
  'an empty conversation loads its newest page'() {
    const driver = new Driver().signIn();
    driver.do({ type: 'older', key: 'lobby' });
    equal(request(driver).last, 50);
    driver.answer('history', past(5), end());
    equal([driver.conversation().latest, counts(driver)], [5, [0, 0, null, 5]]);
  },
  'a conversation with a user loads what was said with this user'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '@bob', name: 'Bob' });
    equal([request(driver).with, request(driver)], ['Bob', undefined]);
    driver.answer('history', { type: 'pm', event: 'history', id: 3, from_user: 'Bob', to_user: 'alice', text: 'a' }, { type: 'pm', event: 'history', id: 4, from_user: 'alice', to_user: 'Bob', text: 'b' }, end());
    equal(driver.conversation('@bob').items.map(({ text, mine }) => [text, mine]), [['a', false], ['b', true]]);
  },
  'a failed lookup ends, and a busy one is repeated'() {
    const driver = new Driver().signIn().hear(said(5));
    driver.do({ type: 'older', key: 'lobby' }).answer('history', { type: 'error', cause: 'history_busy' });
    equal([driver.took('timer')[0].ms, driver.conversation().loading], [1000, 'older']);
    driver.answer('history', { type: 'error', cause: 'history_off' });
    equal([driver.conversation().loading, driver.conversation().oldest, driver.conversation().items.length], [null, true, 1]);
  },
  'the window is bounded at its start while the user follows'() {
    const driver = fill(new Driver().signIn(), MOST_ITEMS + 1);
    const { items, atEnd, oldest } = driver.conversation();
    equal([items.length, items[0].id, atEnd, oldest], [MOST_ITEMS, 2, true, false]);
  },
  'the window of a reader further up does not move'() {
    const driver = fill(new Driver().signIn(), MOST_ITEMS).do({ type: 'look', atBottom: false });
    driver.hear(said(MOST_ITEMS + 1)).hear(said(MOST_ITEMS + 2));
    const { items, atEnd, unread, latest } = driver.conversation();
    equal([items.length, items[0].id, atEnd, unread, latest], [MOST_ITEMS, 1, false, 2, MOST_ITEMS + 2]);
    driver.do({ type: 'look', atBottom: true });
    equal(driver.conversation().unread, 2, 'the end of the window is not the end');
  },
  'pages in front push out the end, pages behind bring it back'() {
    const driver = fill(new Driver().signIn(), MOST_ITEMS, 101).do({ type: 'look', atBottom: false });
    driver.do({ type: 'older', key: 'lobby' }).answer('history', ...Array.from({ length: 20 }, (_, index) => past(81 + index)), end(more));
    equal([driver.conversation().items.length, driver.conversation().items[0].id, driver.conversation().atEnd], [MOST_ITEMS, 81, false]);
    driver.sent();
    driver.do({ type: 'newer', key: 'lobby' });
    equal([request(driver).after, driver.conversation().loading], [MOST_ITEMS + 80, 'newer']);
    driver.answer('history', past(MOST_ITEMS + 81), end(more));
    equal(driver.conversation().atEnd, false);
    driver.do({ type: 'newer', key: 'lobby' }).answer('history', past(MOST_ITEMS + 82), end());
    equal([driver.conversation().atEnd, driver.conversation().items[0].id, driver.conversation().oldest], [true, 83, false]);
    driver.sent();
    driver.do({ type: 'newer', key: 'lobby' });
    equal(driver.sent(), []);
  },
  'a jump shows its conversation'() {
    const driver = new Driver().signIn().do({ type: 'jump', key: '@bob', id: 5, name: 'Bob' });
    equal([driver.state.current, driver.conversation().name], ['@bob', 'Bob']);
  },
  'a jump opens a window around one message'() {
    const driver = new Driver().signIn().hear(said(900));
    driver.do({ type: 'jump', key: 'lobby', id: 50, name: 'lobby' });
    equal([request(driver).before, driver.texts(), driver.conversation().jump, driver.conversation().following], [51, [], 50, false]);
    driver.hear(said(901));
    equal([driver.texts(), driver.conversation().unread], [[], 1], 'the window has a hole before the end');
    driver.answer('history', past(49), past(50), end(more));
    equal([request(driver).after, driver.conversation().loading], [50, 'newer']);
    driver.answer('history', past(51), end(more));
    equal([driver.texts(), driver.conversation().atEnd], [['m49', 'm50', 'm51'], false]);
    driver.do({ type: 'jumped', key: 'lobby' });
    equal(driver.conversation().jump, null);
    driver.do({ type: 'end', key: 'lobby' });
    equal([request(driver).last, driver.texts(), driver.conversation().following], [50, [], true]);
    driver.answer('history', past(900), past(901), end(more));
    equal([driver.texts(), counts(driver)], [['m900', 'm901'], [0, 0, 901, 901]]);
    driver.sent();
    driver.do({ type: 'end', key: 'lobby' });
    equal(driver.sent(), []);
  },
  'pages of an earlier window are dropped'() {
    const driver = new Driver().signIn().hear(said(900)).do({ type: 'older', key: 'lobby' });
    const { label } = driver.sent()[0];
    driver.do({ type: 'jump', key: 'lobby', id: 50 });
    driver.hear(past(899, 'late', { label })).hear({ ...end(), label, done: true });
    equal([driver.texts(), driver.conversation().loading, driver.conversation().oldest], [[], 'around', false]);
    driver.sent();
    driver.do({ type: 'end', key: 'lobby' });
    equal([request(driver).last, driver.conversation().jump, driver.conversation().oldest], [50, null, false], 'also while a page is on its way');
  },
  'a refusal for an earlier window is dropped'() {
    const driver = new Driver().signIn().hear(said(900)).do({ type: 'older', key: 'lobby' });
    const { label } = driver.sent()[0];
    driver.do({ type: 'jump', key: 'lobby', id: 50 }).hear({ type: 'error', cause: 'history_failed', label, done: true });
    equal([driver.conversation().loading, driver.conversation().oldest], ['around', false]);
  },
  'one page at a time'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '@bob', name: 'bob' }).do({ type: 'open', key: '@bob' });
    equal(driver.sent('history').length, 1);
    driver.do({ type: 'jump', key: '@bob', id: 50 });
    driver.sent();
    driver.do({ type: 'newer', key: '@bob' });
    equal(driver.sent(), []);
    for (const type of ['older', 'newer', 'end']) driver.do({ type, key: 'none' });
    equal(driver.sent(), []);
  },
  'what was missed comes after a loss, counted'() {
    const driver = new Driver().signIn().hear(said(5)).do({ type: 'look', seen: false }).do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), past(6), past(7, 'hi alice'), caughtUp('lobby', { missed: true }), { type: 'ok' });
    equal([driver.texts(), counts(driver), driver.conversation().gap], [['m5', 'm6', 'hi alice'], [2, 1, 6, 5], null]);
  },
  'a gap that is longer than one answer is fetched to its end'() {
    const driver = new Driver().signIn().hear(said(5)).do({ type: 'lost' }).do({ type: 'opened' });
    driver.hear(said(90, 'live'));
    driver.sent();
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), past(6), past(7), caughtUp('lobby', { missed: true, more: true }), { type: 'ok' });
    equal([request(driver).after, driver.conversation().gap, driver.conversation().loading], [7, 7, null]);
    driver.answer('history', past(8), past(9), end({ next: 'more' }));
    equal([request(driver).after, driver.conversation().gap], [9, 9]);
    driver.answer('history', past(10), end());
    equal([driver.texts(), driver.conversation().gap], [['m5', 'm6', 'm7', 'm8', 'm9', 'm10', 'live'], null]);
  },
  'a second loss in a gap begins where the gap began'() {
    const driver = new Driver().signIn().hear(said(5)).do({ type: 'lost' }).do({ type: 'opened' });
    driver.hear(past(6, 'm6', { label: driver.sent('resume')[0].label })).hear(said(90, 'live'));
    driver.do({ type: 'lost' }).do({ type: 'opened' });
    equal(driver.sent('resume')[0].rooms.lobby, 6);
  },
  'a refused gap is given up'() {
    const driver = new Driver().signIn().hear(said(5)).do({ type: 'lost' }).do({ type: 'opened' });
    driver.answer('resume', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby'], resumed: true }), caughtUp('lobby', { more: true }), { type: 'ok' });
    driver.answer('history', { type: 'error', cause: 'history_off' });
    equal(driver.conversation().gap, null);
  },
  'the first page of a room is read, for a guest'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'guest', user: 'alice' } }).do({ type: 'opened' });
    driver.answer('guest', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby', 'ops'] }), past(3, 'x', { room: 'ops' }), caughtUp('ops'), { type: 'ok' });
    equal(counts(driver, 'ops'), [0, 0, null, 3]);
  },
  'what an account missed since its last visit is unread'() {
    const driver = new Driver();
    driver.do({ type: 'join', credentials: { kind: 'login', user: 'alice', password: 'p' } }).do({ type: 'opened' });
    driver.answer('login', authOk({ username: 'alice', room: 'lobby', member_of: ['lobby', 'ops'] }), past(3, 'hi alice', { room: 'ops' }), past(4, 'x', { room: 'ops' }), caughtUp('ops', { missed: true }), { type: 'ok' });
    equal(counts(driver, 'ops'), [2, 1, 3, 0]);
  },
  'a lost connection ends waiting lists'() {
    const driver = new Driver().signIn().hear(said(5)).do({ type: 'older', key: 'lobby' }).do({ type: 'search', words: 'x' }).do({ type: 'lost' });
    equal([driver.conversation().loading, driver.state.requests, driver.state.search.busy], [null, {}, false]);
  },
  'a search shows its results apart'() {
    const driver = new Driver().signIn().do({ type: 'search', words: 'tea' });
    const { words, before } = request(driver, 'search');
    equal([words, before, driver.state.search], ['tea', undefined, { words: 'tea', results: [], busy: true, more: false, ended: false, problem: null }]);
    driver.answer('search', past(8, '*tea*', { room: 'ops' }), past(7, 'tea', { room: undefined }), { type: 'pm', event: 'history', id: 6, from_user: 'alice', to_user: 'Bob', text: 't' }, end({ next: 'x' }));
    equal(driver.state.search.results.map(({ id, key, place }) => [id, key, place]), [[8, 'ops', 'ops'], [7, '*', ''], [6, '@bob', 'Bob']]);
    equal([driver.state.search.busy, driver.state.search.more, driver.state.search.ended, driver.texts()], [false, true, true, []]);
    driver.do({ type: 'search', words: 'tea', more: true });
    equal(request(driver, 'search').before, 6);
    driver.do({ type: 'search', words: 'tea', more: true });
    equal(driver.sent(), [], 'one at a time');
    driver.answer('search', past(2), end());
    equal([driver.state.search.results.length, driver.state.search.more], [4, false]);
    driver.do({ type: 'search', words: 'cake' });
    equal([request(driver, 'search').before, driver.state.search.results], [undefined, []], 'a new search begins anew');
    driver.do({ type: 'end-search' });
    equal(driver.state.search, null);
    driver.do({ type: 'search', words: 'tea', more: true });
    equal([driver.state.search, driver.sent()], [null, []]);
  },
  'a failed search says why'() {
    const driver = new Driver().signIn().do({ type: 'search', words: '!' }).answer('search', { type: 'error', cause: 'no_word' });
    equal([driver.state.search.busy, driver.state.search.problem.cause], [false, 'no_word']);
    driver.do({ type: 'lost' }).do({ type: 'search', words: 'x' });
    equal([driver.state.search.busy, driver.state.search.problem.cause], [false, 'offline']);
  },
  'a typed history shows as notices'() {
    const driver = new Driver().signIn().do({ type: 'submit', key: 'lobby', text: '/transcript', nonce: 'x', now: 1 });
    driver.answer('transcript', { type: 'message', event: 'transcript', id: 3, room: 'lobby', user: 'bob', text: 'old' }, end());
    equal(driver.conversation().items.map((item) => item.event.event), ['transcript', 'history_end']);
  },
  'a notice behind the end is not shown in a window further up'() {
    const driver = new Driver().signIn().do({ type: 'jump', key: 'lobby', id: 50 }).hear(info('topic_set', { room: 'lobby', by: 'bob', word: 'x' }));
    equal(driver.conversation().items, []);
  },
});
