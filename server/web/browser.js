// What the browser keeps. Private windows may refuse, so every access may fail.

import { mapOf } from './model/state.js';

function access(area) {
  return {
    get(key) {
      try {
        return JSON.parse(area()?.getItem(key) ?? 'null');
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        if (value == null) area()?.removeItem(key);
        else area()?.setItem(key, JSON.stringify(value));
      } catch {
        // The page works without memory.
      }
    },
  };
}

/** Lasts in this browser. */
export const browserStore = access(() => window.localStorage);
/** Lasts in this tab. */
export const tabStore = access(() => window.sessionStorage);

/** Draws secret random bytes as hexadecimal digits. */
export function randomHex(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The secrets of guests' names by name. The map has no prototype, so `__proto__` is a name like others. */
const nameTokens = () => mapOf(browserStore.get('name-tokens'));

/** The secret that keeps a guest's name at this server. */
export function nameToken(name) {
  const tokens = nameTokens();
  const key = name.toLowerCase();
  if (typeof tokens[key] !== 'string') {
    tokens[key] = randomHex(16);
    browserStore.set('name-tokens', tokens);
  }
  return tokens[key];
}

/** A guest took another name: the secret goes with it. */
export function moveNameToken(from, to) {
  const { [from.toLowerCase()]: token, ...rest } = nameTokens();
  if (token) browserStore.set('name-tokens', { ...rest, [to.toLowerCase()]: token });
}

// One tab owns the session. A new tab asks the others; the owner answers, and hands the session over when asked to.

/** Longest wait for the answer of an owner, in milliseconds. */
const ANSWER_MS = 200;

/**
 * @param {{owns: () => boolean, give: () => object, taken: () => void}} owner
 *   `owns`: this tab has the session; `give`: what the next tab needs; `taken`: another tab has it now
 */
export function createTabs({ owns, give, taken }) {
  const channel = 'BroadcastChannel' in window ? new BroadcastChannel('landline') : null;
  let waiting = null;
  channel?.addEventListener('message', ({ data }) => {
    if (data.type === 'ask' && owns()) channel.postMessage({ type: 'owned' });
    if (data.type === 'take' && owns()) {
      const session = give();
      taken();
      channel.postMessage({ type: 'given', session });
    }
    if (data.type === 'owned' || data.type === 'given') waiting?.(data);
  });

  /** Sends a question and waits for the first answer, or null. */
  function question(type) {
    if (!channel) return Promise.resolve(null);
    return new Promise((resolve) => {
      waiting = resolve;
      channel.postMessage({ type });
      setTimeout(() => resolve(null), ANSWER_MS);
    });
  }

  return {
    /** Tells whether another tab has the session. */
    isOwnedElsewhere: async () => (await question('ask')) !== null,
    /** Takes the session over. Returns what the other tab gave, or null. */
    take: async () => (await question('take'))?.session ?? null,
  };
}
