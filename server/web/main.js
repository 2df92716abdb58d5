// Starts the page: reads the server's facts, ties model, connection and view together.

import { browserStore, createTabs, moveNameToken, nameToken, randomHex, tabStore } from './browser.js';
import { createConnection } from './connection.js';
import { kept, newState, readAddress, restore, session } from './model/state.js';
import { update } from './model/update.js';
import { createApp } from './view/app.js';
import { closedLayer, followViewport, hasLayers } from './view/dom.js';

/** How often bars that depend on the time are drawn, in milliseconds. */
const CLOCK_MS = 1000;
const SAVE_MS = 300;

const facts = JSON.parse(document.getElementById('server').textContent || '{}');
facts.name ??= location.host;

/** The room in the address, as it is spelled there. */
const readHash = () => readAddress(location.hash) ?? '';

/** The conversation of the address: without one it is the lobby. Returns undefined for a wrong address. */
const addressed = () => (location.hash.length < 2 ? 'lobby' : readAddress(location.hash)?.toLowerCase());

/** A session is for one server: another one may answer at this address later. */
const server = `${facts.name} ${facts.key}`;
const ofServer = (entry) => (entry?.server === server ? entry : null);
const remembered = restore(browserStore.get('chat'), ofServer(tabStore.get('session')));
const store = {
  state: newState({ ...remembered, prefix: randomHex(4), current: readHash().toLowerCase() || remembered.current || 'lobby' }),
  dispatch,
};
store.state.credentials = remembered.credentials;
let isOutdated = false;
let drawing = false;
let app = null;

const connection = createConnection({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
  dispatch,
  isBusy: () => Object.keys(store.state.requests).length > 0,
  wanted: () => store.state.phase === 'in' || store.state.phase === 'signing',
});

const tabs = createTabs({
  owns: () => store.state.phase === 'in',
  give: () => ({ ...session(store.state), server, kept: kept(store.state) }),
  taken: () => dispatch({ type: 'give-up' }),
});

const EFFECTS = {
  send: ({ object }) => connection.send(object),
  connect: () => connection.connect(),
  disconnect: () => connection.disconnect(),
  timer: ({ ms, event }) => setTimeout(() => dispatch(event), ms),
  event: ({ event }) => dispatch(event),
  heard: (effect) => app.heard(effect),
  view: (effect) => app.view(effect),
};

function dispatch(event) {
  const before = store.state;
  const { state, effects } = update(before, { ...event, now: Date.now() });
  store.state = state;
  if (state !== before) changed(before, state);
  for (const effect of effects) EFFECTS[effect.type](effect);
}

function changed(before, state) {
  if (before.me !== state.me && before.phase === 'in') moveNameToken(before.me, state.me);
  if (before.token !== state.token || before.phase !== state.phase) saveNow();
  else saveSoon();
  if (before.current !== state.current || before.phase !== state.phase) showAddress(before.phase === 'in' ? before : null);
  if (state.phase === 'in' && before.link !== 'up' && state.link === 'up') checkVersion();
  if (!drawing) {
    drawing = true;
    if (document.hidden) setTimeout(draw, 50);
    else requestAnimationFrame(draw);
  }
}

function draw() {
  drawing = false;
  app.update();
}

let saving = 0;
function saveSoon() {
  saving ||= setTimeout(saveNow, SAVE_MS);
}
function saveNow() {
  clearTimeout(saving);
  saving = 0;
  if (store.state.phase === 'elsewhere') return;
  const entry = session(store.state);
  tabStore.set('session', entry && { ...entry, server });
  if (store.state.phase === 'in') browserStore.set('chat', kept(store.state));
}

/**
 * Writes the current conversation into the address. An entry of its own lets Back return to the conversation before;
 * there is none below a dialog, nor behind a room that is left.
 */
function showAddress(before = null) {
  const { current } = store.state;
  if (addressed() === current || store.state.phase !== 'in') return;
  const left = before?.conversations[before.current];
  if (left && !hasLayers() && store.state.conversations[left.key]?.member) {
    if (addressed() !== left.key) history.replaceState(history.state, '', addressOf(left.key));
    history.pushState(null, '', addressOf(current));
  } else {
    history.replaceState(history.state, '', addressOf(current));
  }
}

function addressOf(key) {
  const { kind, name } = store.state.conversations[key] ?? {};
  return '#' + encodeURI(kind === 'room' ? name : key);
}

/** The server may have a newer page than this one. */
async function checkVersion() {
  try {
    const { page } = await (await fetch('/health')).json();
    isOutdated = Boolean(page && facts.page && page !== facts.page);
    if (isOutdated) draw();
  } catch {
    // Without an answer there is nothing to tell.
  }
}

function onjoin(credentials) {
  const token = credentials.kind === 'login' ? {} : { name_token: nameToken(credentials.user) };
  const room = readHash();
  const spelled = room && room.toLowerCase() === store.state.current && !/^[@*]/.test(room) ? { room } : {};
  dispatch({ type: 'join', credentials: { ...credentials, ...token, ...spelled } });
}

async function ontakeover() {
  const given = ofServer(await tabs.take());
  if (given?.token) {
    store.state = { ...store.state, ...newState({ ...restore(given.kept, given), prefix: randomHex(4) }) };
    store.state.credentials = restore(null, given).credentials;
    dispatch({ type: 'take-over', token: given.token });
  } else {
    dispatch({ type: store.state.token ? 'take-over' : 'reset' });
  }
}

app = createApp({ facts, store, connection, onjoin, ontakeover, outdated: () => isOutdated });
followViewport();
history.replaceState(null, '', location.href);
const look = () => dispatch({ type: 'look', seen: !document.hidden && document.hasFocus() });
const wake = () => {
  if (!document.hidden) connection.wake();
};
document.addEventListener('visibilitychange', () => {
  look();
  wake();
  if (document.hidden) saveNow();
});
window.addEventListener('focus', look);
window.addEventListener('blur', look);
window.addEventListener('pageshow', wake);
window.addEventListener('online', wake);
window.addEventListener('pagehide', saveNow);
window.addEventListener('hashchange', () => {
  dispatch({ type: 'address', name: readAddress(location.hash) || addressed() || null });
  showAddress();
});
window.addEventListener('popstate', () => {
  if (closedLayer()) showAddress();
});
setInterval(() => {
  if (store.state.phase === 'in' || store.state.phase === 'signing') draw();
}, CLOCK_MS);
if (readAddress(location.hash) === null) dispatch({ type: 'address', name: null });
draw();
connection.connect();

if (await tabs.isOwnedElsewhere()) dispatch({ type: 'give-up' });
else if (store.state.phase === 'out' && (store.state.token || store.state.credentials)) dispatch({ type: 'take-over' });
