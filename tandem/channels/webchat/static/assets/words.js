// What the widget itself says, in the language of the page: lang/<language>.json. What the assistant says is written in
// data/responses/.
const LANGUAGES = "__TANDEM_LANGUAGES__".split(" ");

export async function loadWords(wanted) {
  const tag = String(wanted ?? "").toLowerCase();
  const language = LANGUAGES.find((one) => one === tag) ?? LANGUAGES.find((one) => one === tag.split("-")[0]) ?? "en";
  const response = await fetch(new URL(`lang/${language}.json`, import.meta.url), { credentials: "omit" });
  if (!response.ok) throw new Error(`The chat's words are missing: ${response.status}.`);
  return phrases(language, await response.json());
}

function phrases(language, texts) {
  const plural = new Intl.PluralRules(language);
  const order = new Intl.PluralRules(language, { type: "ordinal" });
  const fill = (text, values) => text.replace(/\{(\w+)\}/gu, (_, name) => values[name]);
  const counted = (forms, rules, count) => fill(forms[rules.select(count)] ?? forms.other, { count });
  const unread = (count) => counted(texts.unread, plural, count);
  const place = (text) => (number) => fill(text, { place: counted(texts.ordinal, order, number) });
  const named = (text) => (name) => fill(text, { name: name || texts.person });
  return {
    ...texts,
    language,
    dir: texts.dir ?? "ltr",
    unread,
    openChatUnread: (count) => fill(texts.openChatUnread, { unread: unread(count) }),
    chosen: (title) => fill(texts.chosen, { title }),
    agentIsHere: (name) => texts.status.agent.split(/(\{name\})/u).map((part) => (part === "{name}" ? name : part)),
    place: (number) => (number === 1 ? texts.placeNext : place(texts.place)(number)),
    placeOffDuty: place(texts.placeOffDuty),
    writes: named(texts.writes),
    said: named(texts.said),
    newFrom: named(texts.newFrom),
    left: (count) => (count < 0 ? counted(texts.over, plural, -count) : counted(texts.left, plural, count)),
    events: Object.fromEntries(Object.entries(texts.events).map(([event, text]) => [event, named(text)])),
  };
}
