// What the browser keeps. Private windows may refuse, so every access may fail.

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

/** The secret that keeps a guest's name at this server. */
export function nameToken(name) {
  const tokens = browserStore.get('name-tokens') ?? {};
  const key = name.toLowerCase();
  if (!tokens[key]) {
    tokens[key] = randomHex(16);
    browserStore.set('name-tokens', tokens);
  }
  return tokens[key];
}

/** A guest took another name: the secret goes with it. */
export function moveNameToken(from, to) {
  const tokens = browserStore.get('name-tokens') ?? {};
  const { [from.toLowerCase()]: token, ...rest } = tokens;
  if (token) browserStore.set('name-tokens', { ...rest, [to.toLowerCase()]: token });
}
