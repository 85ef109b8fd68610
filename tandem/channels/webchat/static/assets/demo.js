// The demo page's "sign in as": what a shop with accounts does on its own server, it asks the demo endpoint for.
const CHOSEN = "tandem-demo-customer";
const account = document.querySelector("#account");
const label = account.querySelector("summary span");
const menu = account.querySelector("#customers");
const situations = account.querySelector("#situations").content;
const signedOut = label.textContent;

// What a shop's own pages do: the chat's script, with the customer's token where somebody is signed in.
function embed(identity) {
  const script = document.createElement("script");
  script.src = "widget.js";
  script.dataset.title = document.body.dataset.chat;
  if (identity) script.dataset.identity = identity;
  document.head.append(script);
}

function show(customer) {
  label.textContent = customer ? customer.name : signedOut;
  account.toggleAttribute("data-signed-in", Boolean(customer));
  for (const button of menu.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.email === (customer?.email ?? "")));
  }
}

async function identityOf(customer) {
  const response = await fetch(`demo-identity?email=${encodeURIComponent(customer.email)}`);
  return response.ok ? (await response.json()).identity : null;
}

async function signIn(customer) {
  const identity = await identityOf(customer);
  if (!identity) return;
  localStorage.setItem(CHOSEN, customer.email);
  show(customer);
  if (window.Tandem) window.Tandem.identify(identity);
  else document.addEventListener("tandem:ready", () => window.Tandem.identify(identity), { once: true });
}

function signOut() {
  localStorage.removeItem(CHOSEN);
  show(null);
  window.Tandem?.signOut();
}

function entry(name, email, choose) {
  const button = document.createElement("button");
  const situation = situations.querySelector(`[data-email="${CSS.escape(email)}"]`);
  button.type = "button";
  button.dataset.email = email;
  button.append(name ?? situation.dataset.name, situation?.cloneNode(true) ?? "");
  button.addEventListener("click", () => {
    account.open = false;
    choose();
  });
  return button;
}

async function start() {
  const response = await fetch("demo-identity");
  const { customers } = response.ok ? await response.json() : { customers: [] };
  for (const customer of customers) {
    menu.append(entry(customer.name, customer.email, () => signIn(customer)));
  }
  menu.append(document.createElement("hr"), entry(null, "", signOut));
  account.hidden = false;
  const kept = () => customers.find((customer) => customer.email === localStorage.getItem(CHOSEN)) ?? null;
  show(kept());
  embed(kept() && (await identityOf(kept())));
  addEventListener("storage", () => show(kept())); // signed in or out in another tab, as with a shop's cookie
}

document.addEventListener("click", (event) => {
  if (!account.contains(event.target)) account.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !account.open) return;
  account.open = false;
  account.querySelector("summary").focus();
});
start();
