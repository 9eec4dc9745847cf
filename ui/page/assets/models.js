// What words the answers: the documents themselves or a language model. Models are looked for when someone opens the
// choice, and none is used unless it was set or chosen.
import { make, notice, request, say, texts } from "./dom.js";

const EXTRACTIVE = "extractive";
const set = document.querySelector("meta[name='dossier-model']").content;
let chosen = "";

export const modelNow = () => chosen;
const nameOf = (model) => (model === EXTRACTIVE ? texts.own_words : model);

const offer = (box, models) => {
  const list = make("ul", "formats");
  for (const model of models) {
    const item = make("li");
    const button = make("button", "act", nameOf(model), { type: "button" });
    button.setAttribute("aria-pressed", String(model === (chosen || set)));
    button.onclick = () => {
      chosen = model === set ? "" : model;
      list.remove();
      tell(box);
      say(box.firstChild.textContent);
      box.firstChild.focus();
    };
    item.append(button);
    list.append(item);
  }
  if (models.length < 2) list.append(make("li", "none", texts.no_models));
  return list;
};

const tell = (box) => {
  box.firstChild.textContent = `${texts.wording} ${nameOf(chosen || set)}`;
};

const open = async (box) => {
  const there = box.querySelector(".formats, .notice");
  if (there) return there.remove();
  const waiting = make("ul", "formats");
  waiting.append(make("li", "none", texts.looking + " …"));
  box.append(waiting);
  let list;
  try {
    list = offer(box, JSON.parse(await request("/page/models")).models);
  } catch (error) {
    list = notice(error.message);
  }
  if (!waiting.isConnected) return undefined;
  waiting.replaceWith(list);
  const now = list.querySelector("[aria-pressed='true']") || list.querySelector("button");
  if (now) now.focus();
  return undefined;
};

export const choice = () => {
  const box = make("span", "wording", "", { id: "wording" });
  const button = make("button", "act", "", { type: "button", title: texts.wording_choice, onclick: () => open(box) });
  box.append(button);
  tell(box);
  return box;
};
