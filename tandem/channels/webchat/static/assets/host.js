// The element in which the chat stands on the page, and what a page may do to it: cover it, hide it, swap its body,
// refuse its stylesheet.
import { h } from "./dom.js";

// Defined, so that a page's `:not(:defined)` rule does not hide it.
if (!customElements.get("tandem-chat")) customElements.define("tandem-chat", class extends HTMLElement {});

const PAUSES = [1000, 4000, 15000]; // milliseconds before the stylesheet is asked for again

export class Host {
  constructor({ theme, side }, onReturn) {
    this.element = h("tandem-chat", { "data-theme": theme, "data-side": side, "data-testid": "tandem-chat" });
    this.root = this.element.attachShadow({ mode: "open" });
    this.onReturn = onReturn;
  }

  // Shown once its stylesheet is there. It stands beside the body, where neither a body that is swapped nor the page's
  // rules for the body's children reach it; whatever takes it away, it comes back.
  place(base, onReady) {
    this.element.style.setProperty("display", "none");
    this.#dress(base, onReady);
    document.documentElement.append(this.element);
    const observer = new MutationObserver(() => {
      if (this.element.isConnected) return;
      this.element.style.setProperty("display", "none"); // the stylesheet is loaded anew
      document.documentElement.append(this.element);
      this.#watch(observer);
      this.sheet.addEventListener("load", () => this.onReturn(), { once: true });
    });
    this.#watch(observer);
  }

  // Loads the stylesheet; again after a while if it did not come, for a network may fail.
  #dress(base, onReady, tries = 0) {
    const address = new URL("widget.css", import.meta.url).href;
    this.sheet?.remove();
    this.sheet = h("link", { rel: "stylesheet", href: address });
    this.sheet.addEventListener("load", () => this.element.style.removeProperty("display"));
    this.sheet.addEventListener("load", onReady, { once: true });
    this.sheet.addEventListener("error", () => {
      if (tries === 0) {
        console.error(
          `Tandem: the chat stays hidden, because its stylesheet ${address} could not be loaded. If this page has a `
          + `Content-Security-Policy, allow ${new URL(base).origin} under style-src; see docs/webchat.md.`);
      }
      if (tries < PAUSES.length) setTimeout(() => this.#dress(base, onReady, tries + 1), PAUSES[tries]);
    });
    this.root.append(this.sheet);
  }

  #watch(observer) {
    observer.observe(document, { childList: true });
    observer.observe(document.documentElement, { childList: true });
  }
}

// Takes on a page's colour: letters on it that can be read, and a shade of it for letters and borders on the paper.
export function paint(host, accent) {
  const brush = h("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  brush.fillStyle = accent;
  brush.fillRect(0, 0, 1, 1);
  const colour = [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  const set = (name, value) => host.style.setProperty(name, value);
  set("--accent", accent);
  const best = contrast(colour, DARK) >= contrast(colour, LIGHT) ? DARK : LIGHT;
  set("--on-accent", css(contrast(colour, best) >= 4.5 ? best : BLACK)); // where the best of both is little, black is more
  set("--accent-on-light", css(readable(colour, DARK, [255, 253, 249])));
  set("--accent-on-dark", css(readable(colour, LIGHT, [20, 27, 25])));
}

const DARK = [16, 32, 27];
const LIGHT = [255, 255, 255];
const BLACK = [0, 0, 0];
const css = (colour) => `rgb(${colour.map(Math.round).join(" ")})`;

// The colour, moved towards another until letters in it can be read on the paper (WCAG: 4.5 to 1).
function readable(colour, towards, paper) {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = colour.map((part, at) => part + (towards[at] - part) * share);
    if (contrast(mixed, paper) >= 4.6) return mixed;
  }
  return towards;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour) {
  const [r, g, b] = colour.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
