// Small helpers to build elements. Text only ever becomes a text node, so nothing that anybody writes can run.
const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const ICONS = {
  send: ["M4 11.5 20 4l-4.6 16-3.9-6.4z", "M11.5 13.6 20 4"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  down: ["M12 5v13", "M6 12.5l6 6 6-6"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  clip: ["M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1l8.6-8.6a3.4 3.4 0 0 1 4.8 4.8l-8.6 8.6a1.7 1.7 0 0 1-2.4-2.4l7.6-7.6"],
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const path of ICONS[name]) {
    const stroke = document.createElementNS(SVG, "path");
    stroke.setAttribute("d", path);
    svg.append(stroke);
  }
  return svg;
}

// The mark: two riders, one close behind the other.
export function mark() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "2 4.5 28 22");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const back = "M20.5 7a8.5 8.5 0 0 1 0 17 8.4 8.4 0 0 1-2.5-.4 11.8 11.8 0 0 0 2-14.3 8.5 8.5 0 0 0-3-1.5A8.5 8.5 0 0 1 20.5 7z";
  const front = "M11.5 7a8.5 8.5 0 1 1-3.6 16.2L3.2 24.8l1.3-4.7A8.5 8.5 0 0 1 11.5 7z";
  for (const [name, d] of [["mark-back", back], ["mark-front", front]]) {
    const shape = document.createElementNS(SVG, "path");
    shape.setAttribute("class", name);
    shape.setAttribute("d", d);
    svg.append(shape);
  }
  return svg;
}

export function initials(name) {
  const parts = name.trim().split(/\s+/u);
  const letters = [parts[0], parts.length > 1 ? parts[parts.length - 1] : ""].map((part) => [...part][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

// An address that is safe to follow or load, or null.
export function safeUrl(value) {
  try {
    const url = new URL(value);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function link(address, text, hint) {
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, text,
    h("span", { class: "sr" }, ` ${hint}`));
}

// Text with its http(s) addresses made into links; punctuation that ends a sentence stays outside.
export function linked(text, hint) {
  const nodes = [];
  let rest = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"'`]+/giu)) {
    let address = found[0].replace(/[.,;:!?]+$/u, "");
    if (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1);
    const safe = safeUrl(address);
    if (!safe) continue;
    nodes.push(document.createTextNode(text.slice(rest, found.index)), link(safe, address, hint));
    rest = found.index + address.length;
  }
  nodes.push(document.createTextNode(text.slice(rest)));
  return nodes;
}
