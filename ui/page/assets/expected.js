// What a large import will take of time and disk, told before it begins and while it lasts.
import { send, texts } from "./dom.js";

const LARGE_FILES = 200; // smaller ones are done before one has read it
const LARGE_BYTES = 20e6;

const unit = (value, name, digits = 0) =>
  new Intl.NumberFormat(document.documentElement.lang || "en", { style: "unit", unit: name, unitDisplay: "long", maximumFractionDigits: digits }).format(value);
const time = (seconds) => {
  if (seconds < 90) return unit(Math.max(1, Math.round(seconds)), "second");
  return seconds < 5400 ? unit(Math.round(seconds / 60), "minute") : unit(seconds / 3600, "hour", 1);
};
const size = (bytes) => (bytes >= 1e9 ? unit(bytes / 1e9, "gigabyte", 1) : unit(Math.max(1, Math.round(bytes / 1e6)), "megabyte"));

export const expected = ({ seconds, disk }) => texts.expected.replace("{time}", time(seconds)).replace("{size}", size(disk));

// Judge files that are to be sent: null for few, else what to say, and whether there is room for them.
export const judged = async (files) => {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length < LARGE_FILES && bytes < LARGE_BYTES) return null;
  const sizes = {};
  for (const { name, size: of } of files) {
    const ending = (/\.[^.]{1,19}$/.exec(name) || [""])[0].toLowerCase();
    sizes[ending] = (sizes[ending] || 0) + of;
  }
  try {
    const { estimate } = JSON.parse(await send("POST", "/v1/documents/estimate", { sizes }));
    const fits = estimate.disk < estimate.free;
    const words = fits ? texts.expecting.replace("{expected}", expected(estimate)) : texts.no_room.replace("{size}", size(estimate.disk)).replace("{free}", size(estimate.free));
    return { words, fits };
  } catch {
    return null; // what each file meets is told at the file
  }
};
