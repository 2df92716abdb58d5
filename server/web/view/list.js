// The list of messages: blocks of rows, a scroll position that stays with what the user reads, and the pill below.

import { button, h, icon, setShown, setText } from './dom.js';
import { rowElement } from './row.js';
import { rowsOf, sameRow } from '../model/rows.js';
import { ui } from '../strings.js';

/** Rows in a block that the browser skips while it is out of sight. */
const BLOCK_ROWS = 50;
/** Distance from an end at which more messages load, in pixels. */
const LOAD_AT = 600;
/** Distance from the end that still counts as the end. */
const END_SLACK = 48;

/**
 * @param {{dispatch: (event: object) => void, onmenu: Function, oninvite: () => void, history: boolean}} options
 */
export function createList({ dispatch, onmenu, oninvite, history }) {
  const blocks = h('div', { class: 'blocks' });
  const top = h('p', { class: 'list-top muted' });
  const empty = h('div', { class: 'empty' });
  const log = h('div', { class: 'log', role: 'log', 'aria-live': 'off', tabindex: '0', onscroll, onkeydown, onclick }, top, empty, blocks);
  const pill = button('', () => goToEnd(), { class: 'pill', hidden: true });
  const element = h('div', { class: 'list' }, log, pill);
  const context = {
    me: '', now: 0, onmenu,
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
  const resized = new ResizeObserver(() => hold());
  resized.observe(log);
  resized.observe(blocks);

  const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < END_SLACK;

  /** Keeps the end, or the anchor, where it stood. */
  function hold() {
    if (following) log.scrollTop = log.scrollHeight;
    else if (anchor?.element.isConnected) log.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
    remember();
  }

  /** Remembers the first visible row. */
  function remember() {
    const edge = log.getBoundingClientRect().top;
    const block = [...blocks.children].find((each) => each.getBoundingClientRect().bottom > edge);
    const row = block && [...block.children].find((each) => each.getBoundingClientRect().bottom > edge);
    anchor = row ? { element: row, top: row.getBoundingClientRect().top } : null;
  }

  function onscroll() {
    if (!conversation) return;
    const isAtBottom = atBottom() && conversation.atEnd;
    if (isAtBottom !== following) {
      following = isAtBottom;
      dispatch({ type: 'look', key, atBottom: following });
    }
    remember();
    loadMore();
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
    if (event.key === 'Escape') goToEnd();
    else if (event.key === 'Enter' && event.target === log) rows().at(-1)?.focus();
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
    const isEmpty = !shown.size && conversation.atEnd && (conversation.oldest || !history);
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
      if (!current.loading && log.scrollHeight <= log.clientHeight + LOAD_AT) setTimeout(loadMore, 0);
    },
    goToEnd,
  };
}

