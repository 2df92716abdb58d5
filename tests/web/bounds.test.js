// What others can make the page keep has bounds.

import { MOST_ITEMS, MOST_USERS } from '/model/state.js';
import { Driver, said } from './driver.js';
import { equal, holds } from './assert.js';

const members = (room, users) => ({ type: 'system', event: 'members', room, users });

export const cases = Object.entries({
  'notices are bounded as messages are'() {
    const driver = new Driver().signIn().hear(said(1));
    const notice = { type: 'system', event: 'info', cause: 'here_again', text: '' };
    for (let n = 0; n < MOST_ITEMS; n += 1) driver.hear(notice);
    equal([driver.conversation().items.length, driver.conversation().oldest, driver.texts()], [MOST_ITEMS, false, []]);
    driver.hear({ type: 'system', event: 'joined', room: 'lobby', user: 'eve' });
    equal([driver.conversation().items.length, driver.conversation().items.at(-1).kind], [MOST_ITEMS, 'presence']);
    driver.do({ type: 'look', atBottom: false });
    const before = driver.conversation().items;
    driver.hear(notice).hear({ type: 'system', event: 'left', room: 'lobby', user: 'bob' });
    holds(driver.conversation().items === before, 'nothing moves while the user reads further up');
  },
  'strangers fill the list up to a bound'() {
    const driver = new Driver().signIn();
    const hear = (user) => driver.hear({ type: 'pm', from_user: user, text: 'hi' });
    const has = (...users) => users.map((user) => Boolean(driver.conversation(`@${user}`)));
    driver.do({ type: 'submit', key: 'lobby', text: '/pm friend hi', nonce: 'n', now: 1 });
    hear('drafted').do({ type: 'draft', key: '@drafted', text: 'x' });
    hear('private').hear({ type: 'system', event: 'private_connected', user: 'private' });
    driver.hear(members('lobby', ['alice', 'Here']));
    for (const user of ['here', 'first', 'second']) hear(user);
    driver.do({ type: 'open', key: '@looked', name: 'looked' });
    for (let n = 7; n < MOST_USERS; n += 1) hear(`u${n}`);
    equal(has('first', 'second'), [true, true]);
    hear('one').hear({ type: 'system', event: 'private_request', user: 'two' });
    equal(has('friend', 'drafted', 'private', 'here', 'looked', 'first', 'second', 'one', 'two'), [true, true, true, true, true, false, false, true, true]);
    for (let n = 0; n < 2 * MOST_USERS; n += 1) driver.hear({ type: 'system', event: 'private_request', user: `v${n}` });
    equal([Object.keys(driver.state.conversations).filter((key) => key.startsWith('@')).length, Object.keys(driver.state.privates).length <= MOST_USERS], [MOST_USERS, true]);
    equal(has('friend', 'drafted', 'private', 'here', 'looked'), [true, true, true, true, true]);
  },
  'a refusal for a conversation that is gone changes nothing'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '@bob', name: 'bob' }).do({ type: 'leave', key: '@bob' });
    driver.answer('history', { type: 'error', cause: 'no_such_user' });
    equal(driver.conversation('@bob'), undefined);
  },
});
