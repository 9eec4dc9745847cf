// The reader: the passages of an answer, documents with a quote marked, pages of PDFs, and asking about what is selected.
import { cleaned, find, link, make, notice, query, request, say, send, tenders, texts, tool, verbs } from "./dom.js";
import { hide } from "./cards.js";
import { show } from "./places.js";
import { refresh, tickOnly } from "./sources.js";

let origin = null; // the number to return to with Escape
let current = { answer: "", index: -1, spot: null };
const FORESIGHT = 5000; // milliseconds for which what was fetched ahead is taken for what is there
let asking = 0; // the newest request; an older one that comes late is dropped

const room = () => find("reader-room");
const cardsOf = (id) => find("cards-" + id);
const listed = (id) => [...(cardsOf(id) ? cardsOf(id).querySelectorAll(".passage") : [])];
const latestAnswer = () => [...document.querySelectorAll("#chat .cards")].pop();

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const reveal = (element) => {
  (element.querySelector(".box") || element).scrollIntoView({ behavior: still() ? "auto" : "smooth", block: "center" });
  element.focus({ preventScroll: true });
};

// the passages of an answer, as they stand hidden in it

export const passages = (id) => {
  const cards = id ? cardsOf(id) : latestAnswer();
  const list = make("div", "passages");
  current = { answer: id || (cards ? cards.id.slice("cards-".length) : ""), index: -1, spot: null };
  if (!cards) {
    list.append(make("h2", "", texts.reader), make("p", "none", document.querySelector("#chat .answer.aside") ? texts.aside_passages : texts.no_passages));
  } else {
    for (const child of cards.children) {
      if (child.classList.contains("rests")) continue;
      const copy = child.cloneNode(true);
      if (copy.id) copy.id = "listed-" + copy.id;
      list.append(copy);
    }
    if (!listed(current.answer).length) list.append(make("p", "none", texts.nothing_near));
  }
  room().replaceChildren(top("passages"), list);
  return list;
};

// the bar over a document: this answer's citations, and the way to the next

const steps = (all) => {
  const box = make("span", "steps");
  const step = (sign, words, by) => {
    const button = tool(sign, words, () => move(by));
    button.disabled = !all[current.index + by];
    box.append(button);
  };
  step("‹", texts.previous, -1);
  const where = texts.citation_of.replace("{n}", current.index + 1).replace("{total}", all.length);
  box.append(make("span", "where", where));
  step("›", texts.next, 1);
  return box;
};
const numbers = (all) => {
  const list = make("ul", "margin");
  all.forEach((card, index) => {
    const item = make("li");
    const number = card.querySelector(".number").textContent;
    const anchor = link("at-" + index, number, "cite");
    anchor.title = card.querySelector(".title").textContent;
    anchor.setAttribute("aria-label", `${texts.passage} ${number}: ${anchor.title}`);
    if (index === current.index) anchor.setAttribute("aria-current", "true");
    item.append(anchor);
    list.append(item);
  });
  return list;
};
const looks = (kind) => {
  const list = make("ul", "acts looks");
  for (const one of listed(current.answer).some((card) => card.classList.contains("c")) ? ["coverage", "timeline", "map"] : ["timeline", "map"]) {
    const item = make("li");
    const anchor = link(one + "-" + current.answer, texts[one]);
    if (one === kind) anchor.setAttribute("aria-current", "true");
    item.append(anchor);
    list.append(item);
  }
  return list;
};

// `kind`: "passages", "document" or the name of a picture
export const top = (kind) => {
  const all = listed(current.answer);
  const nav = make("nav", "citations", "", { "aria-label": texts.this_answer });
  if (kind !== "passages") nav.append(link("passages-" + current.answer, texts.back, "back"));
  if (kind === "document" && all.length) nav.append(numbers(all));
  if (kind === "document" && current.index >= 0) nav.append(steps(all));
  if (kind !== "document") nav.append(looks(kind));
  return nav;
};

// what a number leads to is fetched while it is pointed at, so that it is there when it is followed
let ahead = { address: "", until: 0, content: null };
const foresee = (address) => {
  if (ahead.address === address && Date.now() < ahead.until) return;
  const content = request(address).then(cleaned); // a page's picture begins to load as soon as its element is made
  content.catch(() => (ahead.until = 0));
  ahead = { address, until: Date.now() + FORESIGHT, content };
};
const given = (address) => {
  const content = ahead.address === address && Date.now() < ahead.until ? ahead.content : request(address).then(cleaned);
  ahead.until = 0;
  return content;
};

const fetched = async (address) => {
  const mine = ++asking;
  try {
    const content = await given(address);
    return mine === asking ? content : null;
  } catch (error) {
    return mine === asking ? notice(error.message) : null;
  }
};

const put = async (address) => {
  show("reader");
  const content = await fetched(address);
  if (!content) return false;
  room().replaceChildren(top("document"), content);
  const mark = find("quote-mark");
  if (mark) reveal(mark);
  else if (find("reading-title")) {
    find("reader").scrollTop = 0;
    find("reading-title").focus({ preventScroll: true });
  }
  return true;
};

const addressOf = (spot, view) =>
  "/page/reader?" +
  query({ document: spot.document, version: spot.version, start: spot.start, end: spot.end, around: spot.around, begin: spot.begin, view });

const open = (spot, view) => {
  current.spot = spot;
  return put(addressOf(spot, view));
};

export const spotOf = (target) => {
  const [document, version, start, end, low, high] = target.split("-");
  return { document, version, start, end, around: low === undefined ? "" : low + "-" + high };
};

const spotOfCard = (card) => spotOf(card.querySelector("a.title").hash.slice("#read-".length));
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const chip = event.target.closest && event.target.closest("#chat a.cite");
    const card = chip && find("card-" + chip.hash.slice("#cite-".length));
    if (card) foresee(addressOf(spotOfCard(card)));
  });
}

const openCard = (card) => {
  const id = card.id.replace("listed-", "");
  const answer = id.slice("card-".length, id.lastIndexOf("-"));
  current = { answer, index: listed(answer).findIndex((one) => one.id === id), spot: null };
  for (const chip of document.querySelectorAll("#chat a.cite[aria-current]")) chip.removeAttribute("aria-current");
  const chip = document.querySelector(`#chat a.cite[href="#cite-${id.slice("card-".length)}"]`);
  if (chip) chip.setAttribute("aria-current", "true");
  return open(spotOfCard(card));
};

export const move = (by) => {
  const next = listed(current.answer)[current.index + by];
  if (next) openCard(next);
};
export const openNumber = (number) => {
  const cards = latestAnswer();
  const card = cards && cards.querySelectorAll(".passage")[number - 1];
  if (!card) return;
  origin = document.querySelector(`#chat a.cite[href="#cite-${card.id.slice("card-".length)}"]`);
  openCard(card);
};
export const openCitation = (answer, number) => {
  const card = find(`card-${answer}-c${number}`) || find(`card-${answer}-n${number}`);
  if (card) openCard(card);
};

export const goBack = () => {
  if (!origin || !origin.isConnected) return false;
  show("conversation");
  origin.focus();
  hide();
  return true;
};

verbs.set("cite", (target, anchor) => {
  origin = anchor;
  hide();
  const card = find("card-" + target);
  if (card) openCard(card);
});
verbs.set("at", (index) => openCard(listed(current.answer)[Number(index)]));
verbs.set("read", (target, anchor) => {
  const card = anchor.closest(".passage");
  if (card) openCard(card);
  else open(spotOf(target));
});
verbs.set("passages", (id) => {
  passages(id);
  room().querySelector(".passages a, .citations a").focus();
});
verbs.set("document", (document) => {
  current.index = -1;
  open({ document });
});
verbs.set("from", (target) => {
  const [document, version, begin] = target.split("-");
  open({ ...current.spot, document, version, begin }, "text");
});
verbs.set("as-text", () => open(current.spot, "text"));
verbs.set("as-pages", () => open(current.spot, "pages"));
verbs.set("only", (document) => tickOnly(document));
verbs.set("correct", (document) => put("/page/correcting?" + query({ document })));
verbs.set("remove", (document) => put("/page/removing?" + query({ document })));

verbs.set("corrected", async (id) => {
  const body = {};
  for (const input of find("correcting").querySelectorAll("input")) body[input.name] = input.value.trim();
  try {
    await send("PATCH", "/v1/documents/" + encodeURIComponent(id), body);
    await open({ document: id });
    say(texts.corrected);
    find("reading-title").after(make("p", "done", texts.corrected));
    refresh();
  } catch (error) {
    for (const old of find("correcting").querySelectorAll(".notice")) old.remove();
    find("correcting").append(notice(error.message));
  }
});
verbs.set("removed", async (id) => {
  const title = (document.querySelector(`#row-${CSS.escape(id)} .title`) || { textContent: "" }).textContent;
  try {
    await request("/v1/documents/" + encodeURIComponent(id), { method: "DELETE" });
    const words = texts.removed.replace("{title}", title);
    room().replaceChildren(top("document"), make("p", "done", words, { tabIndex: -1 }));
    room().querySelector(".done").focus();
    say(words);
    refresh();
  } catch (error) {
    room().append(notice(error.message));
  }
});

// a selection in the reader offers to ask about it

let offer = null;
document.addEventListener("selectionchange", () => {
  const chosen = document.getSelection();
  const words = chosen.toString().replace(/\s+/g, " ").trim();
  const inside = chosen.rangeCount && room() && room().contains(chosen.getRangeAt(0).commonAncestorContainer);
  if (offer) offer.remove();
  offer = null;
  if (!inside || words.length < 3 || words.length > 300) return;
  const at = chosen.getRangeAt(0).getBoundingClientRect();
  offer = make("button", "button main about-this", texts.ask_about, { type: "button" });
  offer.onpointerdown = (event) => event.preventDefault(); // a click must not end the selection first
  offer.onclick = () => verbs.get("about")(words);
  offer.style.left = Math.max(8, Math.min(at.left, innerWidth - 180)) + "px";
  offer.style.top = Math.max(8, at.top - 44) + "px";
  find("frame").append(offer);
});

const asked = new URLSearchParams(location.search);
let awaited = asked.get("answer") && asked.get("citation");
let shown = null;
tenders.push(() => {
  const latest = latestAnswer();
  const id = latest ? latest.id : "none";
  if (id === shown && room().firstChild) return;
  shown = id;
  passages("");
  if (awaited && find("cards-" + asked.get("answer"))) {
    openCitation(asked.get("answer"), awaited);
    awaited = null;
  }
});
