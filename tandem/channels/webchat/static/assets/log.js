// Draws the conversation. Elements are kept from one drawing to the next, so that screen readers hear each message
// once and the keyboard's focus stays where it is.
import { h, icon, initials, link, linked, mark, safeUrl } from "./dom.js";

const BACK_TO_BOT = "/back_to_bot"; // the way out of the queue; the strip above the composer has its button
const GROUP_GAP = 5 * 60 * 1000; // milliseconds after which the same speaker begins a new group

export class Log {
  constructor(words, names, { onChoice, onRetry, onDiscard }) {
    this.words = words;
    this.names = names;
    this.on = { onChoice, onRetry, onDiscard };
    this.rows = new Map();
    this.time = new Intl.DateTimeFormat(words.language, { hour: "numeric", minute: "2-digit" });
    this.day = new Intl.DateTimeFormat(words.language, { weekday: "long", day: "numeric", month: "long" });
    this.element = h("div", {
      class: "log", role: "log", "aria-live": "polite", "aria-label": words.log, "aria-busy": "true", "data-testid": "log",
    });
  }

  draw(entries) {
    const wanted = this.#plan(entries);
    const keys = new Set(wanted.map((row) => row.key));
    for (const [key, row] of this.rows) {
      if (!keys.has(key)) {
        row.element.remove();
        this.rows.delete(key);
      }
    }
    let at = this.element.firstChild;
    for (const plan of wanted) {
      let row = this.rows.get(plan.key);
      if (!row) {
        row = { element: plan.day ? this.#dayRow(plan) : this.#row(plan) };
        this.rows.set(plan.key, row);
      }
      if (!plan.day) this.#refresh(row.element, plan);
      if (row.element === at) at = at.nextSibling;
      else this.element.insertBefore(row.element, at);
    }
  }

  // While it fills with what was said before, screen readers stay silent.
  busy() {
    this.element.setAttribute("aria-busy", "true");
  }

  ready() {
    this.element.removeAttribute("aria-busy");
  }

  nameOf(entry) {
    if (entry.author === "customer") return this.words.you;
    if (entry.author === "agent") return entry.name || this.words.person;
    return this.names.assistant;
  }

  // One plan for each row: what it shows and how it touches its neighbours.
  #plan(entries) {
    const rows = [];
    const shown = entries.filter((entry) => entry.kind !== "note" && !isSilent(entry));
    // The bot's offers stand open until the customer says something, or a person is called or has come.
    const isOwn = ({ author, kind }) => author === "customer" && kind === "text";
    const ended = shown.findLastIndex((entry) => isOwn(entry) || entry.data.event === "agent_joined"
      || entry.data.buttons?.some(({ payload }) => payload === BACK_TO_BOT));
    let day = "";
    shown.forEach((entry, index) => {
      const at = new Date(entry.at);
      if (at.toDateString() !== day) {
        day = at.toDateString();
        rows.push({ key: `d${day}`, day: at });
      }
      const before = shown[index - 1];
      const after = shown[index + 1];
      rows.push({
        key: entry.key, entry,
        first: !together(before, entry),
        last: !together(entry, after),
        active: index > ended,
        answer: index > ended ? null : shown.slice(index + 1).find(isOwn),
      });
    });
    return rows;
  }

  #dayRow({ day }) {
    const today = new Date();
    const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
    let label = this.day.format(day);
    if (day.toDateString() === today.toDateString()) label = this.words.today;
    else if (day.toDateString() === yesterday.toDateString()) label = this.words.yesterday;
    return h("div", { class: "day" }, h("span", {}, label));
  }

  #row({ entry, key }) {
    if (entry.kind === "event" || entry.author === "system") {
      const text = entry.text || this.words.events[entry.data.event](entry.data.agent);
      return h("div", { class: "event", "data-testid": "event", "data-event": entry.data.event ?? "" }, h("span", {}, text), this.#choices(entry));
    }
    const own = entry.author === "customer";
    const name = this.nameOf(entry);
    return h("div", { class: `row ${entry.author}`, "data-testid": "message", "data-author": entry.author, "data-key": key },
      own ? null : h("div", { class: "avatar", "aria-hidden": "true" },
        entry.author === "agent" ? initials(name) : mark()),
      h("div", { class: "stack" },
        own ? null : h("div", { class: "who", "aria-hidden": "true", "data-testid": "who" }, name),
        entry.text || own
          ? h("div", { class: "bubble" },
            h("span", { class: "sr" }, `${this.words.said(name)} `),
            h("span", { class: "text", dir: "auto", "data-testid": "text" }, ...linked(entry.text, this.words.newWindow)))
          : null,
        ...this.#extras(entry),
        this.#choices(entry),
        h("div", { class: "meta" }, h("time", { datetime: entry.at }), h("span", { class: "state", "data-testid": "state" }),
          own ? h("span", { class: "fix" }) : null)));
  }

  #extras({ data }) {
    const found = [];
    const picture = safeUrl(data.image);
    if (picture) {
      found.push(h("a", { class: "picture", href: picture, target: "_blank", rel: "noopener noreferrer nofollow" },
        h("img", { src: picture, alt: this.words.image, loading: "lazy", referrerpolicy: "no-referrer" })));
    }
    const attached = data.attachment;
    const address = safeUrl(typeof attached === "string" ? attached : attached?.payload?.url ?? attached?.payload?.src);
    if (address) {
      const title = attached?.payload?.title || this.words.attachment;
      found.push(h("div", { class: "attachment" }, icon("clip"), link(address, title, this.words.newWindow)));
    }
    return found;
  }

  #choices({ data }) {
    const offered = (data.buttons ?? []).filter(({ payload }) => payload !== BACK_TO_BOT);
    if (!offered.length) return null;
    const buttons = offered.map((button) => {
      const address = button.url && safeUrl(button.url);
      if (address) return link(address, button.title, this.words.newWindow);
      if (!button.payload) return null;
      return h("button", {
        type: "button", "data-testid": "quick-reply", "data-title": button.title,
        onclick: () => this.on.onChoice(button.title, button.payload),
      }, button.title);
    });
    return h("div", { class: "choices", role: "group", "aria-label": this.words.choices }, ...buttons);
  }

  #refresh(element, { entry, first, last, active, answer }) {
    element.classList.toggle("first", first);
    element.classList.toggle("last", last);
    element.classList.toggle("active", active);
    if (entry.seq !== undefined) element.dataset.seq = entry.seq;
    for (const button of element.querySelectorAll(".choices button")) {
      button.disabled = !active;
      const chosen = !active && answer?.text === button.dataset.title;
      button.classList.toggle("chosen", chosen);
      if (chosen) button.setAttribute("aria-label", this.words.chosen(button.dataset.title));
    }
    const time = element.querySelector("time");
    if (time && time.dateTime !== entry.at) time.setAttribute("datetime", entry.at);
    if (time) time.textContent = this.time.format(new Date(entry.at));
    if (entry.author === "customer") this.#refreshState(element, entry);
  }

  #refreshState(element, entry) {
    if (element.dataset.state === entry.state) return;
    element.dataset.state = entry.state;
    element.querySelector(".state").textContent = this.words.state[entry.state];
    const fix = element.querySelector(".fix");
    fix.replaceChildren();
    if (!["failed", "refused", "waiting"].includes(entry.state)) return;
    const act = (test, label, action) => h("button", { type: "button", "data-testid": test, onclick: action }, label);
    fix.append(act("retry", this.words.retry, () => this.on.onRetry(entry.client_id)));
    if (entry.state !== "waiting") fix.append(act("discard", this.words.discard, () => this.on.onDiscard(entry.client_id)));
  }
}

function together(before, after) {
  return Boolean(before && after) && before.kind === "text" && after.kind === "text" && before.author === after.author
    && before.name === after.name && new Date(after.at) - new Date(before.at) < GROUP_GAP
    && new Date(after.at).toDateString() === new Date(before.at).toDateString();
}

// Events without words of their own that the widget knows no words for, and replies that carry nothing to show.
function isSilent({ kind, text, data }) {
  if (text) return false;
  if (kind === "event") return !["agent_joined", "agent_left", "handed_back", "resolved"].includes(data.event);
  return !data.image && !data.attachment && !data.buttons?.length;
}
