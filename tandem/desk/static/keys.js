// Single-key shortcuts, which can be switched off in the help: speech input and some keyboards trigger them by chance.
const SETTING = "tandem:keys";
const help = document.getElementById("help");
const box = document.getElementById("keys-on");

const on = () => { try { return localStorage.getItem(SETTING) !== "off"; } catch { return true; } };

export function setUpKeys({ open, take, composer, busy }) {
  box.checked = on();
  box.addEventListener("change", () => { try { localStorage.setItem(SETTING, box.checked ? "on" : "off"); } catch { /* stays for this page */ } });
  document.getElementById("help-button").addEventListener("click", () => help.showModal());

  const rows = () => [...document.querySelectorAll("#queue details[open] a[data-conversation]")];
  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.getAttribute("aria-current"));
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step))];
    next.scrollIntoView({ block: "nearest" });
    open(next.dataset.conversation);
  };
  const keys = {
    j: () => move(1), k: () => move(-1), c: () => take("claim"), t: () => take("take-over"), b: () => take("hand-back"),
    e: () => take("resolve"), r: () => composer.focus("reply"), n: () => composer.focus("note"), "?": () => help.showModal(),
    "/": () => { composer.focus("reply"); document.getElementById("canned-button").click(); },
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const place = event.target;
    if (place.closest("input, textarea, select, [contenteditable]")) return;
    const inQueue = place.closest("#queue a[data-conversation]");
    if (inQueue && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const all = rows();
      const next = all[all.indexOf(inQueue) + (event.key === "ArrowDown" ? 1 : -1)];
      next?.focus();
      event.preventDefault();
      return;
    }
    // Whoever claims and writes on at once means words: "e" in "Hello" must not resolve.
    if (!on() || busy() || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}
