// The endpoints of the web chat. The token travels in a header only, so that no log of addresses ever holds it.
const TIMEOUT = 15000;

export class ApiError extends Error {
  constructor(status, body, retryAfter) {
    super(body?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body?.error ?? "error";
    this.retryAfter = retryAfter;
  }

  get sessionIsLost() {
    return this.status === 401 || this.status === 404;
  }

  get isFinal() {
    return [400, 403, 413].includes(this.status);
  }
}

export class Api {
  constructor(base) {
    this.base = base;
  }

  session(token, identity) {
    return this.#call("POST", "sessions", token, identity ? { identity } : {});
  }

  send(token, item) {
    const { client_id, text, payload, language } = item; // what is undefined is left out
    return this.#call("POST", "messages", token, { client_id, text, payload, language });
  }

  history(token, after) {
    return this.#call("GET", `messages?after=${after}`, token);
  }

  acknowledge(token, upTo) {
    return this.#call("POST", "ack", token, { up_to: upTo });
  }

  typing(token, writes) {
    return this.#call("POST", "typing", token, { writes });
  }

  stream(token, after, signal) {
    return this.#fetch("GET", `stream?after=${after}`, token, undefined, signal);
  }

  async #call(method, path, token, body) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), TIMEOUT);
    try {
      const response = await this.#fetch(method, path, token, body, controller.signal);
      return response.status === 204 ? null : await response.json();
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetch(method, path, token, body, signal) {
    const headers = {};
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(this.base + path, {
      method, headers, signal, body: body && JSON.stringify(body),
      credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
    });
    if (response.ok) return response;
    const told = await response.json().catch(() => null);
    throw new ApiError(response.status, told, Number(response.headers.get("retry-after")) || null);
  }
}
