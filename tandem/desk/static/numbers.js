// The page of numbers: brings itself up to date while somebody looks, without losing what is selected or in focus.
import { morph } from "./morph.js";
import { fragment, SignedOut } from "./net.js";

const EVERY = 15_000;

async function refresh() {
  if (document.hidden) return;
  const said = document.getElementById("said");
  try {
    const page = await fragment("/numbers");
    morph(document.querySelector("main"), page.querySelector("main"));
    said.textContent = "";
  } catch (error) {
    said.textContent = error instanceof SignedOut ? "You are signed out; these numbers are old." : error.message;
  }
}

setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
