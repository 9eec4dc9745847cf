// A number's card: what is shown when it is pointed at or reached by the keyboard.
import { find, make } from "./dom.js";

const DELAY = 120;
let floating = null;
let shownFor = null;
let timer = 0;

export const cardOf = (chip) => find("card-" + chip.hash.slice("#cite-".length));

const place = (chip) => {
  const at = chip.getBoundingClientRect();
  const box = floating.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left + at.width / 2 - box.width / 2), innerWidth - box.width - 8);
  const above = at.top - box.height - 8;
  floating.style.left = left + "px";
  floating.style.top = (above > 8 ? above : Math.min(at.bottom + 8, innerHeight - box.height - 8)) + "px";
};

export const hide = () => {
  clearTimeout(timer);
  if (floating) floating.remove();
  if (shownFor) shownFor.removeAttribute("aria-describedby");
  floating = shownFor = null;
};

const reveal = (chip) => {
  const card = cardOf(chip);
  if (!card || shownFor === chip) return;
  hide();
  floating = make("div", "card", "", { role: "tooltip" });
  floating.id = "card-shown";
  const copy = card.cloneNode(true);
  copy.removeAttribute("id");
  for (const anchor of copy.querySelectorAll("a")) anchor.replaceWith(make("b", anchor.className, anchor.textContent));
  const quote = copy.querySelector("blockquote");
  const mark = copy.querySelector("mark");
  if (quote && mark) quote.replaceChildren(mark);
  floating.append(copy);
  find("frame").append(floating);
  shownFor = chip;
  chip.setAttribute("aria-describedby", "card-shown");
  place(chip);
};

const soon = (chip) => {
  clearTimeout(timer);
  timer = setTimeout(() => reveal(chip), DELAY);
};

document.addEventListener("pointerover", (event) => {
  const chip = event.target.closest && event.target.closest("a.cite");
  if (chip) soon(chip);
  else if (!(event.target.closest && event.target.closest("#card-shown"))) hide();
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches && event.target.matches("a.cite:focus-visible")) reveal(event.target);
  else hide();
});
document.addEventListener("scroll", hide, true);
export const isShown = () => floating !== null;
