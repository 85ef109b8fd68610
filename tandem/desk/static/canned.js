// The picker for canned responses: "/" in an empty reply, or the button; filters by shortcut, title and words.
const list = document.getElementById("canned");

export class Canned {
  constructor(field, insert) {
    this.field = field;
    this.insert = insert;
    this.at = 0;
    list.addEventListener("mousedown", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) { event.preventDefault(); this.pick(option); }
    });
    field.addEventListener("blur", () => this.hide());
  }

  get shown() { return !list.hidden; }

  show(query) {
    const words = query.toLowerCase().trim();
    // A letter or two are the start of a shortcut; more may be any words of the response.
    const found = [...document.querySelectorAll("#canned-source li")].filter((one) => one.dataset.shortcut.startsWith(words)
      || (words.length > 2 && `${one.dataset.title} ${one.textContent}`.toLowerCase().includes(words)));
    found.sort((a, b) => b.dataset.shortcut.startsWith(words) - a.dataset.shortcut.startsWith(words));
    list.replaceChildren(...found.slice(0, 8).map((one, index) => {
      const option = document.createElement("li");
      option.id = `canned-${index}`;
      option.setAttribute("role", "option");
      option.dataset.text = one.textContent;
      const head = document.createElement("span");
      const code = document.createElement("kbd");
      code.textContent = `/${one.dataset.shortcut}`;
      head.append(code, ` ${one.dataset.title}`);
      const text = document.createElement("span");
      text.className = "quiet";
      text.textContent = one.textContent;
      option.append(head, text);
      return option;
    }));
    list.hidden = found.length === 0;
    this.mark(0);
  }

  hide() {
    list.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  mark(index) {
    const options = [...list.children];
    if (!options.length) return;
    this.at = (index + options.length) % options.length;
    options.forEach((one, at) => one.setAttribute("aria-selected", String(at === this.at)));
    options[this.at].scrollIntoView({ block: "nearest" });
    if (this.shown) this.field.setAttribute("aria-activedescendant", options[this.at].id);
  }

  pick(option) {
    this.hide();
    this.insert(option.dataset.text);
    this.field.focus();
  }

  /** Whether the key was for the picker. */
  key(event) {
    if (!this.shown) return false;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") this.mark(this.at + (key === "ArrowDown" ? 1 : -1));
    else if ((key === "Enter" && !event.shiftKey) || key === "Tab") this.pick(list.children[this.at]);
    else if (key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
