// Tandem's web chat. One script tag puts it on a page; see docs/webchat.md for the attributes and `window.Tandem`.
(() => {
  "use strict";
  const script = document.currentScript;
  if (window.Tandem?.isTandem) {
    // A page that swaps its body runs the script again, perhaps for a customer who has signed in meanwhile.
    if (script.dataset.identity) window.Tandem.identify(script.dataset.identity);
    return;
  }
  const base = new URL(".", script.src).href;
  const early = [];
  let chat = null;
  const later = (name) => (...values) => (chat ? chat[name](...values) : void early.push([name, values]));

  window.Tandem = Object.freeze({
    isTandem: true,
    open: later("open"),
    close: later("close"),
    toggle: later("toggle"),
    identify: later("identify"),
    signOut: later("signOut"),
  });

  document.dispatchEvent(new Event("tandem:ready"));

  async function start() {
    try {
      const { mount } = await import(`${base}assets/__TANDEM_VERSION__/main.js`);
      chat = await mount(base, { ...script.dataset });
      for (const [name, values] of early.splice(0)) chat[name](...values);
    } catch (error) {
      console.warn("The chat could not be loaded.", error);
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
