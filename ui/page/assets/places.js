// The frame: header, places on a narrow screen, light and dark, the size of letters, the language.
import { base, find, link, make, remember, remembered, tenders, texts, tool, verbs } from "./dom.js";

export const PLACES = ["sources", "conversation", "reader"];
const SIZES = [87.5, 100, 112.5, 125, 150, 175, 200];
let size = Number(remembered("size", "100"));

export const show = (place) => {
  document.body.dataset.place = place;
  for (const tab of document.querySelectorAll(".tabs a")) {
    if (tab.hash === "#" + place) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
};

export const nextPlace = () => {
  const place = PLACES[(PLACES.indexOf(document.body.dataset.place) + 1) % PLACES.length];
  show(place);
  const first = find(place).querySelector(
    place === "conversation" ? "#question textarea" : "select, input:not([type='file']), a[href], button",
  );
  if (first) first.focus();
};

const paint = (theme) => {
  if (theme) document.body.classList.toggle("dark", theme === "dark");
};
export const repaint = () => {
  const theme = document.body.classList.contains("dark") ? "light" : "dark";
  remember("theme", theme);
  paint(theme);
};

export const resize = (step) => {
  const at = SIZES.indexOf(size);
  size = step === 0 ? 100 : SIZES[Math.min(SIZES.length - 1, Math.max(0, (at < 0 ? 1 : at) + step))];
  remember("size", String(size));
  document.documentElement.style.fontSize = size + "%";
};

const translate = () => {
  const other = texts.language === "de" ? "en" : "de";
  document.cookie = `dossier_language=${other}; path=${base}/; max-age=31536000; samesite=lax`;
  location.reload();
};

const header = () => {
  const bar = make("div", "header");
  const tabs = make("ul", "tabs");
  for (const place of PLACES) {
    const item = make("li");
    item.append(link(place, texts[place], "tab"));
    tabs.append(item);
  }
  const tools = make("div", "tools");
  const other = tool(texts.choose_language.slice(0, 2), texts.choose_language, translate);
  other.lang = texts.language === "de" ? "en" : "de";
  tools.append(
    tool("A−", texts.smaller, () => resize(-1)),
    tool("A+", texts.larger, () => resize(1)),
    tool("◐", texts.theme, repaint),
    other,
    tool("?", texts.help, () => verbs.get("help")()),
  );
  const skip = link("question", texts.skip, "skip");
  bar.append(skip, make("h1", "", "Dossier"), make("p", "promise", texts.promise), tabs, tools);
  return bar;
};

for (const place of PLACES) verbs.set(place, () => show(place));
verbs.set("question", () => {
  show("conversation");
  document.querySelector("#question textarea").focus();
});

tenders.push(() => {
  if (find("header").firstChild) return;
  find("header").append(header());
  // Gradio paints by the system's wish when it comes
  new MutationObserver(() => paint(remembered("theme", ""))).observe(document.body, { attributeFilter: ["class"] });
  show("conversation");
});
