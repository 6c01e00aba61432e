// A client for Gamify in one ES module on fetch, for Node 18 or newer and browsers. Copy it into your game.
//
//   const gamify = new Gamify({ url: "https://play.example.com", key: process.env.GAMIFY_KEY });
//   gamify.event("alice", "coin_collected", { amount: 5 });
//   await gamify.submitScore("best-lap", "alice", 61.25);
//   console.log(await gamify.top("best-lap", 10), await gamify.place("best-lap", "alice"));
//   await gamify.close();
//
// Events wait in memory until there are 500 of them or 5 seconds have passed. Each has an id of its own and each batch an
// Idempotency-Key, so that whatever is sent again counts once. Whoever has a key can use it: one that may write belongs on
// your servers, never in a page. A browser can call only the site that the page came from (there are no CORS headers).

const BATCH = 500; // events; the API takes up to 1,000
const MOST_WAITING = 100_000; // events in memory while the site is away
const ATTEMPTS = 6;
const LONGEST_PAUSE = 30; // seconds, unless the site asks for more
const LARGE = 1400; // characters; what is longer is sent as gzip
const LATER = [429, 502, 503, 504]; // try again; 409 too where the answer has Retry-After
const NEVER = [400, 413, 415, 422]; // the batch itself is wrong: to send it again is of no use

const random = globalThis.crypto ?? (await import("node:crypto")).webcrypto; // Node 18 has no global one

// Version 4, by hand: randomUUID is missing on pages without https.
function uuid() {
  const bytes = random.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function gzip(text) {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

// The site refuses: `status`, and `problem` as it was told. Status 0: it could not be reached.
export class GamifyError extends Error {
  constructor(status, problem) {
    super(`${status || "no answer"}: ${problem.detail ?? ""}`);
    this.status = status;
    this.problem = problem;
  }
}

export class Gamify {
  #events = [];
  #batch = null; // { key, events } on its way
  #sending = Promise.resolve(); // one batch after the other: events stay in their order
  #timer = null;

  // `pause`: seconds before the second attempt, doubled for each one after it. `onError` hears what fails unasked.
  constructor({ url, key, flushSeconds = 5, pause = 0.5, onError = console.warn }) {
    Object.assign(this, { address: `${url.replace(/\/+$/, "")}/api/v1`, key, flushSeconds, pause, onError });
  }

  // Keeps an event to be sent, with `amount`, `value`, `item`, `at` or `id` where given. Gives its id.
  event(player, action, fields = {}) {
    if (this.#events.length >= MOST_WAITING) throw new GamifyError(0, { detail: `${MOST_WAITING} events wait already.` });
    const event = { id: uuid(), player, action, ...fields };
    this.#events.push(event);
    if (this.#events.length === BATCH) this.flush().catch(this.onError);
    this.#wait();
    return event.id;
  }

  // Sends all that waits, and gives the answers. What could not be sent waits on, and is sent again as it was.
  flush() {
    const sent = this.#sending.then(() => this.#sendAll());
    this.#sending = sent.catch(() => {});
    return sent;
  }

  // For boards that keep the best or the last score; to one that adds up send events, which count once.
  submitScore(board, player, score) {
    return this.#call("PUT", `/leaderboards/${encodeURIComponent(board)}/scores/${encodeURIComponent(player)}`, { score });
  }

  // The first rows: rank, player, name, score.
  async top(board, limit = 10) {
    return (await this.#call("GET", `/leaderboards/${encodeURIComponent(board)}?limit=${limit}`)).rows;
  }

  // The player's rank and score, and the rows around; null where the player is not on the board.
  async place(board, player) {
    try {
      return await this.#call("GET", `/leaderboards/${encodeURIComponent(board)}/players/${encodeURIComponent(player)}`);
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  // Sends what waits, and stops the timer.
  async close() {
    await this.flush();
    clearTimeout(this.#timer);
  }

  #wait() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush().catch((error) => (this.onError(error), this.#wait()));
    }, this.flushSeconds * 1000);
  }

  async #sendAll() {
    const answers = [];
    while (this.#batch || this.#events.length) {
      this.#batch ??= { key: uuid(), events: this.#events.splice(0, BATCH) };
      try {
        const answer = await this.#call("POST", "/events", { events: this.#batch.events }, this.#batch.key);
        if (answer.rejected.length) this.onError(`Events were rejected: ${JSON.stringify(answer.rejected)}`);
        answers.push(answer);
      } catch (error) {
        if (NEVER.includes(error.status)) this.#batch = null;
        throw error;
      }
      this.#batch = null;
    }
    return answers;
  }

  async #call(method, path, content, idempotencyKey) {
    const headers = { Authorization: `Bearer ${this.key}`, "Content-Type": "application/json" };
    if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
    let body = content && JSON.stringify(content);
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
        const again = LATER.includes(answer.status) || (answer.status === 409 && after !== null);
        const problem = await answer.json().catch(() => ({ detail: answer.statusText })); // a proxy's page is no JSON
        if (!again || attempt === ATTEMPTS) throw new GamifyError(answer.status, problem);
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
