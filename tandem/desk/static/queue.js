// The queue on the page. A conversation's row is the same element for as long as it stands here, wherever it moves, so
// that no update takes a click, the focus or the scroll position away.
import { tick } from "./conversation.js";
import { morph, move } from "./morph.js";
import { get } from "./net.js";

const state = document.getElementById("queue-state");
const agent = document.body.dataset.agent;
const items = new Map();  // conversation id: its <li>
const extended = new Set();  // sections without a natural end whose older rows were asked for
const exhausted = new Set();
const REFILL = 20;  // rows: with fewer a section that has more fetches them
let { version } = state.dataset;
let counts = JSON.parse(state.dataset.counts);
let hooks = { arrived() {}, lost() {}, changed() {}, behind() {} };

const group = (key) => document.getElementById(`group-${key}`);
const list = (key) => group(key).querySelector(".rows");
const keys = [...state.querySelectorAll("details.group")].map((one) => one.dataset.key);
const keyOf = (row) => (row.section !== "agent" ? row.section : row.holder === agent ? "mine" : "colleagues");
const keyOfItem = (item) => item?.closest("details.group")?.dataset.key;
const section = (key) => (key === "mine" || key === "colleagues" ? "agent" : key);
const link = (item) => item.firstElementChild;

/** The version of the queue that the page shows. */
export const queueVersion = () => version;
export const waitingCount = () => counts.waiting;
/** The rows of a section, as links. */
export const rowsOf = (key) => [...list(key).children].map(link);
/** What the queue calls a conversation's customer; empty if it is not there. */
export const nameInQueue = (id) => items.get(id)?.querySelector(".who").textContent || "";

/**
 * `arrived(rows)`: who waits now and did not before; `lost(row)`: a colleague has it now; `changed()`: after each
 * update; `behind()`: the page has to ask what it missed.
 */
export function setUpQueue(given) {
  hooks = given;
  for (const item of state.querySelectorAll("li[data-id]")) items.set(item.dataset.id, item);
  state.addEventListener("click", (event) => {
    const button = event.target.closest("[data-more]");
    if (button) loadMore(button.dataset.more);
  });
  settle();
}

// -- changes, held back while a row is pressed: it must be under the pointer when that is let go --

let pressed = false;
let held = [];
let tooLong = 0;
state.addEventListener("pointerdown", () => {
  pressed = true;
  clearTimeout(tooLong);
  tooLong = setTimeout(release, 3000);
});
for (const name of ["pointerup", "pointercancel", "dragend"]) window.addEventListener(name, () => setTimeout(release));

function release() {
  if (!pressed) return;
  pressed = false;
  clearTimeout(tooLong);
  const changes = held;
  held = [];
  if (!changes.every(apply)) hooks.behind();
}

/** Take a change in; false if it does not follow what the page shows: then the page has to ask what it missed. */
export function takeIn(change) {
  if (!pressed) return apply(change);
  held.push(change);
  return true;
}

const numbered = (text) => [text.split(".")[0], Number(text.split(".")[1])];

function apply(change) {
  if (!change.whole && change.since !== version) {
    const [[name, number], [mine, shown]] = [numbered(change.version), numbered(version)];
    if (name !== mine || number > shown) return false;
    return true;  // older than what the page shows
  }
  const waited = new Set(rowsOf("waiting").map((row) => row.dataset.conversation));
  ({ version, counts } = change);
  if (change.whole) {
    const there = new Set(change.rows.map((row) => row.id));
    for (const id of [...items.keys()]) if (!there.has(id)) drop(id);
    extended.clear();
    exhausted.clear();
  }
  for (const id of change.gone) if (!extended.has(keyOfItem(items.get(id)))) drop(id);
  for (const row of change.rows) put(row);
  settle();
  hooks.arrived(rowsOf("waiting").filter((row) => !waited.has(row.dataset.conversation)
    && change.rows.some((one) => one.id === row.dataset.conversation)));
  return true;
}

function drop(id) {
  items.get(id)?.remove();
  items.delete(id);
}

const total = (key) => (key === "mine" ? list(key).childElementCount
  : key === "colleagues" ? counts.agent - list("mine").childElementCount : counts[key]);
const isAfter = (item, row) => Number(item.dataset.rank) > row.rank
  || (Number(item.dataset.rank) === row.rank && item.dataset.id > row.id);

function put(row, asked = false) {
  const key = keyOf(row);
  let item = items.get(row.id);
  const last = list(key).lastElementChild;
  // What would stand beyond the rows that are shown comes when those are asked for.
  if (!item && !asked && key !== "mine" && last && !isAfter(last, row) && total(key) > list(key).childElementCount + 1) {
    exhausted.delete(key);
    return;
  }
  const before = keyOfItem(item);
  if (!item) {
    item = document.createElement("li");
    items.set(row.id, item);
  }
  Object.assign(item.dataset, { id: row.id, rank: row.rank });
  const made = document.createElement("template");
  made.innerHTML = row.html;
  if (item.firstElementChild) morph(item.firstElementChild, made.content.firstElementChild);
  else item.append(made.content.firstElementChild);
  const next = [...list(key).children].find((one) => one !== item && isAfter(one, row)) || null;
  if (item.parentElement !== list(key) || item.nextElementSibling !== next) move(list(key), item, next);
  if (before === "mine" && key === "colleagues") hooks.lost(link(item));
}

function settle() {
  for (const key of keys) {
    const [shown, all] = [list(key).childElementCount, total(key)];
    group(key).querySelector(".count").textContent = all;
    const nobody = group(key).querySelector(".nobody");
    if (nobody) nobody.hidden = shown > 0;
    else group(key).hidden = all === 0 && shown === 0;
    const more = group(key).querySelector(".more");
    more.hidden = exhausted.has(key) || key === "mine" || (key !== "bot" && all <= shown);
    more.textContent = key === "bot" ? "Show earlier" : `Show more (${all - shown})`;
  }
  const few = list("waiting").childElementCount < Math.min(REFILL, counts.waiting);
  if (few && !exhausted.has("waiting")) loadMore("waiting");
  for (const tag of state.querySelectorAll(".writing")) setTimeout(() => { tag.hidden = true; }, 6500);
  tick();
  hooks.changed();
}

const loading = new Set();
async function loadMore(key) {
  if (loading.has(key)) return;
  loading.add(key);
  const last = list(key).lastElementChild;
  const after = last ? { rank: last.dataset.rank, last: last.dataset.id } : { rank: "-1e12", last: "" };
  try {
    const found = await get(`/desk/queue/more?${new URLSearchParams({ section: section(key), ...after })}`);
    for (const row of found.rows) put(row, true);
    if (!found.more) exhausted.add(key);
    if (key === "bot" || key === "resolved") extended.add(key);
    settle();
  } catch { /* the button is still there */ } finally {
    loading.delete(key);
  }
}

/** Mark the row of the conversation that is open. */
export function markOpen(id) {
  for (const [one, item] of items) {
    if (one === id) link(item).setAttribute("aria-current", "page");
    else link(item).removeAttribute("aria-current");
  }
}
