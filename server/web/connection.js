// The WebSocket: opens it, notices when it is dead, and opens it again. A socket may look open and be dead after sleep,
// so only answers count.

/** Time between pings while an answer is awaited, and else, in milliseconds. */
const PING_BUSY = 2000;
const PING_IDLE = 10_000;
/** Longest wait for an answer to a ping: with the ping, silence shows within 6 s. */
const ANSWER = 3200;
/** The same behind sleep, or a change of the network. */
const ANSWER_AWAKE = 1500;
/** Longest wait for an open socket. */
const OPENING = 6000;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;
/** The session goes on over another connection: never reconnect by itself. */
const ELSEWHERE = 4001;

/**
 * @param {{url: string, dispatch: (event: object) => void, isBusy: () => boolean, wanted: () => boolean}} options
 *   `isBusy`: an answer is awaited; `wanted`: the page wants a connection when one is lost
 */
export function createConnection({ url, dispatch, isBusy, wanted }) {
  let socket = null;
  let isOpen = false;
  let heardAt = 0;
  let openedAt = 0;
  let ping = null;
  let delay = FIRST_DELAY;
  let retryTimer = 0;

  /** Gives the socket up. The server has been silent since then, as far as it is known. */
  function drop(since) {
    const old = socket;
    socket = null;
    if (old) {
      old.onopen = old.onmessage = old.onclose = old.onerror = null;
      old.close();
    }
    ping = null;
    if (isOpen) {
      isOpen = false;
      dispatch({ type: 'lost', since });
    }
  }

  function connect() {
    clearTimeout(retryTimer);
    retryTimer = 0;
    if (socket) return;
    openedAt = Date.now();
    socket = new WebSocket(url, 'landline.v1');
    socket.onopen = () => {
      isOpen = true;
      heardAt = Date.now();
      dispatch({ type: 'opened' });
    };
    socket.onmessage = (message) => {
      heardAt = Date.now();
      ping = null;
      delay = FIRST_DELAY;
      const object = parse(message.data);
      if (object) dispatch({ type: 'received', object });
    };
    socket.onclose = (event) => {
      if (event.code === ELSEWHERE) dispatch({ type: 'elsewhere' });
      drop();
      if (wanted()) retryLater();
    };
  }

  function retryLater() {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, delay * (0.75 + Math.random() / 2));
    delay = Math.min(delay * 2, LONGEST_DELAY);
  }

  /** Replaces a dead socket at once. */
  function replace() {
    drop(ping?.at);
    connect();
  }

  function sendPing(patience) {
    ping = { at: Date.now(), patience };
    socket.send('{"type":"ping"}');
  }

  function tick() {
    const now = Date.now();
    if (!socket) return;
    if (!isOpen) {
      if (now - openedAt > OPENING) {
        drop();
        if (wanted()) retryLater();
      }
    } else if (ping) {
      if (now - ping.at > ping.patience) replace();
    } else if (wanted() && now - heardAt > (isBusy() ? PING_BUSY : PING_IDLE)) {
      sendPing(ANSWER);
    }
  }
  setInterval(tick, 500);

  return {
    connect() {
      delay = FIRST_DELAY;
      connect();
    },
    disconnect() {
      clearTimeout(retryTimer);
      if (socket && !isOpen) {
        // Let it open first: a socket that is closed before is an error in the console.
        const opening = socket;
        socket = null;
        opening.onmessage = opening.onclose = null;
        opening.onopen = () => opening.close();
      }
      drop();
    },
    send(object) {
      if (isOpen) socket.send(JSON.stringify(object));
    },
    /** The device woke up, or its network changed: asks the socket for a sign of life, or opens one. */
    wake() {
      if (!wanted()) return;
      if (isOpen) {
        sendPing(ANSWER_AWAKE);
        setTimeout(tick, ANSWER_AWAKE + 50);
      } else {
        delay = FIRST_DELAY;
        if (Date.now() - openedAt > ANSWER_AWAKE) replace();
      }
    },
  };
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
