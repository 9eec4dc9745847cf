// Adding documents: each file is one request to the HTTP interface, then its job is followed to the end.
import { base, dossierNow, find, make, request, send, tenders, texts, wish } from "./dom.js";
import { expected, judged } from "./expected.js";
import { areAllowed, folderForm } from "./folders.js";
import { show } from "./places.js";
import { refresh } from "./sources.js";

const AT_ONCE = 3;
const list = () => find("upload-list");

const post = (file, dossier, conflict, progress) =>
  new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("dossier", dossier);
    form.append("on_conflict", conflict);
    form.append("files", file.file, file.name);
    const sent = new XMLHttpRequest();
    sent.open("POST", base + "/v1/documents");
    sent.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    sent.onerror = () => reject(new Error(texts.unreachable));
    sent.onload = () => {
      if (sent.status === 202) return resolve(JSON.parse(sent.responseText).job);
      let words = texts.refused;
      try {
        const { message, hint } = JSON.parse(sent.responseText).error;
        words = [message, hint].filter(Boolean).join(" ");
      } catch {
        // no words of the server's: ours must do
      }
      return reject(new Error(words));
    };
    sent.send(form);
  });

const ended = async (job, line) => {
  let pause = 120;
  while (["queued", "running"].includes(job.state)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 1.4, 1500);
    job = JSON.parse(await request("/v1/jobs/" + encodeURIComponent(job.id))).job;
    if (job.estimate) line.state.textContent = `${texts.reading}: ${expected(job.estimate)}`;
  }
  return job;
};

const outcome = (job) => {
  if (job.error) throw new Error([job.error.message, job.error.hint].filter(Boolean).join(" "));
  if (job.failed.length && job.added + job.replaced === 0) throw new Error(job.failed[0].error);
  if (job.state !== "done") throw new Error(texts.adding_was.replace("{state}", texts["job_" + job.state] || job.state));
  const failed = job.failed.length ? ` · ! ${job.failed[0].name}: ${job.failed[0].error}` : "";
  if (job.replaced) return "↻ " + texts.replaced + failed;
  if (job.unchanged && !job.added) return "= " + texts.unchanged;
  return "✓ " + texts.added + (job.added > 1 ? ` (${job.added})` : "") + failed;
};

const row = (name) => {
  const item = make("li");
  const state = make("span", "state", texts.waiting);
  const bar = make("progress", "", "", { max: 1, value: 0 });
  bar.setAttribute("aria-label", name);
  item.append(make("span", "title", name), state, bar);
  return { item, state, bar };
};

const summary = () => {
  const all = list().children.length;
  const done = list().querySelectorAll(".done").length;
  find("upload-summary").hidden = all < 2;
  find("upload-words").textContent = texts.uploads_summary.replace("{done}", done).replace("{total}", all);
};

const choices = (line, offers) => {
  const choice = make("span", "choice");
  for (const [words, act] of offers) choice.append(make("button", "button", words, { type: "button", onclick: act }));
  line.item.append(choice);
};

const add = async (thing, dossier, conflict, line) => {
  line.item.className = "";
  for (const old of line.item.querySelectorAll(".choice")) old.remove();
  line.bar.hidden = false;
  const again = (how) => () => add(thing, dossier, how, line).then(settled);
  try {
    line.state.textContent = texts.sending;
    const job = await thing.begin(dossier, conflict, (part) => (line.bar.value = part));
    line.state.textContent = texts.reading;
    line.bar.removeAttribute("value");
    const end = await ended(job, line);
    line.state.textContent = thing.outcome && end.state === "done" ? thing.outcome(end) : outcome(end);
    line.item.className = "done";
  } catch (error) {
    line.state.textContent = "! " + error.message;
    line.item.className = "failed";
    const known = conflict === "fail" && /already/i.test(error.message);
    const offered = thing.again && thing.again(error);
    if (offered) choices(line, [[offered[0], again(offered[1])]]);
    else choices(line, known ? [[texts.replace_it, again("replace")], [texts.keep_both, again("keep_both")]] : [[texts.retry, again(conflict)]]);
  }
  line.bar.hidden = true;
  summary();
};

const settled = () => {
  refresh();
  wish("welcome");
};

// Tell what much will take; what there seems to be no room for is begun only when that is wished.
const tellExpected = async (things) => {
  const verdict = await judged(things.filter((thing) => thing.file).map(({ file, name }) => ({ name, size: file.size })));
  const told = find("upload-expected");
  told.hidden = !verdict;
  if (!verdict) return;
  told.textContent = verdict.words;
  if (verdict.fits) return;
  await new Promise((go) => {
    told.append(" ", make("button", "button", texts.nevertheless, { type: "button", onclick: go }));
  });
  told.hidden = true;
};

const work = async (things) => {
  if (!things.length) return;
  const dossier = dossierNow() || "default";
  const queue = things.map((thing) => ({ thing, line: row(thing.name) }));
  list().append(...queue.map(({ line }) => line.item));
  summary();
  find("upload-more").open = true;
  await tellExpected(things);
  let last = Date.now();
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      await add(next.thing, dossier, "fail", next.line);
      if (Date.now() - last > 1500) {
        last = Date.now();
        refresh();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  find("upload-expected").hidden = true;
  settled();
};

const thingOf = (file, path) => {
  const thing = { file, name: path || file.webkitRelativePath || file.name };
  thing.begin = (dossier, conflict, progress) => post(thing, dossier, conflict, progress);
  return thing;
};
const addressThing = (address) => ({
  name: address,
  begin: async (dossier, conflict) => JSON.parse(await send("POST", "/v1/documents", { dossier, on_conflict: conflict, urls: [address] })).job,
});

// folders that are dropped are walked through

const walked = (entry) =>
  new Promise((resolve) => {
    if (entry.isFile) return entry.file((file) => resolve([thingOf(file, entry.fullPath.slice(1))]), () => resolve([]));
    const reader = entry.createReader();
    const found = [];
    const read = () =>
      reader.readEntries(
        async (entries) => {
          if (!entries.length) return resolve((await Promise.all(found.map(walked))).flat());
          found.push(...entries.filter((one) => !one.name.startsWith(".")));
          return read();
        },
        () => resolve([]),
      );
    return read();
  });

const dropped = async (transfer) => {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  const files = [...transfer.files];
  if (entries.some((entry) => entry.isDirectory)) return (await Promise.all(entries.map(walked))).flat();
  return files.map((file) => thingOf(file));
};

const chooser = (id, words, folder) => {
  const label = make("label", "button");
  const input = make("input", "unseen", "", { type: "file", multiple: true, id });
  if (folder) input.webkitdirectory = true;
  input.onchange = () => {
    const things = [...input.files].filter((file) => !/(^|\/)\./.test(file.webkitRelativePath)).map((file) => thingOf(file));
    input.value = "";
    work(things);
  };
  label.append(input, words);
  return label;
};

const build = () => {
  const zone = make("div", "drop");
  const buttons = make("span", "choice");
  buttons.append(chooser("files", texts.choose_files, false), chooser("folder", texts.choose_folder, true));
  const address = make("form", "address");
  const field = make("input", "", "", { type: "url", id: "address", placeholder: texts.address_hint, required: true, maxLength: 2000 });
  field.setAttribute("aria-label", texts.by_address);
  address.append(field, make("button", "button", texts.fetch, { type: "submit" }));
  address.onsubmit = (event) => {
    event.preventDefault();
    work([addressThing(field.value.trim())]);
    field.value = "";
  };
  zone.append(make("span", "", texts.drop), buttons, address, ...(areAllowed ? [folderForm(work)] : []));
  const more = make("details", "adding", "", { id: "upload-more" });
  const line = make("p", "", "", { id: "upload-summary", hidden: true });
  const clear = make("button", "act", texts.clear_done, { type: "button" });
  clear.onclick = () => {
    for (const old of [...list().querySelectorAll(".done")]) old.remove();
    summary();
  };
  line.append(make("span", "", "", { id: "upload-words", role: "status" }), " ", clear);
  const told = make("p", "", "", { id: "upload-expected", role: "status", hidden: true });
  more.append(make("summary", "button main", "+ " + texts.add), zone, told, line, make("ul", "upload-list", "", { id: "upload-list" }));
  find("uploads").append(more);
};

const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dropping");
  show("sources");
  work(await dropped(event.dataTransfer));
});

export const unfold = () => {
  show("sources");
  find("upload-more").open = true;
  find("files").focus();
};
tenders.push(() => {
  if (find("uploads") && !find("uploads").firstChild) build();
});
