// The demo page's "sign in as": what a shop with accounts does on its own server, it asks the demo endpoint for.
const SITUATIONS = {
  "on-time@example.com": "One order, arrives tomorrow",
  "late@example.com": "One order, held up on its way",
  "two-orders@example.com": "Two open orders",
  "new@example.com": "Ordered two hours ago",
  "delivered@example.com": "Delivered five days ago",
  "refund@example.com": "Sent something back, refund issued",
  "lost@example.com": "A parcel that got lost",
  "vip@example.com": "Gold member, arrives today",
};
const CHOSEN = "tandem-demo-customer";
const account = document.querySelector("#account");
const label = account.querySelector("summary span");
const menu = account.querySelector("#customers");

// What a shop's own pages do: the chat's script, with the customer's token where somebody is signed in.
function embed(identity) {
  const script = document.createElement("script");
  script.src = "widget.js";
  script.dataset.title = document.body.dataset.chat;
  if (identity) script.dataset.identity = identity;
  document.head.append(script);
}

function show(customer) {
  label.textContent = customer ? customer.name : "Sign in";
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

function entry(name, email, situation, choose) {
  const button = document.createElement("button");
  const detail = document.createElement("small");
  button.type = "button";
  button.dataset.email = email;
  detail.textContent = situation;
  button.append(name, detail);
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
    menu.append(entry(customer.name, customer.email, SITUATIONS[customer.email] ?? "", () => signIn(customer)));
  }
  menu.append(document.createElement("hr"), entry("A stranger", "", "Not signed in; the assistant has to ask who you are", signOut));
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
