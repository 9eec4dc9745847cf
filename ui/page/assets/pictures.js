// Looking rather than reading: the timeline and the map of a dossier, and what an answer rests on.
import { cleaned, dossierNow, find, notice, query, request, verbs } from "./dom.js";
import { show } from "./places.js";
import { top } from "./reader.js";

const cardsOf = (answer) => find("cards-" + answer) || [...document.querySelectorAll("#chat .cards")].pop();
const restsOf = (cards) => (cards && cards.querySelector(".rests") ? cards.querySelector(".rests").textContent : "");

const look = async (kind, answer) => {
  show("reader");
  const rests = restsOf(cardsOf(answer));
  const cited = [...new Set(rests.split(/[;.]/).filter(Boolean))].join(".");
  const dossier = dossierNow();
  const address = `/page/${kind}?` + query(kind === "coverage" ? { dossier, rests } : { dossier, cited });
  let content;
  try {
    content = cleaned(await request(address));
  } catch (error) {
    content = notice(error.message);
  }
  find("reader-room").replaceChildren(top(kind), content);
  find("reader").scrollTop = 0;
  if (find("reading-title")) find("reading-title").focus({ preventScroll: true });
};

verbs.set("rests", (answer) => look("coverage", answer));
for (const kind of ["coverage", "timeline", "map"]) verbs.set(kind, (answer) => look(kind, answer === kind ? "" : answer));

