// Brings the page's own parts together: links inside it are wishes, and Gradio builds its part piece by piece, later.
import { find, tenders, verbs } from "./dom.js";
import "./places.js";
import "./sources.js";
import "./uploads.js";
import "./kept.js";
import "./cards.js";
import "./reader.js";
import "./pictures.js";
import "./question.js";
import "./talk.js";
import "./keys.js";

const follow = (anchor, event) => {
  const target = decodeURIComponent(anchor.getAttribute("href").slice(1));
  const verb = target.match(/^[a-z]+(-[a-z]+(?=$))?/);
  const act = verbs.get(target) || (verb && verbs.get(target.split("-")[0]));
  if (!act) return;
  act(target.slice(target.indexOf("-") + 1), anchor, event);
};

document.addEventListener(
  "click",
  (event) => {
    const anchor = event.target.closest && event.target.closest("a[href^='#']");
    if (!anchor) return;
    event.preventDefault();
    event.stopPropagation();
    follow(anchor, event);
  },
  true,
);

let due = false;
const tend = () => {
  due = false;
  for (const act of tenders) act();
};
new MutationObserver(() => {
  if (due) return;
  due = true;
  requestAnimationFrame(tend);
}).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
tend();
