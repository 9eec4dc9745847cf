// Conversations that are kept: listed, searched, opened, renamed, erased.
import { cleaned, fact, find, later, make, notice, query, request, say, send, tenders, texts, verbs, wish } from "./dom.js";
import { show } from "./places.js";

let following = null;
let listed = null;
const addressOf = (id) => "/v1/conversations/" + encodeURIComponent(id);

const list = async (cursor = "") => {
  try {
    const open = fact("conversation-id");
    const found = JSON.parse(await request("/page/conversations?" + query({ search: find("search-kept").value.trim(), cursor, open })));
    if (cursor) find("kept").append(cleaned(found.rows));
    else find("kept").replaceChildren(cleaned(found.rows));
    following = found.following;
    find("more-kept").hidden = !following;
  } catch (error) {
    find("kept").replaceChildren(notice(error.message));
  }
};

const build = () => {
  const search = make("input", "", "", { type: "search", id: "search-kept", placeholder: texts.search_conversations, oninput: later(200, () => list()) });
  search.setAttribute("aria-label", texts.search_conversations);
  const fresh = make("button", "button main", "+ " + texts.new_conversation, { type: "button", onclick: begin });
  const more = make("button", "button", texts.show_more, { type: "button", id: "more-kept", hidden: true, onclick: () => list(following) });
  find("kept-half").append(fresh, search, make("ul", "", "", { id: "kept" }), more);
};

export const begin = () => {
  wish("new");
  show("conversation");
  document.querySelector("#question textarea").focus();
};

verbs.set("kept-shown", () => list());
verbs.set("reopen", (id) => {
  wish("conversation-" + id);
  show("conversation");
});
verbs.set("retitle", (id) => {
  const row = find("kept-" + id);
  const input = make("input", "", "", { value: row.querySelector(".title").textContent, maxLength: 200 });
  input.setAttribute("aria-label", texts.title);
  const box = make("form", "small-form");
  const buttons = make("p", "choice");
  buttons.append(make("button", "button main", texts.save, { type: "submit" }), make("button", "button", texts.cancel, { type: "button", onclick: () => list() }));
  box.append(input, buttons);
  box.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await send("PATCH", addressOf(id), { title: input.value.trim() });
      list();
    } catch (error) {
      box.append(notice(error.message));
    }
  };
  row.replaceChildren(box);
  input.focus();
});
verbs.set("erase", (id) => {
  const row = find("kept-" + id);
  const box = make("div", "small-form");
  const buttons = make("p", "choice");
  const erase = async () => {
    try {
      await request(addressOf(id), { method: "DELETE" });
      if (fact("conversation-id") === id) wish("new");
      say(texts.erased);
      list();
    } catch (error) {
      box.append(notice(error.message));
    }
  };
  const sure = make("button", "button danger", texts.erase, { type: "button", onclick: erase });
  buttons.append(sure, make("button", "button", texts.cancel, { type: "button", onclick: () => list() }));
  box.append(make("p", "", texts.erase_sure.replace("{title}", row.querySelector(".title").textContent)), buttons);
  row.replaceChildren(box);
  sure.focus();
});

tenders.push(() => {
  if (find("kept-half") && !find("kept-half").firstChild) build();
  const now = fact("conversation-id") + fact("latest");
  if (now === listed || !find("kept-half")) return;
  listed = now;
  if (!find("kept-half").hidden) list();
});
