// Shortcuts, and the help that lists them.
import { find, make, texts, verbs } from "./dom.js";
import { hide, isShown } from "./cards.js";
import { begin } from "./kept.js";
import { nextPlace, repaint, resize, show } from "./places.js";
import { stop } from "./question.js";
import { goBack, move, openNumber } from "./reader.js";
import { half } from "./sources.js";
import { unfold } from "./uploads.js";

let before = null;
const dialog = () => find("help-dialog");

const help = () => {
  if (dialog()) return dialog().close();
  before = document.activeElement;
  const box = make("dialog", "", "", { id: "help-dialog" });
  box.setAttribute("aria-label", texts.shortcuts);
  const list = make("dl");
  for (const [key, words] of texts.keys) {
    const name = make("dt");
    name.append(make("kbd", "", key));
    list.append(name, make("dd", "", words));
  }
  box.append(make("h2", "", texts.shortcuts), list, make("button", "button main", texts.close, { type: "button", onclick: () => box.close() }));
  box.onclose = () => {
    box.remove();
    if (before && before.isConnected) before.focus();
  };
  find("frame").append(box);
  return box.showModal();
};
verbs.set("help", help);

const writing = (target) => target.matches && target.matches("textarea, select, [contenteditable], input:not([type='checkbox']):not([type='file'])");

const escape = (event) => {
  if (isShown()) return hide();
  if (event.target.closest("#reader") && goBack()) return undefined;
  if (stop()) return undefined;
  const menu = document.querySelector(".formats, .small-form");
  if (menu) return menu.remove();
  return event.target.blur();
};

const acts = {
  "/": () => verbs.get("question")(),
  s: () => {
    show("sources");
    half("documents-half");
    find("search-documents").focus();
  },
  g: nextPlace,
  n: begin,
  u: unfold,
  j: () => move(1),
  k: () => move(-1),
  "+": () => resize(1),
  "-": () => resize(-1),
  d: repaint,
  "?": help,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog()) return;
  if (event.key === "Escape") return void escape(event);
  if (writing(event.target)) return;
  const act = /^[1-9]$/.test(event.key) ? () => openNumber(Number(event.key)) : acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
