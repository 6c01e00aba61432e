// A client for Gamify in one ES module on fetch, for Node 18 or newer and browsers. Copy it into your game.
//
//   const gamify = new Gamify({
//     url: "https://play.example.com",
//     key: process.env.GAMIFY_KEY,
//     onDropped: (event, reason) => keep(reason, event), // will not count: rejected, no room, or not sent at the end
//     onUnlocked: ({ player, achievement, points }) => show(player, achievement, points), // has just been earned
//   });
//   gamify.event("alice", "coin_collected", { amount: 5 });
//   await gamify.submitScore("best-lap", "alice", 61.25);
//   console.log(await gamify.top("best-lap", 10), await gamify.place("best-lap", "alice"));
//   await gamify.close();
//
// Events wait in memory until there are 500 of them or 5 seconds have passed. Each event has its own id and each batch
// an Idempotency-Key, so an event that is sent again counts once. Events wait while the site cannot be reached or
// refuses the key. A bad event is dropped alone and reported to `onDropped`; the rest of its batch counts. An event does not
// count for boards that need a `value` or `amount` if it has neither, nor for boards whose periods at its time are final:
// it and these boards are reported to `onSkipped`. Keep a key that may write on your servers, never in a page: anybody who
// has it can use it. A browser can call only the site that the page came from (there are no CORS headers).

const BATCH = 500; // events; the API takes up to 1,000
const MOST_BYTES = 1_048_000; // of a batch; the API takes 1 MiB
const MOST_WAITING = 20_000_000; // bytes of events in memory while the site is away: about 100,000 events
const ATTEMPTS = 6;
const LONGEST_PAUSE = 30; // seconds, unless the site asks for more
const LARGE = 1400; // characters; a longer body is sent as gzip
const LATER = [408, 425, 429]; // try again, as after any 5xx; after 409 only if the answer has Retry-After
const REFUSED = [400, 413, 422]; // an event is bad, or the batch is too large: splitting it finds out

const random = globalThis.crypto ?? (await import("node:crypto")).webcrypto; // Node 18 has no global one

// Version 4, by hand: randomUUID is missing on pages without https.
function uuid() {
  const bytes = random.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// JSON; throws a TypeError for what JSON cannot carry, which JSON.stringify alone turns into null or leaves out.
function encode(body) {
  return JSON.stringify(body, function (name, encoded) {
    const given = this[name] instanceof Date ? this[name].getTime() : this[name];
    const isLost = typeof given === "number" ? !Number.isFinite(given) : ["function", "symbol"].includes(typeof given);
    if (isLost) throw new TypeError(`JSON cannot carry ${name}: ${String(this[name])}`);
    return encoded;
  });
}

function gzip(text) {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

// The site refuses: `status`, and `problem` from its answer. Status 0: it could not be reached.
export class GamifyError extends Error {
  constructor(status, problem) {
    super(`${status || "no answer"}: ${problem.detail ?? ""}`);
    this.status = status;
    this.problem = problem;
  }
}

function logDropped(event, reason) {
  console.warn(`Gamify: event dropped: ${reason}`, event);
}

function logSkipped(event, boards) {
  const reason = "it has neither value nor amount, or their periods are final";
  console.warn(`Gamify: event does not count for the boards ${boards.join(", ")}: ${reason}`, event);
}

export class Gamify {
  #events = []; // { json, size }
  #batches = []; // { key, events }: taken from the events and not yet answered; the last one is sent first
  #size = 0; // bytes of the events in both
  #sending = Promise.resolve(); // one batch after the other: events stay in their order
  #timer = null;

  // `pause`: seconds before the second attempt, doubled for each one after it. `onDropped(event, reason)` is called
  // once for each event that will not count, `onSkipped(event, boards)` for each that counts, but not for these boards,
  // `onUnlocked({ player, achievement, points })` for each achievement that the events have unlocked, and `onError` when
  // events could not be sent in the background and wait.
  constructor({ url, key, flushSeconds = 5, pause = 0.5, onError = console.warn, ...callbacks }) {
    const { onDropped = logDropped, onSkipped = logSkipped, onUnlocked = () => {} } = callbacks;
    const address = `${url.replace(/\/+$/, "")}/api/v1`;
    Object.assign(this, { address, key, flushSeconds, pause, onError, onDropped, onSkipped, onUnlocked });
  }

  // Keeps an event to be sent, with `amount`, `value`, `item`, `at` or `id` if given, and returns its id. Throws a
  // TypeError or RangeError for an event that cannot be sent: NaN, not JSON, too long.
  event(player, action, fields = {}) {
    const event = { player, action, ...fields, id: fields.id ?? uuid() };
    const json = encode(event);
    const size = new TextEncoder().encode(json).length + 1;
    if (size > MOST_BYTES) throw new RangeError(`The event has ${size} bytes; the API takes at most ${MOST_BYTES}.`);
    if (this.#size + size > MOST_WAITING) {
      this.onDropped(event, `No room: ${MOST_WAITING} bytes of events are waiting already.`);
      return event.id;
    }
    this.#size += size;
    this.#events.push({ json, size });
    if (this.#events.length === BATCH) this.flush().catch(this.onError);
    this.#wait();
    return event.id;
  }

  // Sends all events that wait, and returns the answers. Rejects with a GamifyError if the site cannot be reached or
  // refuses the key; the events wait, and keep their ids.
  flush() {
    return this.#inTurn(() => this.#sendAll());
  }

  // For boards of the best or the last score; for one that adds up, send events, which count once.
  async submitScore(board, player, score) {
    const path = `/leaderboards/${encodeURIComponent(board)}/scores/${encodeURIComponent(player)}`;
    return this.#call("PUT", path, encode({ score }));
  }

  // The first rows: rank, player, name, score.
  async top(board, limit = 10) {
    return (await this.#call("GET", `/leaderboards/${encodeURIComponent(board)}?limit=${limit}`)).rows;
  }

  // The player's rank and score, and the rows around; null if the player is not on the board.
  async place(board, player) {
    try {
      return await this.#call("GET", `/leaderboards/${encodeURIComponent(board)}/players/${encodeURIComponent(player)}`);
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  // Sends all events that wait, and stops the timer. Events that cannot be sent go to `onDropped`.
  close() {
    clearTimeout(this.#timer);
    this.#timer = null;
    return this.#inTurn(async () => {
      try {
        return await this.#sendAll();
      } catch (error) {
        const reason = `Not sent: ${error.message}`;
        for (let batch; (batch = this.#next()); ) {
          this.#settle(batch, { rejected: batch.events.map((_, index) => ({ index, reason })) });
        }
        throw error;
      }
    });
  }

  #inTurn(work) {
    const done = this.#sending.then(work);
    this.#sending = done.catch(() => {});
    return done;
  }

  #wait() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush().catch((error) => (this.onError(error), this.#wait()));
    }, this.flushSeconds * 1000);
  }

  async #sendAll() {
    const answers = [];
    for (let batch; (batch = this.#next()); ) {
      const body = `{"events":[${batch.events.map(({ json }) => json)}]}`;
      let answer;
      try {
        answer = await this.#call("POST", "/events", body, batch.key);
      } catch (error) {
        if (REFUSED.includes(error.status) || error.status === 500) this.#takeApart(batch, error);
        if (!REFUSED.includes(error.status)) throw error;
        continue;
      }
      answers.push(answer);
      this.#settle(batch, answer);
    }
    return answers;
  }

  #next() {
    if (this.#events.length && !this.#batches.length) {
      let count = 0;
      for (let size = 0; count < Math.min(BATCH, this.#events.length); count++) {
        size += this.#events[count].size;
        if (size > MOST_BYTES) break;
      }
      this.#batches.push({ key: uuid(), events: this.#events.splice(0, count) });
    }
    return this.#batches.at(-1);
  }

  // Splits a refused batch in half until the bad events are alone. One that may break the site goes behind the others.
  #takeApart({ events }, { status, message }) {
    const middle = Math.floor(events.length / 2);
    if (!middle && status !== 500) return this.#settle({ events }, { rejected: [{ index: 0, reason: message }] });
    this.#batches.pop();
    const halves = middle ? [events.slice(middle), events.slice(0, middle)] : [];
    this.#batches.push(...halves.map((half) => ({ key: uuid(), events: half })));
    if (!middle) this.#events.push(...events);
  }

  // Forgets a batch and reports what its answer says of its events, by index, and of players.
  #settle({ events }, { rejected, skipped = [], unlocked = [] }) {
    this.#batches.pop();
    for (const { size } of events) this.#size -= size;
    for (const { index, reason } of rejected) this.onDropped(JSON.parse(events[index].json), reason);
    for (const { index, boards } of skipped) this.onSkipped(JSON.parse(events[index].json), boards);
    for (const unlock of unlocked) this.onUnlocked(unlock);
  }

  async #call(method, path, body, idempotencyKey) {
    const headers = { Authorization: `Bearer ${this.key}`, "Content-Type": "application/json" };
    if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
    if (body?.length > LARGE && globalThis.CompressionStream) {
      body = await gzip(body);
      headers["Content-Encoding"] = "gzip";
    }
    for (let attempt = 1; ; attempt++) {
      let wait = 0;
      try {
        const answer = await fetch(this.address + path, { method, headers, body, signal: AbortSignal.timeout(30_000) });
        if (answer.ok) return await answer.json();
        const after = answer.headers.get("Retry-After");
        const isBusy = LATER.includes(answer.status) || (answer.status === 409 && after !== null);
        const problem = await answer.json().catch(() => ({ detail: answer.statusText })); // a proxy's page is no JSON
        if (!(isBusy || answer.status >= 500) || attempt === ATTEMPTS) throw new GamifyError(answer.status, problem);
        wait = Number(after) || 0;
      } catch (error) {
        if (error instanceof GamifyError) throw error;
        if (attempt === ATTEMPTS) throw new GamifyError(0, { detail: String(error.cause ?? error) }); // refused, cut off, slow
      }
      wait += Math.random() * Math.min(LONGEST_PAUSE, this.pause * 2 ** attempt);
      await new Promise((resume) => setTimeout(resume, wait * 1000));
    }
  }
}
