// The shared worker: one live stream for all of a browser's tabs, which may have six connections to one address.
import { EventStream } from "./event_stream.js";

const FORGET = 5 * 60_000;  // milliseconds without a sign of life of a tab; hidden ones are let run once a minute
const tabs = new Map();  // port: the conversation it shows and when it was heard
let isUp = false;

const stream = new EventStream((name, data) => {
  isUp = name === "down" ? false : name === "hello" ? true : isUp;
  for (const [port, tab] of tabs) {
    if (name !== "conversation" || tab.id === data.id) port.postMessage({ name, data });
  }
});

function follow() { stream.follow(new Set([...tabs.values()].map((tab) => tab.id).filter(Boolean))); }

self.addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => {
    if (data.bye) { tabs.delete(port); return; }
    const known = tabs.get(port);
    tabs.set(port, { id: "follow" in data ? data.follow : known?.id || null, heard: Date.now() });
    if ("follow" in data || !known) {
      follow();
      if (isUp) port.postMessage({ name: "joined", data: {} });
    }
  });
  port.start();
});

setInterval(() => {
  for (const [port, tab] of tabs) if (Date.now() - tab.heard > FORGET) tabs.delete(port);
}, 30_000);
