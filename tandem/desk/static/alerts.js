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
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = rows.length ? `(${rows.length}) ${title}` : title;
  const fresh = known ? rows.filter((row) => !known.has(row.dataset.conversation)) : [];
  known = new Set(rows.map((row) => row.dataset.conversation));
  if (!fresh.length) return;
  announce(`${fresh.length === 1 ? "A customer waits" : `${fresh.length} customers wait`}: ${fresh[0].querySelector(".why")?.textContent || ""}`);
  if (wanted()) chime();
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
