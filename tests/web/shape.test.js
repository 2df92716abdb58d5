// Objects of a hostile server: what is malformed changes nothing.

import { wellFormed } from '/model/shape.js';
import { Driver, info, past, rules, said } from './driver.js';
import { equal, holds } from './assert.js';

const kind = (object) => wellFormed(object).type;

export const cases = Object.entries({
  'a malformed object leaves the state alone'() {
    const driver = new Driver().signIn();
    const before = JSON.stringify({ ...driver.state });
    const objects = [
      said(1, 'x', { at: undefined }), said(1, 'x', { at: null }), said(1, 'x', { at: 'x' }), said(1, 'x', { at: 1e20 }), said(1, 'x', { at: NaN }),
      said(1, 'x', { text: undefined }), said(1, 5), said(1, 'x', { user: undefined }), said(1, 'x', { user: {} }), said(1, 'x', { room: 7 }), said(1.5), said('1'),
      { type: 'pm', text: 'x' }, { type: 'pm', from_user: 'bob', text: [] }, { type: 'pm', from_user: 'bob', text: 'x', id: 1e20 },
      info('here_again', { text: {} }), info('entered'), info('blocked'), info('topic_set', { room: 'lobby', word: {} }), info(5), info('idle_warning', { seconds: 'x' }), ...['hand_raised', 'owner_made', 'floor_given', 'user_muted', 'pinned', 'slow_on'].map((cause) => info(cause, { room: 'lobby' })),
      { type: 'error', cause: 'not_owner', text: 1 }, { type: 'system', event: 'deleted', room: 'lobby' }, { type: 'system', event: 'deleted', room: 'lobby', ids: ['1'] },
      { type: 'message', event: 'edited', room: 'lobby', id: 1 }, { type: 'system', event: 'joined', room: 'lobby' }, { type: 'system', event: 'members', room: 'lobby', users: [1] },
      { type: 'system', event: 'rooms', rooms: [1] }, { type: 'system', event: 'rooms', rooms: [['a', 'b']] }, { type: 'system', event: 'caught_up' }, { type: 'system', event: 'renamed', user: 'bob' },
      rules('lobby', { owners: 5 }), rules('lobby', { hands: ['x'] }), rules('lobby', { pin: { id: 1, at: 'x' } }), { ...rules('lobby'), rules: {} }, { ...rules('lobby'), rules: [] },
      { type: 5 }, {}, { event: 'info' }, { type: 'auth_ok' },
    ];
    for (const object of objects) driver.hear(object);
    for (const object of [null, 5, 'x', [], undefined]) driver.do({ type: 'received', object });
    equal(JSON.stringify({ ...driver.state }), before);
  },
  'a request whose answer is malformed ends'() {
    const driver = new Driver().signIn().do({ type: 'open', key: '@bob', name: 'bob' });
    driver.answer('history', { ...past(1, 5), done: true });
    holds(!Object.keys(driver.state.requests).length, 'no request is open');
  },
  'objects of the protocol pass'() {
    for (const object of [
      said(1, 'x', { at: 1 }), { type: 'ok' }, { type: 'ping' }, { type: 'auth_fail', cause: 'name_taken', code: 409, reason: 'x' }, { type: 'auth_request', text: 'ALIAS?' },
      { type: 'system', event: 'gathered', joined: 2, left: 1, users: ['a'] }, { type: 'system', event: 'history_end', shown: 2, next: '/history 5' }, rules('lobby', { server: { doors_closed: false, banned: [['x', null]] } }),
      { type: 'system', event: 'seen', seconds: 5, users: ['a'] }, { type: 'system', event: 'notice', text: 'x' }, { type: 'novelty', event: 'new', more: {} },
    ]) equal(kind(object), object.type);
  },
});
