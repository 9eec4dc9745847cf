// Small things that every other file uses: elements, the page's words, fetching, and asking the server for something.

export const texts = JSON.parse(document.querySelector("meta[name='dossier-texts']").content);
export const base = new URL(import.meta.url).pathname.split("/page/")[0]; // where a proxy may have put us
export const find = (id) => document.getElementById(id);
export const fact = (name) => (find(name) || { textContent: "" }).textContent;
// Gradio, which brings the facts, comes later than the frame: until then the server has told which dossier is open.
const opening = document.querySelector("meta[name='dossier-open']");
export const dossierNow = () => (find("dossier-name") ? fact("dossier-name") : opening ? opening.content : null);
export const isReady = () => find("dossier-name") !== null && find("wish") !== null;
export const count = (words, number) => (number === 1 ? words[0] : words[1].replace("{n}", String(number)));

export const make = (tag, name, text, settings) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  for (const [key, value] of Object.entries(settings || {})) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  return element;
};

// A button whose sign says nothing to whoever hears the page.
export const tool = (sign, words, act) => {
  const button = make("button", "tool", "", { type: "button", title: words, onclick: act });
  button.setAttribute("aria-label", words);
  button.dataset.sign = sign; // the style sheet shows it: as text it would belong to the button's name
  return button;
};
export const link = (target, text, name) => make("a", name || "act", text, { href: "#" + target });

// The server escapes every word; this is the second wall: only what we write ourselves gets into the page.
const TAGS = new Set(
  ("a article b blockquote br details div em h2 h3 img input label li mark p q rect small span strong summary svg table tbody td th time tr ul " +
    "circle clippath defs g line path style text title tspan use").split(" "),
);
const ATTRIBUTES = new Set(
  ("alt aria-current aria-hidden aria-label class d fill for height hidden href id loading maxlength name role rx src tabindex title transform " +
    "type value viewbox width x y style clip-path clip-rule xmlns version opacity").split(" "),
);
const NEAR = /^(#|\/v1\/)/;

const cleanStyle = (element) => element.closest("svg.picture") !== null;

export const cleaned = (html) => {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const element of [...parsed.body.querySelectorAll("*")]) {
    const tag = element.localName.toLowerCase();
    if (!TAGS.has(tag) || (tag === "style" && !cleanStyle(element))) {
      element.remove();
      continue;
    }
    for (const { name, value } of [...element.attributes]) {
      const plain = name.toLowerCase().replace("xlink:", "");
      const address = plain === "href" || plain === "src";
      const outside = /url\((?!#)|@import|expression/i.test(value) && !address;
      if (address && value.startsWith("/v1/")) element.setAttribute(name, base + value);
      if (!ATTRIBUTES.has(plain) || outside || (address && !NEAR.test(value)) || (plain === "style" && !cleanStyle(element)))
        element.removeAttribute(name);
    }
  }
  const fragment = document.createDocumentFragment();
  fragment.append(...[...parsed.body.childNodes].map((node) => document.importNode(node, true)));
  return fragment;
};

export const reason = (body, fallback) => {
  try {
    const error = JSON.parse(body).error;
    return [error.message, error.hint].filter(Boolean).join(" ");
  } catch {
    return fallback;
  }
};

// Ask the server; an error comes with the server's own words.
export const request = async (address, settings) => {
  let reply;
  try {
    reply = await fetch(base + address, settings);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(texts.unreachable);
  }
  if (reply.status === 401) location.assign(base + "/login?next=" + encodeURIComponent(location.pathname + location.search));
  const body = await reply.text();
  if (!reply.ok) throw Object.assign(new Error(reason(body, texts.broken)), { status: reply.status });
  return body;
};
export const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value != null)).toString();
export const send = (method, address, body) =>
  request(address, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const notice = (words) => {
  const box = make("div", "notice", "", { role: "alert" });
  const line = make("p");
  line.append(make("b", "sign", "!"), " " + words);
  box.append(line);
  return box;
};

let saying = null;
export const say = (words) => {
  if (!saying) {
    saying = make("div", "unseen", "", { role: "status" });
    document.body.append(saying);
  }
  saying.textContent = words;
};

// A wish is granted by the server's side of the page: its words travel in a hidden box. Wishes go one after the other,
// and those that are made before Gradio is there wait for it.
const wishes = [];
let granting = false;
const buttonOf = (id) => {
  const element = find(id);
  return element && (element.matches("button") ? element : element.querySelector("button"));
};
const grant = () => {
  if (granting || !wishes.length || !isReady()) return;
  const [text, id] = wishes[0];
  const box = document.querySelector("#wish textarea, #wish input");
  if (!box || !buttonOf(id)) {
    setTimeout(grant, 50); // Gradio draws its parts one after the other, and again
    return;
  }
  granting = true;
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  setTimeout(() => {
    const button = buttonOf(id);
    if (button) {
      wishes.shift();
      button.click();
    }
    granting = false;
    setTimeout(grant, button ? 0 : 50);
  }, 0);
};
export const wish = (text, button = "grant") => {
  wishes.push([text, button]);
  grant();
};

export const remembered = (name, fallback) => {
  try {
    return localStorage.getItem("dossier-" + name) || fallback;
  } catch {
    return fallback;
  }
};
export const remember = (name, value) => {
  try {
    localStorage.setItem("dossier-" + name, value);
  } catch {
    // private windows may refuse to remember
  }
};

export const later = (milliseconds, act) => {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), milliseconds);
  };
};

// What happens when a link inside the page is followed: `#verb-argument`.
export const verbs = new Map();
// What is done again whenever the page has changed.
export const tenders = [grant];
