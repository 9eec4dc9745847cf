// The sources: dossiers, the list of documents, and which of them are asked.
import { cleaned, count, dossierNow, find, later, make, notice, query, request, say, send, tenders, texts, verbs, wish } from "./dom.js";

const ORDERS = ["added", "newest", "oldest", "title", "publisher", "longest"];
const ticked = new Map(); // for each dossier the ids of the documents that alone are asked
let dossier = null;
let following = null; // where the next step of the list begins
let fitting = [];
let asking = 0;
let asked = ""; // what alone is asked, as the HTTP interface takes it; empty for everything
export const scopeNow = () => asked;

const ticks = () => {
  if (!ticked.has(dossier)) ticked.set(dossier, new Set());
  return ticked.get(dossier);
};
const value = (id) => find(id).value.trim();
const filter = () => ({
  publisher: find("filter-publisher").value,
  published_from: value("filter-from"),
  published_to: value("filter-to"),
  undated: find("filter-undated").checked,
});
const filters = () => {
  const { publisher, published_from, published_to } = filter();
  return Boolean(publisher || published_from || published_to);
};

// what is asked

const tell = () => {
  const { publisher, published_from, published_to, undated } = filter();
  const documents = [...ticks()];
  const scope = { documents };
  if (filters()) {
    scope.publishers = publisher ? [publisher] : [];
    if (published_from) scope.published_from = published_from;
    if (published_to) scope.published_to = published_to;
    scope.undated = undated;
  }
  const limited = documents.length > 0 || filters();
  asked = limited ? JSON.stringify(scope) : "";
  const words = documents.length ? count(texts.some_asked, documents.length) : limited ? texts.filtered_asked : texts.all_asked;
  find("asked-which").textContent = words;
  find("asked-which").classList.toggle("limited", limited);
  find("ask-all").hidden = !limited;
  for (const box of document.querySelectorAll("#documents .tick")) box.checked = ticks().has(box.value);
  if (find("below-which")) find("below-which").textContent = limited ? words : "";
};

export const tickOnly = (id) => {
  ticks().clear();
  ticks().add(id);
  tell();
  say(find("asked-which").textContent);
};

// the list

const wanted = (offset) =>
  "/page/sources?" + query({ dossier, search: value("search-documents"), sort: find("sort").value, ...filter(), offset });

const publishers = (names) => {
  const select = find("filter-publisher");
  const chosen = select.value;
  const known = [...select.options].slice(1).map((option) => option.value);
  if (known.join("\n") === names.join("\n")) return;
  select.replaceChildren(make("option", "", texts.all_publishers, { value: "" }), ...names.map((name) => make("option", "", name, { value: name })));
  select.value = names.includes(chosen) ? chosen : "";
};

const list = async (offset = 0) => {
  const mine = ++asking;
  let found;
  try {
    found = JSON.parse(await request(wanted(offset)));
  } catch (error) {
    if (mine === asking) find("documents").replaceChildren(notice(error.message));
    return;
  }
  if (mine !== asking) return;
  const rows = cleaned(found.rows);
  if (offset) find("documents").append(rows);
  else find("documents").replaceChildren(rows);
  find("documents").dataset.dossier = dossier; // whose documents these are
  find("count").textContent = found.total ? found.count : "";
  find("controls").hidden = !found.total;
  following = found.following;
  fitting = found.ids;
  find("more").hidden = following === null;
  publishers(found.publishers);
  tell();
};
export const refresh = () => list(0);

// dossiers

const dossiers = async () => {
  const found = JSON.parse(await request("/v1/dossiers")).dossiers.map((one) => one.name);
  if (!found.includes(dossier)) found.unshift(dossier);
  find("dossier").replaceChildren(...found.map((name) => make("option", "", name, { value: name })));
  find("dossier").value = dossier;
};
const addressOf = (name) => "/v1/dossiers/" + encodeURIComponent(name);

const form = (heading, fields, act, words) => {
  const box = make("form", "small-form");
  box.append(make("p", "", heading), ...fields);
  const buttons = make("p", "choice");
  const button = make("button", "button main" + (fields.length ? "" : " danger"), words, { type: "submit" });
  buttons.append(button, make("button", "button", texts.cancel, { type: "button", onclick: () => box.remove() }));
  box.append(buttons);
  box.onsubmit = async (event) => {
    event.preventDefault();
    for (const old of box.querySelectorAll(".notice")) old.remove();
    try {
      await act();
      box.remove();
    } catch (error) {
      box.append(notice(error.message));
    }
  };
  find("dossier-forms").replaceChildren(box);
  (box.querySelector("input") || button).focus();
};
const nameField = (given) => {
  const input = make("input", "", "", { value: given, maxLength: 64, required: true, name: "name" });
  input.setAttribute("aria-label", texts.dossier_name);
  return input;
};

const newDossier = () => {
  const name = nameField("");
  form(texts.new_dossier, [name], async () => {
    await send("PUT", addressOf(name.value.trim()), {});
    wish("choose-" + name.value.trim());
  }, texts.create);
};
const renameDossier = () => {
  const name = nameField(dossier);
  form(texts.rename_dossier, [name], async () => {
    await send("PATCH", addressOf(dossier), { name: name.value.trim() });
    wish("choose-" + name.value.trim());
  }, texts.rename);
};
const deleteDossier = () =>
  form(texts.delete_dossier_sure.replace("{name}", dossier), [], async () => {
    await request(addressOf(dossier), { method: "DELETE" });
    wish("dossiers-");
  }, texts.delete);

// how it is built

const labelled = (words, control, name) => {
  const label = make("label", name || "");
  label.append(make("span", "", words), control);
  return label;
};

const dossierRow = () => {
  const row = make("div", "dossier-row");
  const select = make("select", "", "", { id: "dossier", onchange: () => wish("choose-" + select.value) });
  const menu = make("details", "menu");
  const items = make("ul", "acts");
  for (const [words, act] of [[texts.new_dossier, newDossier], [texts.rename, renameDossier], [texts.delete, deleteDossier]]) {
    const item = make("li");
    const button = make("button", "act", words, { type: "button" });
    button.onclick = () => {
      menu.open = false;
      act();
    };
    item.append(button);
    items.append(item);
  }
  const summary = make("summary", "tool", "", { title: texts.dossier_actions });
  summary.append(make("span", "", "⋯", { "aria-hidden": "true" }));
  summary.setAttribute("aria-label", texts.dossier_actions);
  menu.append(summary, items);
  row.append(labelled(texts.dossier, select), menu);
  return row;
};

const tabs = () => {
  const bar = make("div", "halves", "", { role: "tablist" });
  for (const [id, words] of [["documents-half", texts.documents_tab], ["kept-half", texts.conversations_tab]]) {
    const tab = make("button", "half-tab", words, { type: "button", id: id + "-tab", onclick: () => half(id) });
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", id);
    bar.append(tab);
  }
  return bar;
};
export const half = (id) => {
  for (const one of ["documents-half", "kept-half"]) {
    find(one).hidden = one !== id;
    find(one + "-tab").setAttribute("aria-selected", String(one === id));
  }
  if (id === "kept-half") verbs.get("kept-shown")();
};

const controls = () => {
  const box = make("div", "", "", { id: "controls", hidden: true });
  const again = later(150, () => list(0));
  const search = make("input", "", "", { type: "search", id: "search-documents", placeholder: texts.search_documents, oninput: again });
  search.setAttribute("aria-label", texts.search_documents);
  const sort = make("select", "", "", { id: "sort", onchange: () => list(0) });
  sort.setAttribute("aria-label", texts.sort_by);
  sort.append(...ORDERS.map((order) => make("option", "", texts["sort_" + order], { value: order })));
  const publisher = make("select", "", "", { id: "filter-publisher", onchange: () => list(0) });
  publisher.append(make("option", "", texts.all_publishers, { value: "" }));
  const day = (id) => make("input", "", "", { id, placeholder: "2024-05", pattern: "\\d{4}(-\\d{2}(-\\d{2})?)?", maxLength: 10, oninput: again });
  const undated = make("input", "", "", { type: "checkbox", id: "filter-undated", checked: true, onchange: () => list(0) });
  const more = make("details", "filters");
  const dates = make("div", "dates");
  dates.append(labelled(texts.published_from, day("filter-from")), labelled(texts.published_to, day("filter-to")));
  const check = make("label", "undated-row");
  check.append(undated, make("span", "", texts.undated));
  more.append(make("summary", "", texts.filter), labelled(texts.publisher, publisher), dates, check);
  const row = make("div", "search-row");
  row.append(search, sort);
  const which = make("p", "asked-row");
  const every = make("button", "act", texts.ask_all, { type: "button", id: "ask-all", hidden: true, onclick: askAll });
  which.append(make("span", "", "", { id: "asked-which", role: "status" }), " ", every);
  const line = make("p", "count-row");
  const all = make("button", "act", texts.tick_shown, { type: "button", id: "tick-shown" });
  all.onclick = () => {
    for (const id of fitting) ticks().add(id);
    tell();
  };
  line.append(make("span", "", "", { id: "count" }), all);
  box.append(row, more, which, line);
  return box;
};
const askAll = () => {
  ticks().clear();
  find("filter-publisher").value = find("filter-from").value = find("filter-to").value = "";
  find("filter-undated").checked = true;
  list(0);
};

const build = () => {
  const documents = make("div", "", "", { id: "documents-half", role: "tabpanel" });
  documents.setAttribute("aria-labelledby", "documents-half-tab");
  const listing = make("ul", "", "", { id: "documents" });
  listing.addEventListener("change", (event) => {
    if (!event.target.matches(".tick")) return;
    if (event.target.checked) ticks().add(event.target.value);
    else ticks().delete(event.target.value);
    tell();
  });
  const more = make("button", "button", texts.show_more, { type: "button", id: "more", hidden: true, onclick: () => list(following) });
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && following !== null && list(following)).observe(more);
  documents.append(make("div", "", "", { id: "uploads" }), controls(), listing, more);
  const kept = make("div", "", "", { id: "kept-half", role: "tabpanel", hidden: true });
  kept.setAttribute("aria-labelledby", "kept-half-tab");
  find("sources-room").append(dossierRow(), make("div", "", "", { id: "dossier-forms" }), tabs(), documents, kept);
  half("documents-half");
};

tenders.push(() => {
  if (!find("sources-room").firstChild) build();
  const now = dossierNow();
  if (now === null || now === dossier) return;
  dossier = now;
  for (const id of ["search-documents", "filter-publisher", "filter-from", "filter-to"]) find(id).value = "";
  find("dossier-forms").replaceChildren();
  dossiers().catch((error) => find("dossier-forms").replaceChildren(notice(error.message)));
  list(0);
});

let seen = Date.now();
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && Date.now() - seen > 3000 && dossier) refresh();
  seen = Date.now();
});
