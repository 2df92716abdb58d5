// Items and rows: order by id, edits, deletions, presence, groups.

import { addNotice, addPresence, deleteMessages, editable, editMessage, firstId, indexOfId, insertMessage, lastId, renameUser, rowsOf, sameRow } from '/model/items.js';
import { newConversation } from '/model/state.js';
import { equal, holds } from './assert.js';

const DAY = new Date(2026, 10, 20, 12).getTime();
const message = (id, fields = {}) => ({ kind: 'message', id, at: DAY, user: 'bob', text: `m${id}`, ...fields });
const insert = (...messages) => messages.reduce(insertMessage, []);
const ids = (items) => items.map((item) => item.id ?? item.kind);
const rows = (items, fields = {}, queue = []) => rowsOf({ ...newConversation('lobby', 'lobby'), items, ...fields }, queue);
const types = (list) => list.map((row) => (row.type === 'message' ? (row.head ? 'head' : 'line') : row.type));

export const cases = Object.entries({
  'only the newest own message of a room can be edited, for ten minutes'() {
    const own = { kind: 'message', id: 5, at: 1000, mine: true, text: 'x' };
    const of = (key, ...items) => editable({ ...newConversation(key, key), items }, 600_999)?.id ?? null;
    equal([of('ops', own), of('ops', own, { ...own, id: 6 }), of('ops', own, { ...own, id: 6, mine: false }), of('ops', own, { ...own, id: 6, deleted: 'bob' })], [5, 6, 5, 5]);
    equal([of('@bob', own), of('*', own), of('ops'), of('ops', { ...own, at: 999 }), of('ops', { ...own, id: null })], [null, null, null, null, null]);
  },
  'messages stand in the order of their ids': () => equal(ids(insert(message(5), message(2), message(9), message(7))), [2, 5, 7, 9]),
  'a message comes once'() {
    const items = insert(message(5), message(6));
    holds(insertMessage(items, message(5)) === items, 'the same items');
  },
  'a repeated message takes the newer text and keeps its place'() {
    const items = insertMessage(insert(message(5, { mine: true }), message(6)), message(5, { text: 'new', edited: true }));
    equal(items.map((item) => [item.id, item.text, item.edited]), [[5, 'new', true], [6, 'm6', undefined]]);
    equal(items[0].mine, true);
  },
  'a repeated message takes the mark of a change alone'() {
    equal(insertMessage(insert(message(5)), message(5, { edited: true }))[0].edited, true);
  },
  'a deleted message stays deleted'() {
    const items = deleteMessages(insert(message(5)), [5], 'alice');
    equal(insertMessage(items, message(5))[0].text, '');
    equal(editMessage(items, 5, 'back')[0].text, '');
    holds(deleteMessages(items, [5], 'eve') === items, 'the first deletion counts');
  },
  'a message without an id stands at the end until the history brings its id'() {
    const own = message(null, { nonce: 'a', text: 'mine' });
    const items = insert(message(3), own, message(8));
    equal(ids(items), [3, 'message', 8]);
    const settled = insertMessage(items, message(9, { nonce: 'a', text: 'mine' }));
    equal(ids(settled), [3, 8, 9]);
    equal(ids(insertMessage(items, message(9, { nonce: 'b' }))), [3, 'message', 8, 9]);
    equal(ids(insertMessage(items, message(9))), [3, 'message', 8, 9]);
  },
  'a notice stands behind the message that it followed'() {
    const items = addNotice(insert(message(5)), { text: 'n' });
    equal(ids(insertMessage(insertMessage(items, message(4)), message(6))), [4, 5, 'notice', 6]);
    equal(ids(insertMessage(addNotice([], {}), message(1))), ['notice', 1]);
  },
  'a message that comes later stands in front of the notice that followed it'() {
    const notice = addNotice(insert(message(5)), {}).slice(1);
    equal(ids(insertMessage(notice, message(5))), [5, 'notice']);
  },
  'a nonce removes no notice'() {
    const items = addNotice(insert(message(5)), { nonce: 'a' });
    equal(ids(insertMessage(items, message(6, { nonce: 'a' }))), [5, 'notice', 6]);
  },
  'an edit changes one message'() {
    const items = editMessage(insert(message(5), message(6)), 5, 'new');
    equal(items.map((item) => [item.text, item.edited]), [['new', true], ['m6', undefined]]);
    holds(editMessage(items, 7, 'x') === items, 'no such message');
  },
  'a deletion empties the named messages only'() {
    const items = deleteMessages(insert(message(5), message(6), message(7)), [5, 7], 'alice');
    equal(items.map((item) => [item.text, item.deleted]), [['', 'alice'], ['m6', undefined], ['', 'alice']]);
    holds(deleteMessages(items, [1], 'alice') === items, 'nothing to do');
  },
  'ids are found among notices'() {
    const items = addNotice(insert(message(5), message(6), message(null, { nonce: 'a' })), {});
    equal([firstId(items), lastId(items), indexOfId(items, 6), indexOfId(items, 9)], [5, 6, 1, -1]);
    equal([firstId([]), lastId([])], [null, null]);
  },
  'users who come and go share one item'() {
    let items = addPresence(insert(message(5)), { joined: ['bob'], at: 1 });
    items = addPresence(items, { joined: ['carol'], at: 2 });
    items = addPresence(items, { left: ['dan'], at: 3 });
    equal(items.length, 2);
    equal([items[1].joined, items[1].left, items[1].at, items[1].order], [['bob', 'carol'], ['dan'], 3, 5]);
  },
  'a user who comes and goes cancels out'() {
    const joined = addPresence([], { joined: ['bob', 'carol'], at: 1 });
    equal(addPresence(joined, { left: ['bob'], at: 2 })[0].joined, ['carol']);
    equal(addPresence(addPresence(joined, { left: ['bob'], at: 2 }), { left: ['carol'], at: 3 }), []);
    equal(addPresence(addPresence([], { left: ['bob'], at: 1 }), { joined: ['bob'], at: 2 }), []);
    equal(addPresence(joined, { joined: ['bob'], at: 2 })[0].joined, ['carol', 'bob']);
  },
  'a message begins a new presence item'() {
    const items = insertMessage(addPresence([], { joined: ['bob'], at: 1 }), message(5));
    equal(ids(addPresence(items, { joined: ['carol'], at: 2 })), ['presence', 5, 'presence']);
  },
  'presence items have keys of their own'() {
    const items = insertMessage(addPresence([], { joined: ['bob'], at: 1 }), message(5));
    const [a, , b] = addPresence(items, { joined: ['carol'], at: 1 });
    holds(a.key !== b.key, 'two keys');
    equal(addPresence([a], { left: ['x'], at: 9 })[0].key, a.key, 'the key stays');
  },
  'summaries add up'() {
    const items = addPresence(addPresence([], { moreJoined: 5, moreLeft: 1, at: 1 }), { moreJoined: 2, at: 2 });
    equal([items[0].moreJoined, items[0].moreLeft], [7, 1]);
    equal(addPresence([], { moreLeft: 3, at: 1 })[0].moreLeft, 3);
    equal(addPresence([], { joined: ['a'], moreJoined: 1, at: 1 }).length, 1);
    equal(addPresence([], { moreJoined: 2, moreLeft: 2, at: 1 }).length, 1);
    equal(addPresence([], { at: 1 }), []);
  },
  'a new name goes to all messages of a user'() {
    const items = insert(message(1), message(2, { user: 'eve' }));
    equal(types(rows(insert(message(1), message(2, { text: '/me waves' }), message(3), message(4)))), ['day', 'head', 'line', 'head', 'line'], 'an action');
    equal(renameUser(items, 'bob', 'rob').map((item) => item.user), ['rob', 'eve']);
    holds(renameUser(items, 'dan', 'x') === items, 'nothing to do');
    const notice = addNotice([], { user: 'bob' });
    holds(renameUser(notice, 'bob', 'rob') === notice, 'notices stay');
  },
  'lines of one user form a group of at most eleven'() {
    const items = Array.from({ length: 13 }, (_, index) => message(index + 1));
    equal(types(rows(insert(...items))), ['day', 'head', ...Array(10).fill('line'), 'head', 'line']);
  },
  'a group ends after five minutes, by another user, and by a notice'() {
    const late = rows(insert(message(1), message(2, { at: DAY + 299_999 }), message(3, { at: DAY + 300_000 })));
    equal(types(late), ['day', 'head', 'line', 'head']);
    equal(types(rows(insert(message(1), message(2, { user: 'eve' })))), ['day', 'head', 'head']);
    const noticed = insertMessage(addNotice(insert(message(1)), { at: DAY, key: 'n1' }), message(2));
    equal(types(rows(noticed)), ['day', 'head', 'notice', 'head']);
  },
  'days part the rows'() {
    const items = insert(message(1), message(2, { at: DAY + 86_400_000 }), message(3, { at: DAY + 86_400_000 }));
    equal(types(rows(items)), ['day', 'head', 'day', 'head', 'line']);
  },
  'a day appears once, also where the clock went back'() {
    const items = insert(message(1), message(2, { at: DAY + 86_400_000 }), message(3, { at: DAY }));
    const list = rows(items);
    equal(new Set(list.map((row) => row.key)).size, list.length, 'keys are unique');
  },
  'an item without a time begins no day'() {
    const items = addNotice(insert(message(1)), { key: 'n' });
    equal(types(rows(insertMessage(items, message(2)))), ['day', 'head', 'notice', 'head']);
  },
  'the line "New" stands above the first new message, once'() {
    const items = insert(message(1), message(2), message(3));
    equal(types(rows(items, { newFrom: 2 })), ['day', 'head', 'new', 'head', 'line']);
    equal(types(rows(items, { newFrom: 9 })), ['day', 'head', 'line', 'line']);
    equal(types(rows(addNotice(insert(message(1)), { id: 9, at: DAY, key: 'n' }), { newFrom: 2 })), ['day', 'head', 'notice']);
  },
  'unsent messages of the conversation stand at the end'() {
    const queue = [{ to: 'lobby', nonce: 'a' }, { to: 'ops', nonce: 'b' }];
    const list = rows(insert(message(1)), {}, queue);
    equal(types(list), ['day', 'head', 'unsent']);
    equal(list.at(-1).key, 'ua');
  },
  'rows have keys of their own'() {
    const items = addPresence(addNotice(insert(message(1), message(null, { nonce: 'a' })), { key: 'n1', at: DAY }), { joined: ['x'], at: DAY });
    const keys = rows(items).map((row) => row.key);
    equal(keys.slice(1, 4), ['m1', 'oa', 'n1']);
    equal(new Set(keys).size, keys.length);
  },
  'a row looks the same while item and place in the group are'() {
    const [item] = insert(message(1));
    const row = { type: 'message', item, head: true };
    holds(sameRow(row, { ...row }), 'same');
    holds(!sameRow(row, { ...row, head: false }), 'head');
    holds(!sameRow(row, { ...row, item: { ...item } }), 'item');
    holds(!sameRow(row, { ...row, type: 'unsent' }), 'type');
  },
});
