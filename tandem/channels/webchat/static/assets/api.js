// The endpoints of the web chat. The token travels in a header only, so that no log of addresses ever holds it.
const TIMEOUT = 15000;
const PAGE = 50; // messages fetched at a time

export class ApiError extends Error {
  constructor(status, body, retryAfter) {
    super(body?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body?.error ?? "error";
    this.retryAfter = retryAfter;
  }

  get sessionIsLost() {
    return [401, 404, 409].includes(this.status);
  }

  get isFinal() {
    return [400, 403, 413].includes(this.status);
  }
}

// Every request but the first says which conversation its page shows; the server refuses it for another one.
export class Api {
  constructor(base) {
    this.base = base;
  }

  session(token, identity) {
    return this.#call("POST", "sessions", { token }, identity ? { identity } : {});
  }

  // Outlives the page, which often is left in the same moment.
  signOut(session) {
    return this.#call("POST", "sign-out", session, undefined, { keepalive: true });
  }

  send(session, item) {
    const { client_id, text, payload, language } = item; // what is undefined is left out
    return this.#call("POST", "messages", session, { client_id, text, payload, language });
  }

  history(session, after) {
    return this.#call("GET", `messages?after=${after}`, session);
  }

  earlier(session, before) {
    return this.#call("GET", `messages?before=${before}&last=${PAGE}`, session);
  }

  acknowledge(session, upTo) {
    return this.#call("POST", "ack", session, { up_to: upTo });
  }

  typing(session, writes) {
    return this.#call("POST", "typing", session, { writes });
  }

  // What came after a number; with `latest`, at least the last page, however far that goes back.
  stream(session, { after, latest }, signal) {
    return this.#fetch("GET", `stream?after=${after}${latest ? `&last=${PAGE}` : ""}`, session, undefined, { signal });
  }

  async #call(method, path, session, body, more) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), TIMEOUT);
    try {
      const response = await this.#fetch(method, path, session, body, { ...more, signal: controller.signal });
      return response.status === 204 ? null : await response.json();
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetch(method, path, session, body, more) {
    const headers = {};
    if (session.token) headers.Authorization = `Bearer ${session.token}`;
    if (session.conversation_id) headers["X-Tandem-Conversation"] = session.conversation_id;
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(this.base + path, {
      method, headers, body: body && JSON.stringify(body),
      credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", ...more,
    }).catch((error) => {
      if (error.name === "TypeError") this.#explain();
      throw error;
    });
    if (response.ok) return response;
    const told = await response.json().catch(() => null);
    if (told?.error === "foreign_origin") this.#tellOnce(told.message);
    throw new ApiError(response.status, told, Number(response.headers.get("retry-after")) || null);
  }

  // A browser does not say why it kept an answer back. The server does, at an address that any page may read.
  async #explain() {
    if (!navigator.onLine || this.explained) return;
    this.explained = true;
    try {
      const response = await fetch(`${this.base}origin`, { credentials: "omit", cache: "no-store" });
      const { allowed, message } = await response.json();
      if (!allowed) this.#tellOnce(message);
    } catch {
      this.explained = false; // the server is away
    }
  }

  #tellOnce(message) {
    if (!this.told) console.error(`Tandem: ${message}`);
    this.told = true;
  }
}
