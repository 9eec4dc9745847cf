// Keeping a dossier equal to a folder of the server's machine, where the settings name folders for that.
import { make, request, send, texts } from "./dom.js";

export const areAllowed = document.querySelector("meta[name='dossier-folders']").content !== "";

// What `work` of the uploads takes: its name, how its job begins, and what came of it in words.
const thingOf = (folder) => ({
  name: folder,
  begin: async (dossier, conflict) => JSON.parse(await send("POST", "/v1/admin/sync", { folder, dossier, yes: conflict === "yes" })).job,
  again: (error) => (error.status === 409 ? [texts.sync_anyway, "yes"] : null),
  outcome: (job) => {
    const { failed, ...counts } = job.result.synced;
    let words = texts.synced.replace("{failed}", failed.length);
    for (const [name, number] of Object.entries(counts)) words = words.replace(`{${name}}`, number);
    return [`✓ ${words}`, ...failed.map((one) => `! ${one.name}: ${one.error}`)].join(" · ");
  },
});

export const folderForm = (work) => {
  const form = make("form", "address folders");
  const known = make("datalist", "", "", { id: "folders-known" });
  const field = make("input", "", "", { id: "sync-folder", placeholder: texts.sync_hint, required: true, maxLength: 4000, autocomplete: "off" });
  field.setAttribute("list", known.id);
  field.setAttribute("aria-label", texts.sync);
  field.onfocus = async () => {
    field.onfocus = null;
    try {
      const { folders } = JSON.parse(await request("/page/folders"));
      known.replaceChildren(...folders.map((value) => make("option", "", "", { value })));
    } catch {
      // names to choose from are a kindness: a folder can be typed
    }
  };
  form.append(make("span", "more", `${texts.sync}. ${texts.sync_more}`), field, known, make("button", "button", texts.sync_it, { type: "submit" }));
  form.onsubmit = (event) => {
    event.preventDefault();
    work([thingOf(field.value.trim())]);
  };
  return form;
};
