// The question: a box of the page's own, so that it is there at once and typing waits for nothing.
import { fact, find, isReady, make, tenders, texts, wish } from "./dom.js";
import { modelNow } from "./models.js";
import { show } from "./places.js";
import { scopeNow } from "./sources.js";

const LONGEST = 4000;
const PATIENCE = 10_000; // milliseconds until a question that nothing came of may be sent again
let sent = null; // the question that the server has not yet taken up

const box = () => document.querySelector("#question textarea");
const trouble = () => [...document.querySelectorAll("#trouble .notice")].map((one) => one.textContent).join();
const stand = () => ["asked-count", "busy", "latest"].map(fact).join(" ") + trouble();

export const write = (words) => {
  show("conversation");
  box().value = words;
  fit();
  box().focus();
};

export const ask = (words, standalone = "") => {
  const late = sent && Date.now() > sent.until;
  if (!words.trim() || fact("busy") || (sent && !late)) return;
  show("conversation");
  sent = { words, before: null, until: Infinity, wished: JSON.stringify({ question: words, standalone, scope: scopeNow(), model: modelNow() }) };
  tend();
};

export const stop = () => {
  const button = document.querySelector("#question .stop-button");
  if (button) button.click();
  return Boolean(button);
};

const fit = () => {
  if (CSS.supports("field-sizing", "content")) return; // the style sheet does it
  box().style.height = "auto";
  box().style.height = box().scrollHeight + "px";
};

const symbol = (path) => {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  picture.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  picture.firstChild.setAttribute("d", path);
  return picture;
};
const button = (name, words, path, settings) => {
  const made = make("button", name, "", { title: words, ...settings });
  made.setAttribute("aria-label", words);
  made.append(symbol(path));
  return made;
};

const build = (form) => {
  const text = make("textarea", "", "", { rows: 1, maxLength: LONGEST, placeholder: texts.ask, oninput: fit });
  text.setAttribute("aria-label", texts.question);
  text.onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask(text.value.trim());
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    ask(text.value.trim());
  };
  form.append(text, button("submit-button", texts.send, "M12 4 5 11l1.6 1.6 4.3-4.3V20h2.2V8.3l4.3 4.3L19 11z", { type: "submit" }));
  text.focus({ preventScroll: true });
};

// While an answer is written the button stops it.
const buttons = (form) => {
  const busy = fact("busy") !== "";
  const there = form.querySelector(".stop-button");
  form.querySelector(".submit-button").hidden = busy;
  if (busy && !there) form.append(button("stop-button", texts.stop, "M7 7h10v10H7z", { type: "button", onclick: () => wish("", "halt") }));
  if (!busy && there) there.remove();
};

const tend = () => {
  const form = find("question");
  if (!form.firstChild) build(form);
  buttons(form);
  if (find("early")) find("early").hidden = isReady();
  if (!sent || !isReady()) return;
  if (sent.before === null) {
    sent.before = stand();
    sent.until = Date.now() + PATIENCE;
    return wish(sent.wished, "send");
  }
  if (stand() === sent.before) return undefined;
  if (!trouble() && box().value.trim() === sent.words) {
    box().value = "";
    fit();
  }
  sent = null;
  return undefined;
};
tenders.push(tend);
