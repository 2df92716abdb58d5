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
