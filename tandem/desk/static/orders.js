// The customer's orders in the context card: looked up anew, cancelled, listed for whom the channel knows, or found by
// what the customer says.
import { shownConversation } from "./conversation.js";
import { api } from "./net.js";

const listed = new Set();  // conversations whose customer's orders were asked for by this page

/** Ask for the orders of a customer whom the channel knows, once, where none have been looked up. */
export async function listOrders(act) {
  const id = shownConversation();
  if (!id || listed.has(id) || !document.querySelector("#orders[data-list]")) return;
  listed.add(id);
  const { orders } = await act("orders/recent", {}, id) || {};
  if (orders?.length === 0 && shownConversation() === id) say("No orders are known under this customer's address.");
}

/** Find an order by number and contact. */
export function setUpOrders(signedOut, done) {
  document.addEventListener("submit", async (event) => {
    if (event.target.id !== "find-order") return;
    event.preventDefault();
    const form = event.target;
    const id = shownConversation();
    const values = Object.fromEntries(new FormData(form));
    say("Looking…");
    try {
      await api(id, "orders/find", values);
      if (shownConversation() !== id) return;
      form.reset();
      say("Found.");
      done();
    } catch (error) {
      signedOut(error);
      if (shownConversation() === id) say(error.message, true);
    }
  });
}

function say(words, bad = false) {
  const place = document.getElementById("find-state");
  if (!place) return;
  place.textContent = words;
  place.classList.toggle("bad", bad);
}
