// Signs that somebody new waits: the title, a soft sound if wanted, and words for screen readers.
const SOUND = "tandem:sound";
let known = null;
let audio = null;

export function announce(words) { document.getElementById("announce").textContent = words; }

export function toast(words) {
  const place = document.getElementById("toasts");
  const one = document.createElement("p");
  one.textContent = words;
  place.append(one);
  setTimeout(() => one.remove(), 8000);
}

export function alertWaiting() {
  const rows = [...document.querySelectorAll("#group-waiting [data-conversation]")];
  showTitle();
  const fresh = known ? rows.filter((row) => !known.has(row.dataset.conversation)) : [];
  known = new Set(rows.map((row) => row.dataset.conversation));
  if (!fresh.length) return;
  announce(`${fresh.length === 1 ? "A customer waits" : `${fresh.length} customers wait`}: ${fresh[0].querySelector(".why")?.textContent || ""}`);
  if (wanted()) chime();
}

// Customers whom this agent has left without an answer for too long: a sign on their row, in the title and, each minute,
// the sound.
let late = 0;
let reminded = 0;

export function remind() {
  const limit = Number(document.getElementById("queue-state")?.dataset.remind || 0) * 1000;
  late = 0;
  for (const row of document.querySelectorAll("#group-mine [data-unanswered]")) {
    const waits = limit > 0 && Date.now() - Date.parse(row.dataset.unanswered) >= limit;
    row.querySelector(".late").hidden = !waits;
    if (waits) late += 1;
  }
  showTitle();
  if (!late || Date.now() - reminded < 60_000) return;
  reminded = Date.now();
  announce(late === 1 ? "A customer waits for your answer" : `${late} customers wait for your answer`);
  if (wanted()) chime();
}

function showTitle() {
  const title = document.title.replace(/^(! )?(\(\d+\) )?/, "");
  const rows = document.querySelectorAll("#group-waiting [data-conversation]").length;
  document.title = `${late ? "! " : ""}${rows ? `(${rows}) ` : ""}${title}`;
}

const wanted = () => { try { return localStorage.getItem(SOUND) === "on"; } catch { return false; } };

function chime() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume().catch(() => {});
  [[523.25, 0], [783.99, 0.14]].forEach(([pitch, after]) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + after;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.08, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.55);
  });
}

export function setUpSound() {
  const button = document.getElementById("sound");
  const show = () => {
    button.setAttribute("aria-pressed", String(wanted()));
    button.querySelector("span").textContent = wanted() ? "on" : "off";
  };
  button.addEventListener("click", () => {
    try { localStorage.setItem(SOUND, wanted() ? "off" : "on"); } catch { return; }
    show();
    if (wanted()) chime();
  });
  show();
}
