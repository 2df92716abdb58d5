// One row of the list as an element. Names and texts of users are isolated: they cannot change what stands beside them.

import { button, copyText, h, iconButton, setText } from './dom.js';
import { actionOf, mentions, parseText } from '../model/text.js';
import { accentOf } from '../model/accent.js';
import { clock, dayName, dayWord, moment } from '../model/time.js';
import { sentence, ui } from '../strings.js';

/** The parts of a text as nodes. */
export function textNodes(parts) {
  return parts.map((part) => {
    if (part.type === 'link') return h('a', { href: part.href, target: '_blank', rel: 'noopener noreferrer' }, part.text);
    if (part.type === 'code') return h('code', {}, part.text);
    if (part.type === 'mention') return h('mark', {}, part.text);
    if (part.type === 'block') return codeBlock(part.text);
    return document.createTextNode(part.text);
  });
}

function codeBlock(text) {
  const copy = button(ui.copy, (event) => {
    event.stopPropagation();
    copyText(text).then(() => {
      setText(copy, ui.copied);
      setTimeout(() => setText(copy, ui.copy), 1500);
    });
  }, { class: 'copy' });
  return h('div', { class: 'code' }, h('pre', { tabindex: '0' }, text), copy);
}

/** A user's name in its accent. */
export const nameNode = (name) => h('bdi', { class: `name accent-${accentOf(name)}` }, name);
const timeNode = (at, text, title) => h('time', { datetime: new Date(at).toISOString(), title }, text);
const muted = (...children) => h('span', { class: 'muted' }, ...children);

/** @typedef {{me: string, now: number, onmenu: (item: object, anchor: Element) => void, ontry: (label: string) => void, ondiscard: (label: string) => void}} Context */

/** @param {Context} context */
function messageRow({ item, head }, context) {
  const action = item.deleted ? null : actionOf(item.text);
  const isMention = !item.mine && !item.deleted && mentions(item.text, context.me);
  const by = head && h('div', { class: 'by' }, action === null ? nameNode(item.user) : null, item.private && muted(ui.offTheRecord), timeNode(item.at, clock(item.at), moment(item.at, context.now)));
  const text = item.deleted
    ? h('div', { class: 'text muted', dir: 'auto' }, ui.deletedBy(item.deleted))
    : h('div', { class: 'text', dir: 'auto' }, ...(action === null ? [] : ['* ', nameNode(item.user), ' ']), ...textNodes(parseText(action ?? item.text, context.me)), item.edited ? muted(` ${ui.edited}`) : '');
  const more = item.deleted ? null : iconButton('more', ui.messageMenu(item.user), (event) => context.onmenu(item, event.currentTarget), { class: 'icon-button row-more', tabindex: '-1', 'aria-haspopup': 'dialog' });
  return h('li', { class: `message${head ? ' head' : ''}${isMention ? ' mention' : ''}`, tabindex: '-1' }, by, text, more);
}

/** @param {Context} context */
function unsentRow({ item }, context) {
  const failed = item.state === 'failed';
  const text = h('div', { class: 'text', dir: 'auto' }, ...textNodes(parseText(item.text, '')));
  const state = failed
    ? h('div', { class: 'unsent' }, h('span', { class: 'danger' }, ui.notSent(sentence(item.reason))), button(ui.tryAgain, () => context.ontry(item.label)), button(ui.delete, () => context.ondiscard(item.label)))
    : h('div', { class: 'unsent muted late' }, ui.waiting);
  return h('li', { class: `message head waiting${failed ? ' failed' : ''}` }, text, state);
}

function presenceRow({ item }) {
  const parts = [];
  if (item.joined.length || item.moreJoined) parts.push(ui.joined(item.joined, item.moreJoined));
  if (item.left.length || item.moreLeft) parts.push(ui.left(item.left, item.moreLeft));
  return h('li', { class: 'notice' }, h('bdi', {}, parts.join(' · ')));
}

function noticeRow({ item }) {
  const isError = item.event.type === 'error';
  return h('li', { class: `notice${isError ? ' danger' : ''}` }, h('div', { dir: 'auto', class: 'text' }, sentence(item.event)));
}

function dayRow({ at }, context) {
  const word = dayWord(at, context.now);
  return h('li', { class: 'day' }, timeNode(at, word ? ui[word] : dayName(at, context.now), dayName(at, context.now)));
}

const ROWS = { message: messageRow, unsent: unsentRow, presence: presenceRow, notice: noticeRow, day: dayRow, new: () => h('li', { class: 'new-line' }, h('span', {}, ui.newLine)) };

/** Makes the element of a row. */
export const rowElement = (row, context) => ROWS[row.type](row, context);
