// Drives the model as the page does: events in, effects out, with a clock of its own.

import { newState } from '/model/state.js';
import { update } from '/model/update.js';

export class Driver {
  constructor(start = {}) {
    this.state = newState({ prefix: 't', ...start });
    this.effects = [];
    this.now = 1_000_000;
  }

  /** Gives the model an event, and the events that the model gives itself. */
  do(event) {
    const { state, effects } = update(this.state, { now: this.now, ...event });
    this.state = state;
    for (const effect of effects) {
      if (effect.type === 'event') this.do(effect.event);
      else this.effects.push(effect);
    }
    return this;
  }

  /** Gives the model an object of the server. */
  hear(object) {
    return this.do({ type: 'received', object: { at: this.now, ...object } });
  }

  /** The objects sent since the last call, of one type or all. */
  sent(type) {
    const objects = this.effects.filter((effect) => effect.type === 'send').map((effect) => effect.object);
    this.effects = this.effects.filter((effect) => effect.type !== 'send');
    return type ? objects.filter((object) => object.type === type) : objects;
  }

  /** The effects of one type since the last call. */
  took(type) {
    const effects = this.effects.filter((effect) => effect.type === type);
    this.effects = this.effects.filter((effect) => effect.type !== type);
    return effects;
  }

  /** Answers the newest request of this type. Its last object is done. */
  answer(type, ...objects) {
    const [label, request] = Object.entries(this.state.requests).findLast(([, each]) => each.object.type === type) ?? [];
    if (!request) throw new Error(`no request of type ${type}`);
    const all = objects.length ? objects : [{ type: 'ok' }];
    all.forEach((object, index) => this.hear({ ...object, label, ...(index === all.length - 1 ? { done: true } : {}) }));
    return this;
  }

  /** Joins as a guest and takes the first answers. */
  signIn({ user = 'alice', room = 'lobby', rooms = [room], ...fields } = {}) {
    this.do({ type: 'join', credentials: { kind: 'guest', user, name_token: 'n' } });
    this.do({ type: 'opened' });
    this.answer('guest', authOk({ username: user, room, member_of: rooms, ...fields }),
      ...['all', ...rooms].map((name) => caughtUp(name)), { type: 'ok' });
    this.quiet();
    return this;
  }

  /** Answers the lists that the page asks for by itself. */
  quiet() {
    for (const [label, { object }] of Object.entries(this.state.requests)) {
      const answers = {
        who: { type: 'system', event: 'members', room: object.room, users: [this.state.me] },
        rules: rules(object.room), rooms: { type: 'system', event: 'rooms', rooms: [] }, block: { type: 'system', event: 'blocked', users: [] },
        history: { type: 'system', event: 'history_end', shown: 0 },
      };
      if (answers[object.type]) this.hear({ ...answers[object.type], label, done: true });
    }
    this.effects = [];
    return this;
  }

  conversation(key = this.state.current) {
    return this.state.conversations[key];
  }

  /** The texts of a conversation. */
  texts(key) {
    return this.conversation(key).items.filter((item) => item.kind === 'message').map((item) => item.text);
  }
}

export const authOk = (fields) => ({ type: 'auth_ok', account: false, encrypted: false, token: 'k1', protocol: 2, ...fields });
export const caughtUp = (room, fields) => ({ type: 'system', event: 'caught_up', room, shown: 0, missed: false, more: false, ...fields });
export const rules = (room, fields, you) => ({
  type: 'system', event: 'rules', room,
  rules: { owners: [], open: true, has_key: false, quiet: false, slow: 0, banned: [], muted: [], hands: [], more_hands: 0, floor: [], ...fields, you: { owner: false, muted: false, floor: false, ...you } },
});
export const said = (id, text = `m${id}`, fields = {}) => ({ type: 'message', id, room: 'lobby', user: 'bob', text, ...fields });
export const past = (id, text, fields) => said(id, text, { event: 'history', ...fields });
export const info = (cause, fields) => ({ type: 'system', event: 'info', cause, text: cause, ...fields });
