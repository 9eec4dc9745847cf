// What the page does in the browser: links inside it, its places on a narrow screen, light and dark, and uploads.
// A link's target is an element that is here (#passage-…) or a wish that the server fulfils (#document-…).
(() => {
  "use strict";
  const BASE = document.currentScript.src.replace(/\/page\/script\.js.*$/, ""); // where a proxy may have put us
  const PLACES = ["sources", "conversation", "passages"];
  const AT_ONCE = 2;
  const find = (id) => document.getElementById(id);
  let awaited = null; // the element to reveal once the server has sent it
  let fresh = false; // whether the panel has changed since
  let origin = null; // the link to return to with Escape

  // places and theme

  const show = (place) => {
    document.body.dataset.place = place;
    for (const tab of document.querySelectorAll(".tabs a")) {
      if (tab.hash === "#" + place) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
  };

  const remembered = () => {
    try {
      return localStorage.getItem("dossier-theme");
    } catch {
      return null;
    }
  };

  const paint = (theme) => {
    if (theme) document.body.classList.toggle("dark", theme === "dark");
  };

  const repaint = () => {
    const theme = document.body.classList.contains("dark") ? "light" : "dark";
    try {
      localStorage.setItem("dossier-theme", theme);
    } catch {
      // private windows may refuse to remember
    }
    paint(theme);
  };

  // links and wishes

  const reveal = (element) => {
    const place = element.closest(".place");
    if (place) show(place.id);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const mark = element.querySelector("mark") || element;
    const tall = element.offsetHeight > innerHeight * 0.6;
    (tall ? mark : element).scrollIntoView({ behavior: still ? "auto" : "smooth", block: "center" });
    for (const other of document.querySelectorAll(".found")) other.classList.remove("found");
    element.classList.add("found");
    element.focus({ preventScroll: true });
  };

  const wish = (text) => {
    const box = document.querySelector("#wish textarea, #wish input");
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => (find("grant").matches("button") ? find("grant") : find("grant").querySelector("button")).click(), 0);
  };

  const expected = (target) => {
    if (target.startsWith("quote-")) return "quote-mark";
    if (/^(document|remove)-/.test(target)) return "reading";
    if (target.startsWith("passages-")) return target === "passages-latest" ? "panel" : target;
    return target;
  };

  const copy = async (link, source) => {
    const words = link.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      link.textContent = "Copied";
    } catch {
      link.textContent = "The browser did not allow it";
    }
    setTimeout(() => (link.textContent = words), 1500);
  };

  const follow = (link) => {
    const target = decodeURIComponent(link.hash.slice(1));
    if (target === "theme") return repaint();
    if (PLACES.includes(target)) return show(target);
    if (target.startsWith("copy-")) return copy(link, find("copied-" + target.slice(5)));
    if (link.classList.contains("cite")) origin = link;
    const here = find(target);
    if (here) return reveal(here);
    awaited = expected(target);
    fresh = false;
    setTimeout(() => {
      fresh = true; // the same text as before changes nothing in the panel
      tend();
    }, 700);
    if (/^(document|remove|quote|passages?)-/.test(target)) show("passages");
    wish(target);
  };

  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest && event.target.closest("a[href^='#']");
      if (!link) return;
      event.preventDefault();
      event.stopPropagation();
      follow(link);
    },
    true,
  );

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !origin || !event.target.closest("#passages")) return;
    show("conversation");
    origin.focus();
  });

  // the newest question stays in view, at the top once its answer is long, unless the reader scrolls

  let asked = 0;
  let scrolled = false;
  for (const kind of ["wheel", "touchmove"]) document.addEventListener(kind, () => (scrolled = true), { passive: true });

  const keepInView = () => {
    const questions = document.querySelectorAll("#chat .question");
    if (questions.length !== asked) scrolled = false;
    asked = questions.length;
    const box = document.querySelector("#chat [role='log']");
    if (!asked || scrolled || !box) return;
    const top = questions[asked - 1].getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
    box.scrollTop = Math.min(top - 20, box.scrollHeight - box.clientHeight);
  };

  // uploads: each file is one request to the HTTP interface, then its job is followed to the end

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  };

  const chosenDossier = () => (find("dossier-name") || { textContent: "default" }).textContent;

  const reason = (body, fallback) => {
    try {
      const error = JSON.parse(body).error;
      return [error.message, error.hint].filter(Boolean).join(" ");
    } catch {
      return fallback;
    }
  };

  const send = (file, dossier, conflict, progress) =>
    new Promise((resolve, reject) => {
      const form = new FormData();
      form.append("dossier", dossier);
      form.append("on_conflict", conflict);
      form.append("files", file, file.name);
      const request = new XMLHttpRequest();
      request.open("POST", BASE + "/v1/documents");
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onerror = () => reject(new Error("The server could not be reached."));
      request.onload = () => {
        if (request.status === 202) resolve(JSON.parse(request.responseText).job);
        else reject(new Error(reason(request.responseText, "The server refused the file.")));
      };
      request.send(form);
    });

  const ended = async (job) => {
    while (["queued", "running"].includes(job.state)) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      const reply = await fetch(BASE + "/v1/jobs/" + encodeURIComponent(job.id));
      const body = await reply.text();
      if (!reply.ok) throw new Error(reason(body, "The server lost the upload."));
      job = JSON.parse(body).job;
    }
    return job;
  };

  const outcome = (job) => {
    if (job.failed.length) throw new Error(job.failed[0].error);
    if (job.state !== "done") throw new Error("Adding it was " + job.state + ".");
    if (job.replaced) return "↻ replaced";
    if (job.unchanged) return "= already here, unchanged";
    return "✓ added";
  };

  const row = (file) => {
    const item = make("li");
    const state = make("span", "state", "waiting");
    const bar = make("progress");
    bar.max = 1;
    bar.value = 0;
    item.append(make("span", "title", file.name), state, bar);
    return { item, state, bar };
  };

  const upload = async (file, dossier, conflict, line) => {
    line.item.className = "";
    for (const old of line.item.querySelectorAll(".choice")) old.remove();
    line.bar.hidden = false;
    try {
      line.state.textContent = "sending";
      const job = await send(file, dossier, conflict, (part) => (line.bar.value = part));
      line.state.textContent = "reading";
      line.bar.removeAttribute("value");
      line.state.textContent = outcome(await ended(job));
      line.item.className = "done";
    } catch (error) {
      line.state.textContent = "! " + error.message;
      line.item.className = "failed";
      if (conflict === "fail" && /already/i.test(error.message)) ask(file, dossier, line);
    }
    line.bar.hidden = true;
  };

  const ask = (file, dossier, line) => {
    const choice = make("span", "choice");
    for (const [words, conflict] of [["Replace it", "replace"], ["Keep both", "keep_both"]]) {
      const button = make("button", "button", words);
      button.type = "button";
      button.onclick = () => upload(file, dossier, conflict, line).then(() => wish("refresh"));
      choice.append(button);
    }
    line.item.append(choice);
  };

  const add = async (files) => {
    const list = find("upload-list");
    const dossier = chosenDossier();
    const queue = files.map((file) => ({ file, line: row(file) }));
    for (const old of list.querySelectorAll(".done")) old.remove();
    list.append(...queue.map(({ line }) => line.item));
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        await upload(next.file, dossier, "fail", next.line);
        wish("refresh");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  };

  const dropZone = () => {
    const zone = make("label", "drop");
    const input = make("input", "unseen");
    input.type = "file";
    input.multiple = true;
    input.id = "files";
    input.onchange = () => {
      const files = Array.from(input.files);
      input.value = "";
      if (files.length) add(files);
    };
    zone.append(input, make("b", "", "Add documents"), make("span", "", "Drop files here, or choose them"));
    const list = make("ul", "upload-list");
    list.id = "upload-list";
    list.setAttribute("aria-live", "polite");
    return [zone, list];
  };

  const carriesFiles = (event) => event.dataTransfer && Array.from(event.dataTransfer.types).includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    show("sources");
    const files = Array.from(event.dataTransfer.files);
    if (files.length) add(files);
  });

  // Gradio builds the page piece by piece, and again when something changes

  const tend = () => {
    const uploads = find("uploads");
    if (uploads && !uploads.firstChild) uploads.append(...dropZone());
    // Gradio labels each message with its HTML source, which a screen reader would read out
    for (const message of document.querySelectorAll("#chat [data-testid='bot'], #chat [data-testid='user']")) {
      if (message.hasAttribute("aria-label")) message.removeAttribute("aria-label");
    }
    if (!document.body.dataset.place && document.querySelector(".tabs")) {
      paint(remembered());
      show("conversation");
    }
    const element = awaited && fresh && find(awaited);
    if (element) {
      awaited = null;
      reveal(element);
    }
  };

  let due = false;
  new MutationObserver((changes) => {
    const panel = find("panel");
    const chat = find("chat");
    if (chat && changes.some((change) => chat.contains(change.target))) requestAnimationFrame(keepInView);
    if (panel && changes.some((change) => panel.contains(change.target))) fresh = true;
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      tend();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  let seen = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - seen > 3000 && find("grant")) wish("refresh");
    seen = Date.now();
  });
})();
