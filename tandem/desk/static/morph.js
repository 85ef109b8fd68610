// Makes a piece of page like a fresh one and touches only what differs, so that focus, selection, scroll and a click in
// the middle of being made stay with the elements they belong to.

/** Make `old` like `fresh`. Elements with an id are the same element wherever they stand. */
export function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) { old.nodeValue = fresh.nodeValue; return; }
  if (old.dataset?.kept !== undefined) return;  // what the page's scripts say there
  attributes(old, fresh);
  children(old, fresh);
}

function attributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !belongsToPage(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !belongsToPage(old, name)) old.setAttribute(name, value);
  }
}

// What the agent has opened stays open.
const belongsToPage = (element, name) => name === "open" && element.localName === "details";

function children(old, fresh) {
  let next = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = find(old, next, wanted);
    if (!known) old.insertBefore(wanted, next);
    else {
      if (known === next) next = next.nextSibling;
      else move(old, known, next);
      morph(known, wanted);
    }
  }
  while (next) {
    const after = next.nextSibling;
    next.remove();
    next = after;
  }
}

/** Put `element` before `next`; moving an element takes its focus away, so it is given back. */
export function move(parent, element, next) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(element, next);
  focused?.focus({ preventScroll: true });
}

function find(old, next, wanted) {
  if (wanted.id) return [...old.children].find((one) => one.id === wanted.id && one.localName === wanted.localName);
  return next && next.nodeType === wanted.nodeType && next.nodeName === wanted.nodeName && !next.id ? next : null;
}
