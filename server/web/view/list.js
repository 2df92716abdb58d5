// One row of the list as an element. Names and texts of users are isolated: they cannot change what stands beside them.

import { rowsOf, sameRow } from '../model/items.js';
import { roomKey } from '../model/state.js';
import { accentOf, actionOf, clock, copyOf, dayName, dayWord, isTall, mentions, moment, parseText, shownText, splitLines } from '../model/text.js';
import { sentenceApart, ui } from '../strings.js';
import { button, copyText, h, icon, iconButton, setShown, setText } from './dom.js';

/** The parts of a text as nodes. */
export function textNodes(parts) {
  return parts.map((part) => {
    if (part.type === 'link') return linkNode(part);
    if (part.type === 'code') return h('code', {}, part.text);
    if (part.type === 'mention') return h('mark', {}, part.text);
    if (part.type === 'block') return codeBlock(part.text);
    return document.createTextNode(part.text);
  });
}

/** A link, with its host behind it where the text shows another one. */
function linkNode({ text, href, host }) {
  const link = h('a', { href, target: '_blank', rel: 'noopener noreferrer', dir: 'ltr', title: href }, text);
  return host ? h('bdi', { dir: 'ltr' }, link, h('span', { class: 'muted' }, ` [${host}]`)) : link;
}

function codeBlock(text) {
  const copy = button(ui.copy, (event) => {
    event.stopPropagation();
    copyText(copyOf(text)).then(() => {
      setText(copy, ui.copied);
      setTimeout(() => setText(copy, ui.copy), 1500);
    });
  }, { class: 'copy' });
  return h('div', { class: 'code' }, h('pre', { tabindex: '0' }, text), copy);
}

/** A sentence as nodes: what stands between isolates is isolated by an element, so that copies have no hidden characters. */
const sentenceNodes = (text) => text.split(/\u2068([^\u2069]*)\u2069/u).map((piece, index) => (index % 2 ? h('bdi', {}, piece) : piece));

/** A user's name in its accent. */
export const nameNode = (name) => h('bdi', { class: `name accent-${accentOf(name)}` }, name);
const timeNode = (at, text, title) => h('time', { datetime: new Date(at).toISOString(), title }, text);
const muted = (...children) => h('span', { class: 'muted' }, ...children);

/** The nodes of a user's text. Lines behind the first have a mark, so they pass for no message of another user. */
function bodyOf(text, me) {
  const [first, rest] = splitLines(parseText(shownText(text), me)).map(textNodes);
  return rest.length ? [...first, h('div', { class: 'rest', dir: 'auto' }, ...rest)] : first;
}

/** Shows the beginning of a long text, with a button for the rest. */
function fold(element, text) {
  if (!isTall(text)) return null;
  element.classList.add('folded');
  const all = button(ui.showAll, () => {
    element.classList.remove('folded');
    all.remove();
  }, { class: 'plain' });
  return all;
}

/** @typedef {{me: string, now: number, onmenu: (item: object, anchor: Element) => void, ontry: (label: string) => void, ondiscard: (label: string) => void}} Context */

/** @param {Context} context */
function messageRow({ item, head }, context) {
  const action = item.deleted ? null : actionOf(item.text);
  const isMention = !item.mine && !item.deleted && mentions(item.text, context.me);
  const time = timeNode(item.at, clock(item.at), moment(item.at, context.now));
  const by = head && action === null && h('div', { class: 'by' }, nameNode(item.user), item.private && muted(ui.offTheRecord), time, item.mine && h('span', { class: 'muted', role: 'img', title: ui.sent, 'aria-label': ui.sent }, '✓'));
  const text = item.deleted
    ? h('div', { class: 'text muted', dir: 'ltr' }, ...sentenceNodes(ui.deletedBy(item.deleted)))
    : h('div', { class: 'text', dir: 'auto' }, ...(action === null ? [] : ['* ', nameNode(item.user), ' ']), ...bodyOf(action ?? item.text, context.me), item.edited && muted(` ${ui.edited}`), action !== null && time);
  const more = item.deleted ? null : iconButton('more', ui.messageMenu(item.user), (event) => context.onmenu(item, event.currentTarget), { class: 'icon-button row-more', tabindex: '-1', 'aria-haspopup': 'dialog' });
  return h('li', { class: `message${head ? ' head' : ''}${isMention ? ' mention' : ''}`, tabindex: '-1', 'aria-label': by ? null : ui.heard(item.user, text.textContent) }, by, text, fold(text, item.text), more);
}

/** @param {Context} context */
function unsentRow({ item }, context) {
  const failed = item.state === 'failed';
  const text = h('div', { class: 'text', dir: 'auto' }, ...bodyOf(item.text, ''));
  const all = fold(text, item.text);
  const waiting = h('span', { class: 'muted late' }, ui.waiting);
  const by = h('div', { class: 'by' }, nameNode(context.me), failed ? null : waiting);
  const actions = failed && h('div', { class: 'unsent' }, h('span', { class: 'danger', dir: 'ltr' }, ...sentenceNodes(ui.notSent(sentenceApart(item.reason)))), button(ui.tryAgain, () => context.ontry(item.label)), button(ui.delete, () => context.ondiscard(item.label)));
  return h('li', { class: `message head waiting${failed ? ' failed' : ''}` }, by, text, all, actions);
}

function presenceRow({ item }) {
  const parts = [];
  if (item.joined.length || item.moreJoined) parts.push(ui.joined(item.joined, item.moreJoined));
  if (item.left.length || item.moreLeft) parts.push(ui.left(item.left, item.moreLeft));
  return h('li', { class: 'notice', dir: 'ltr' }, ...sentenceNodes(parts.join(' · ')));
}

/** @param {Context} context */
function noticeRow({ item }, context) {
  const isError = item.event.type === 'error';
  const { cause, room } = item.event;
  const actions = {
    invited: () => !item.used && button(ui.joinRoom(room), () => context.onopen(room)),
    guest_returns: () => button(ui.closeServer, () => context.onact({ type: 'doors', mode: 'closed' })),
    guest_returns_here: () => button(ui.closeRoom(room), () => context.onact({ type: 'open', room, mode: 'off' })),
  };
  const text = shownText(sentenceApart(item.event));
  const all = h('div', { class: 'text' }, ...sentenceNodes(text));
  return h('li', { class: `notice${isError ? ' danger' : ''}`, dir: 'ltr' }, all, fold(all, text), actions[cause]?.());
}

function dayRow({ at }, context) {
  const word = dayWord(at, context.now);
  return h('li', { class: 'day' }, timeNode(at, word ? ui[word] : dayName(at, context.now), dayName(at, context.now)));
}

const ROWS = { message: messageRow, unsent: unsentRow, presence: presenceRow, notice: noticeRow, day: dayRow, new: () => h('li', { class: 'new-line' }, h('span', {}, ui.newLine)) };

/** Makes the element of a row. A row that fails does not keep the others from showing. */
export function rowElement(row, context) {
  try {
    return ROWS[row.type](row, context);
  } catch (error) {
    console.error(error);
    return h('li', { class: 'notice' }, ui.unreadable);
  }
}

// The list of messages: blocks of rows, a scroll position that stays with what the user reads, and the pill below.

/** Rows in a block that the browser skips while it is out of sight. */
const BLOCK_ROWS = 50;
/** Distance from an end at which more messages load, in pixels. */
const LOAD_AT = 600;
/** Distance from the end that still counts as the end. */
const END_SLACK = 48;

/**
 * @param {{dispatch: (event: object) => void, onmenu: Function, oninvite: () => void, onleave: () => void, history: boolean}} options `onleave`: Escape leaves a message
 */
export function createList({ dispatch, onmenu, oninvite, onleave, history }) {
  const blocks = h('div', { class: 'blocks' });
  const top = h('p', { class: 'list-top muted' });
  const empty = h('div', { class: 'empty' });
  const log = h('div', { class: 'log', role: 'log', 'aria-live': 'off', tabindex: '0', onscroll, onkeydown, onclick }, top, empty, blocks);
  const pill = button('', () => goToEnd(), { class: 'pill', hidden: true });
  const element = h('div', { class: 'list' }, log, pill);
  const context = {
    me: '', now: 0, onmenu,
    onopen: (room) => dispatch({ type: 'open', key: roomKey(room), name: room }),
    onact: (object) => dispatch({ type: 'act', object }),
    ontry: (label) => dispatch({ type: 'again', label }),
    ondiscard: (label) => dispatch({ type: 'discard', label }),
  };
  /** @type {Map<string, {row: object, element: HTMLElement, block: HTMLElement}>} */
  let shown = new Map();
  let key = null;
  let items = null;
  let queue = null;
  let newFrom = null;
  let conversation = null;
  let following = true;
  /** The row that keeps its place while rows above it change. */
  let anchor = null;
  /** The heights at the last `hold`. A scroll beside other ones is the layout's and not the user's. */
  let held = '';
  const resized = new ResizeObserver(() => hold());
  resized.observe(log);
  resized.observe(blocks);

  const heights = () => `${log.scrollHeight} ${log.clientHeight}`;
  const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < END_SLACK;

  /** Keeps the end, or the anchor, where it stood. */
  function hold() {
    if (following) log.scrollTop = log.scrollHeight;
    else if (shown.has(anchor?.key)) log.scrollTop += shown.get(anchor.key).element.getBoundingClientRect().top - anchor.top;
    held = heights();
    remember();
  }

  /** Remembers the first visible row. */
  function remember() {
    const edge = log.getBoundingClientRect().top;
    const block = [...blocks.children].find((each) => each.getBoundingClientRect().bottom > edge);
    const row = block && [...block.children].find((each) => each.getBoundingClientRect().bottom > edge);
    anchor = row ? { key: row.dataset.key, top: row.getBoundingClientRect().top } : null;
  }

  function onscroll() {
    if (!conversation) return;
    if (following && heights() !== held) return hold();
    const isAtBottom = atBottom() && conversation.atEnd;
    if (isAtBottom !== following) {
      following = isAtBottom;
      dispatch({ type: 'look', key, atBottom: following });
    }
    remember();
    loadMore();
    return undefined;
  }

  function loadMore() {
    if (!conversation || conversation.loading) return;
    if (log.scrollTop < LOAD_AT && !conversation.oldest && conversation.items.length) dispatch({ type: 'older', key });
    else if (!conversation.atEnd && log.scrollHeight - log.scrollTop - log.clientHeight < LOAD_AT) dispatch({ type: 'newer', key });
  }

  function goToEnd() {
    following = true;
    if (!conversation.atEnd) dispatch({ type: 'end', key });
    log.scrollTop = log.scrollHeight;
    dispatch({ type: 'look', key, atBottom: true });
  }

  /** On touch, a tap shows the button of a message. */
  function onclick(event) {
    const row = event.target.closest('li.message');
    if (event.target.closest('a, button, pre') || String(window.getSelection())) return;
    for (const other of blocks.querySelectorAll('li.active')) if (other !== row) other.classList.remove('active');
    row?.classList.toggle('active');
  }

  /** Arrows move between messages once one is chosen by Enter; Enter opens its menu. */
  function onkeydown(event) {
    const row = event.target.closest('li.message');
    const rows = () => [...blocks.querySelectorAll('li.message')];
    if (event.key === 'Escape') {
      goToEnd();
      if (row) onleave();
    } else if (event.key === 'Enter' && event.target === log) rows().at(-1)?.focus();
    else if (event.key === 'Enter' && event.target === row) row.querySelector('.row-more')?.click();
    else if (row && event.target === row && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) rows()[rows().indexOf(row) + (event.key === 'ArrowUp' ? -1 : 1)]?.focus();
    else return;
    event.preventDefault();
  }

  function clear() {
    blocks.replaceChildren();
    shown = new Map();
    anchor = null;
  }

  const newBlock = (before) => {
    const block = h('ol', { class: 'block' });
    if (before) before.after(block);
    else blocks.prepend(block);
    return block;
  };

  /** Changes the document to these rows; elements of rows that stay are kept. */
  function place(rows) {
    const next = new Map();
    let block = null;
    let previous = null;
    let size = 0;
    for (const row of rows) {
      const old = shown.get(row.key);
      const sameElement = old && sameRow(old.row, row);
      const rowNode = sameElement ? old.element : rowElement(row, context);
      const oldBlock = old?.block.isConnected ? old.block : null;
      const goesOn = oldBlock && oldBlock !== block && (!block || block.compareDocumentPosition(oldBlock) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (goesOn) {
        block = oldBlock;
        size = 0;
        previous = null;
      } else if (!block || (size >= BLOCK_ROWS && oldBlock !== block)) {
        block = newBlock(block);
        size = 0;
        previous = null;
      }
      rowNode.dataset.key = row.key;
      if (old && !sameElement) old.element.remove();
      const follower = previous ? previous.nextSibling : block.firstChild;
      if (rowNode !== follower) block.insertBefore(rowNode, follower);
      previous = rowNode;
      size += 1;
      next.set(row.key, { row, element: rowNode, block });
    }
    for (const [rowKey, old] of shown) if (!next.has(rowKey)) old.element.remove();
    for (const each of [...blocks.children]) if (!each.firstChild) each.remove();
    shown = next;
  }

  function showEmpty(state) {
    const isEmpty = !shown.size && !conversation.removed && conversation.atEnd && (conversation.oldest || (conversation.caughtUp && !conversation.loading) || !history);
    setShown(empty, isEmpty);
    if (!isEmpty) return empty.replaceChildren();
    const { kind, name } = conversation;
    const texts = {
      room: [h('p', {}, ui.emptyRoom), button(ui.showQr, oninvite)],
      user: [h('p', {}, state.privates[key] === 'open' ? ui.emptyPrivate(name) : ui.emptyPerson(name, history))],
      all: [h('p', {}, ui.everyoneHint)],
    };
    const notes = history ? [] : [h('p', { class: 'muted' }, ui.noHistory)];
    if (!empty.firstChild) empty.append(...texts[kind], ...notes);
    return undefined;
  }

  function showTop() {
    const text = conversation.loading ? ui.loading : conversation.oldest && shown.size ? ui.beginning(conversation.name) : '';
    top.classList.toggle('late', Boolean(conversation.loading));
    setText(top, history || conversation.loading ? text : shown.size ? ui.noHistory : '');
  }

  function showPill() {
    const count = conversation.unread;
    const isShown = !following || !conversation.atEnd;
    setShown(pill, isShown);
    if (isShown) pill.replaceChildren(count ? ui.newPill(count) : '', icon('down'));
    pill.setAttribute('aria-label', count ? ui.newMessages(count) : ui.toEnd);
  }

  function jump() {
    const target = conversation.jump && shown.get('m' + conversation.jump);
    if (!target) return;
    following = false;
    target.element.scrollIntoView({ block: 'center' });
    target.element.classList.add('found');
    target.element.focus({ preventScroll: true });
    remember();
    setTimeout(() => dispatch({ type: 'jumped', key }), 0);
  }

  return {
    element,
    log,
    /** Shows the current conversation. */
    update(state) {
      const current = state.conversations[state.current];
      if (!current) return;
      context.me = state.me;
      context.now = Date.now();
      const switched = current.key !== key;
      conversation = current;
      if (switched) {
        clear();
        key = current.key;
        following = current.following;
        empty.replaceChildren();
        log.setAttribute('aria-label', current.kind === 'user' ? ui.messagesWith(current.name) : ui.messagesIn(current.kind === 'all' ? ui.everyone : current.name));
      }
      if (current.following && current.atEnd && !following) following = true;
      if (switched || current.items !== items || state.queue !== queue || current.newFrom !== newFrom) {
        ({ items, newFrom } = current);
        queue = state.queue;
        place(rowsOf(current, queue));
        hold();
      }
      showEmpty(state);
      showTop();
      showPill();
      jump();
      if (!following && current.atEnd && !current.jump && !current.loading && log.scrollHeight - log.clientHeight < END_SLACK) {
        following = true;
        setTimeout(() => dispatch({ type: 'look', key, atBottom: true }), 0);
      }
      if (!current.loading) setTimeout(loadMore, 0);
    },
    goToEnd,
  };
}
