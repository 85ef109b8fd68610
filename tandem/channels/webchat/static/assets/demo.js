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

function show(customer) {
  label.textContent = customer ? customer.name : "Sign in";
  account.toggleAttribute("data-signed-in", Boolean(customer));
  for (const button of menu.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.email === (customer?.email ?? "")));
  }
}

async function signIn(customer) {
  const response = await fetch(`demo-identity?email=${encodeURIComponent(customer.email)}`);
  if (!response.ok) return;
  const { identity } = await response.json();
  sessionStorage.setItem(CHOSEN, customer.email);
  show(customer);
  window.Tandem?.identify(identity);
}

function signOut() {
  sessionStorage.removeItem(CHOSEN);
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
  if (!response.ok) return; // not in demo mode: nobody can sign in here
  const { customers } = await response.json();
  for (const customer of customers) {
    menu.append(entry(customer.name, customer.email, SITUATIONS[customer.email] ?? "", () => signIn(customer)));
  }
  menu.append(document.createElement("hr"), entry("A stranger", "", "Not signed in; the assistant has to ask who you are", signOut));
  account.hidden = false;
  const chosen = customers.find((customer) => customer.email === sessionStorage.getItem(CHOSEN));
  show(chosen ?? null);
  if (chosen) await signIn(chosen);
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
