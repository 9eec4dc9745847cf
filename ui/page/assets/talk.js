// The conversation: what can be done with an answer, suggestions, and what stands beside the question.
import { base, cleaned, dossierNow, fact, find, make, query, request, say, send, tenders, texts, verbs, wish } from "./dom.js";
import { begin } from "./kept.js";
import { choice } from "./models.js";
import { ask, write } from "./question.js";

const questionOf = (answer) => {
  const row = find("answer-" + answer).closest("[data-testid='bot']") || find("answer-" + answer);
  const all = [...document.querySelectorAll("#chat .question, #chat .answer")];
  return all[all.indexOf(find("answer-" + answer)) - 1] || row;
};

// copying

const copied = async (words, anchor, done = texts.copied) => {
  const before = anchor.textContent;
  try {
    await navigator.clipboard.writeText(words);
    anchor.textContent = done;
  } catch {
    anchor.textContent = texts.not_copied;
  }
  say(anchor.textContent);
  setTimeout(() => (anchor.textContent = before), 1800);
};

verbs.set("copy", (answer, anchor) => {
  const open = anchor.parentElement.querySelector(".formats");
  if (open) return open.remove();
  const menu = make("ul", "formats");
  for (const [format, words] of [["plain", texts.copy_plain], ["markdown", texts.copy_markdown], ["html", texts.copy_html]]) {
    const item = make("li");
    const button = make("button", "act", words, { type: "button" });
    button.onclick = async () => copied(JSON.parse(await request("/page/copy?" + query({ answer, format }))).text, button);
    item.append(button);
    menu.append(item);
  }
  anchor.after(menu);
  return menu.querySelector("button").focus();
});
verbs.set("link", (answer, anchor) => copied(location.origin + base + "/?" + query({ answer }), anchor, texts.link_copied));

// asking again, otherwise, and editing

verbs.set("again", (answer) => ask(questionOf(answer).textContent));
verbs.set("offer", (_, anchor) => ask(anchor.textContent));
verbs.set("about", (words) => write(texts.about_question.replace("{words}", words)));
verbs.set("earlier", () => wish("earlier"));
verbs.set("edit", (key, anchor) => {
  if (fact("busy")) return;
  wish("edit-" + key);
  write(anchor.parentElement.querySelector(".question").textContent);
});
verbs.set("reword", (answer, anchor) => {
  const line = anchor.closest(".asked-as");
  const standalone = line.querySelector(".standalone");
  const form = make("form", "reword");
  const input = make("textarea", "", "", { value: standalone.textContent, rows: 2, maxLength: 4000 });
  input.setAttribute("aria-label", texts.understood);
  const buttons = make("p", "choice");
  const cancel = make("button", "button", texts.cancel, { type: "button", onclick: () => form.replaceWith(standalone, " ", anchor) });
  buttons.append(make("button", "button main", texts.search_this, { type: "submit" }), cancel);
  form.append(input, buttons);
  const question = questionOf(answer).textContent;
  form.onsubmit = (event) => {
    event.preventDefault();
    if (input.value.trim()) ask(question, input.value.trim());
    cancel.click();
  };
  anchor.remove();
  standalone.replaceWith(form);
  input.focus();
});

// thumbs with a comment

const judge = (rating) => async (answer, anchor) => {
  const acts = anchor.closest(".acts");
  const address = "/v1/answers/" + encodeURIComponent(answer) + "/feedback";
  try {
    await send("POST", address, { rating });
  } catch (error) {
    return say(error.message);
  }
  for (const one of acts.querySelectorAll(".thumb a")) one.removeAttribute("aria-current");
  anchor.setAttribute("aria-current", "true");
  for (const old of acts.parentElement.querySelectorAll(".comment")) old.remove();
  const form = make("form", "comment");
  const input = make("input", "", "", { placeholder: texts.comment, maxLength: 2000 });
  input.setAttribute("aria-label", texts.comment);
  form.append(input, make("button", "button", texts.send_comment, { type: "submit" }));
  form.onsubmit = async (event) => {
    event.preventDefault();
    await send("POST", address, { rating, comment: input.value.trim() });
    form.replaceWith(make("p", "comment", texts.thanks));
  };
  acts.after(form);
  return input.focus();
};
verbs.set("good", judge(1));
verbs.set("bad", judge(-1));

// suggestions: questions to begin with, and to go on with

let suggested = null;
const suggest = async () => {
  const busy = fact("busy");
  const key = busy ? "busy" : fact("latest") || "start-" + dossierNow() + "-" + (document.querySelector(".welcome .starters") ? "y" : "n");
  if (key === suggested) return;
  suggested = key;
  find("suggestions").replaceChildren();
  if (busy || (!fact("suggest") && !key.startsWith("start-")) || key.endsWith("-n") || fact("editing")) return;
  const address = fact("latest") ? "/page/follow-ups?" + query({ answer: fact("latest") }) : "/page/starters?" + query({ dossier: dossierNow() });
  try {
    const found = cleaned(await request(address));
    if (key === suggested) find("suggestions").replaceChildren(found);
  } catch {
    // suggestions are a kindness: where they fail nothing is missing
  }
};

// below the question

const below = () => {
  const line = make("div", "below");
  const fresh = make("button", "act", texts.new_conversation, { type: "button", id: "fresh", onclick: begin });
  line.append(fresh, make("span", "", "", { id: "below-which" }), choice());
  return line;
};
const editing = () => {
  const key = fact("editing");
  document.body.classList.toggle("editing", Boolean(key));
  for (const old of document.querySelectorAll(".being-edited")) old.classList.remove("being-edited");
  const anchor = key && document.querySelector(`#chat a.edit[href="#edit-${key}"]`);
  if (anchor) anchor.parentElement.classList.add("being-edited");
};

// the newest question stays in view, at the top once its answer is long, unless the reader scrolls

let asked = 0;
let scrolled = false;
for (const kind of ["wheel", "touchmove"]) document.addEventListener(kind, () => (scrolled = true), { passive: true });
const keepInView = () => {
  const questions = document.querySelectorAll("#chat .question");
  const total = Number(fact("asked-count"));
  if (total !== asked) scrolled = false;
  asked = total;
  const log = document.querySelector("#chat [role='log']");
  if (!questions.length || scrolled || !log) return;
  const last = questions[questions.length - 1];
  const top = last.getBoundingClientRect().top - log.getBoundingClientRect().top + log.scrollTop;
  log.scrollTop = Math.min(top - 20, log.scrollHeight - log.clientHeight);
};

let latest = "";
const address = () => {
  const id = fact("latest");
  if (id === latest) return;
  latest = id;
  const conversation = fact("conversation-id");
  const wanted = id && conversation ? base + "/?" + query({ conversation }) : base + "/";
  const permanent = new URLSearchParams(location.search).has("answer") && id && asked < 1;
  if (!permanent && find("answer-" + id)) history.replaceState(null, "", wanted);
};

tenders.push(() => {
  if (!find("below").firstChild) find("below").append(below());
  find("fresh").hidden = !fact("asked-count") || fact("asked-count") === "0";
  // Gradio labels each message with its HTML source, which a screen reader would read out
  for (const message of document.querySelectorAll("#chat [data-testid='bot'], #chat [data-testid='user']")) {
    if (message.hasAttribute("aria-label")) message.removeAttribute("aria-label");
  }
  editing();
  suggest();
  address();
  keepInView();
});
