"""The words of the page in every language it speaks; a further language is one more `Texts` in LANGUAGES."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from http.cookies import CookieError, SimpleCookie

NAME = "Dossier"
COOKIE = "dossier_language"
"""Holds the language that someone chose; the page's script writes it."""

Counted = tuple[str, str]
"""For one, and for any other number, which stands where `{n}` is."""


@dataclass(frozen=True, slots=True)
class Texts:
    """All words of the page in one language; `{...}` is filled in by the code."""

    language: str
    """As in the attribute `lang`."""
    own_name: str
    """What the language calls itself."""
    months: tuple[str, ...]
    decimal: str
    """What stands before tenths."""
    thousands: str
    """What stands between thousands."""
    day: str
    """How day and month with year stand together."""

    # the frame
    promise: str
    sources: str
    conversation: str
    reader: str
    theme: str
    larger: str
    smaller: str
    choose_language: str
    help: str
    close: str
    skip: str

    # sources
    dossier: str
    new_dossier: str
    create: str
    cancel: str
    save: str
    rename: str
    rename_dossier: str
    delete: str
    delete_dossier: str
    delete_dossier_sure: str
    dossier_actions: str
    dossier_name: str
    documents_tab: str
    conversations_tab: str
    search_documents: str
    sort_by: str
    sort_added: str
    sort_newest: str
    sort_oldest: str
    sort_title: str
    sort_publisher: str
    sort_longest: str
    filter: str
    all_publishers: str
    publisher: str
    author: str
    title: str
    published: str
    published_from: str
    published_to: str
    undated: str
    only_these: str
    all_asked: str
    some_asked: Counted
    filtered_asked: str
    ask_all: str
    tick_shown: str
    documents: Counted
    of_documents: str
    characters: str
    letters: str
    """Short for `characters`."""
    show_more: str
    no_documents: str
    nothing_found: str
    no_date: str
    tick: str
    dated_by_name: str
    dated_by_text: str

    # adding
    add: str
    drop: str
    choose_files: str
    choose_folder: str
    by_address: str
    address_hint: str
    fetch: str
    waiting: str
    sending: str
    reading: str
    added: str
    replaced: str
    unchanged: str
    retry: str
    replace_it: str
    keep_both: str
    unreachable: str
    refused: str
    lost: str
    adding_was: str
    uploads_summary: str
    clear_done: str
    expected: str
    expecting: str
    no_room: str
    nevertheless: str
    sync: str
    sync_hint: str
    sync_it: str
    sync_more: str
    sync_anyway: str
    synced: str
    job_failed: str
    job_cancelled: str

    # the conversation
    ask: str
    question: str
    send: str
    stop: str
    welcome: str
    welcome_more: str
    welcome_empty: str
    empty_more: str
    try_these: str
    go_on: str
    searching: str
    reading_now: str
    and_more: str
    stopped: str
    broken: str
    understood: str
    edit: str
    edit_question: str
    search_this: str
    again: str
    copy: str
    copied: str
    not_copied: str
    copy_plain: str
    copy_markdown: str
    copy_html: str
    link: str
    link_copied: str
    rests_on: str
    helpful: str
    unhelpful: str
    thanks: str
    comment: str
    send_comment: str
    declined: str
    missing: str
    nearest: str
    nothing_near: str
    disagree: str
    proved: str
    proved_in_part: str
    not_proved: str
    not_here: str
    proved_meaning: str
    in_part_meaning: str
    not_proved_meaning: str
    not_here_meaning: str
    by: str
    passages: Counted
    from_documents: Counted
    unsupported: str
    unchecked: str
    asked_only: str
    earlier: str
    seconds: str
    gone: str

    # kept conversations
    new_conversation: str
    wording: str
    wording_choice: str
    own_words: str
    worded_by: str
    no_models: str
    looking: str
    search_conversations: str
    no_conversations: str
    erase: str
    erase_sure: str
    erased: str
    export: str
    printable: str
    answers: Counted
    untitled: str

    # the reader
    passages_title: str
    no_passages: str
    aside_passages: str
    back: str
    previous: str
    next: str
    citation_of: str
    this_answer: str
    open_original: str
    correct: str
    corrected: str
    ask_only: str
    remove: str
    remove_sure: str
    remove_more: str
    removed: str
    keep: str
    pages_view: str
    text_view: str
    page: str
    page_picture: str
    pages: str
    slide: str
    sheet: str
    recognised: str
    text_before: str
    text_after: str
    changed: str
    no_version: str
    deleted: str
    same_words: str
    ask_about: str
    about_question: str
    passage: str
    loading: str

    # pictures
    look: str
    timeline: str
    map: str
    coverage: str
    timeline_more: str
    map_more: str
    coverage_more: str
    no_dates: str
    too_few: str
    no_coverage: str
    no_publisher: str
    cited_here: str
    other_documents: str
    statement: str
    map_near: str

    # shortcuts
    shortcuts: str
    keys: tuple[tuple[str, str], ...]
    """Key and what it does."""

    def count(self, words: Counted, number: int) -> str:
        """Say how many."""
        return words[0] if number == 1 else words[1].replace("{n}", f"{number:,}".replace(",", self.thousands))

    def date(self, published: str) -> str:
        """Write `2024-05-17` as people do; give anything else back as it is."""
        parts = published.split("-")
        if len(parts) not in (2, 3) or not all(part.isdecimal() for part in parts):
            return published
        month = int(parts[1])
        if not 1 <= month <= 12:
            return published
        words = f"{self.months[month - 1]} {parts[0]}"
        return self.day.format(day=int(parts[2]), month=words) if len(parts) == 3 else words

    def to_json(self) -> str:
        """Give everything to the page's script."""
        return json.dumps(asdict(self), ensure_ascii=False)


ENGLISH = Texts(
    language="en",
    own_name="English",
    months=(
        "January", "February", "March", "April", "May", "June", "July",
        "August", "September", "October", "November", "December",
    ),
    decimal=".",
    thousands=",",
    day="{day} {month}",
    promise="Answers from your documents, with proof",
    sources="Sources",
    conversation="Conversation",
    reader="Reader",
    theme="Light or dark",
    larger="Larger text",
    smaller="Smaller text",
    choose_language="Deutsch",
    help="Help and shortcuts",
    close="Close",
    skip="Go to the question",
    dossier="Dossier",
    new_dossier="New dossier",
    create="Create",
    cancel="Cancel",
    save="Save",
    rename="Rename",
    rename_dossier="Rename this dossier",
    delete="Delete",
    delete_dossier="Delete this dossier",
    delete_dossier_sure="Delete “{name}” with everything in it? This cannot be undone.",
    dossier_actions="New, rename or delete",
    dossier_name="Name",
    documents_tab="Documents",
    conversations_tab="Conversations",
    search_documents="Search the list",
    sort_by="Order",
    sort_added="Last added",
    sort_newest="Newest",
    sort_oldest="Oldest",
    sort_title="Title",
    sort_publisher="Publisher",
    sort_longest="Longest",
    filter="Filter",
    all_publishers="All publishers",
    publisher="Publisher",
    author="Author",
    title="Title",
    published="Published (2024, 2024-05 or 2024-05-17)",
    published_from="From",
    published_to="To",
    undated="Also without a date",
    only_these="Ask only these",
    all_asked="All documents are asked.",
    some_asked=("Only one ticked document is asked.", "Only {n} ticked documents are asked."),
    filtered_asked="Only documents that pass the filter are asked.",
    ask_all="Ask all again",
    tick_shown="Tick all listed",
    documents=("one document", "{n} documents"),
    of_documents="{n} of {total} documents",
    characters="characters",
    letters="char.",
    show_more="Show more",
    no_documents="No documents yet. Drop files anywhere on this page, or choose them above.",
    nothing_found="No document fits.",
    no_date="no date",
    tick="Ask “{title}”",
    dated_by_name="date from the file’s name",
    dated_by_text="date from the text",
    add="Add documents",
    drop="Drop files or folders here",
    choose_files="Choose files",
    choose_folder="Choose a folder",
    by_address="By address",
    address_hint="https:// … a page, a feed or a sitemap",
    fetch="Add",
    waiting="waiting",
    sending="sending",
    reading="reading",
    added="added",
    replaced="replaced",
    unchanged="already here, unchanged",
    retry="Try again",
    replace_it="Replace it",
    keep_both="Keep both",
    unreachable="The server could not be reached.",
    refused="The server refused the file.",
    lost="The server lost the upload.",
    adding_was="Adding it was {state}.",
    uploads_summary="{done} of {total} added",
    clear_done="Clear the list",
    expected="about {time}, {size} of disk",
    expecting="This may take {expected}.",
    no_room="These files would take about {size} of disk; {free} are free.",
    nevertheless="Add them nevertheless",
    sync="Keep equal to a folder of the server",
    sync_hint="/folder/on/the/server",
    sync_it="Sync",
    sync_more="Adds, replaces and removes the documents of that folder; others stay.",
    sync_anyway="Sync anyway",
    synced="{added} added, {replaced} replaced, {moved} moved, {removed} removed, {failed} failed",
    job_failed="failed",
    job_cancelled="cancelled",
    ask="Ask about your documents",
    question="Question",
    send="Ask",
    stop="Stop",
    welcome="What would you like to know?",
    welcome_more=(
        "Each sentence of an answer carries a number; follow it to the words that prove it. "
        "What the documents do not say stays unanswered."
    ),
    welcome_empty="Begin with your documents",
    empty_more=(
        "Drop articles, reports or notes anywhere on this page. Then ask: each sentence of an answer shows the words "
        "that prove it."
    ),
    try_these="Questions that these documents answer",
    go_on="You could go on with",
    searching="Searching",
    reading_now="Reading {titles}",
    and_more=" and {n} more",
    stopped="You stopped this answer.",
    broken="Something went wrong inside Dossier. The server’s log has the details; your documents are safe.",
    understood="Understood as:",
    edit="Edit",
    edit_question="Edit the question",
    search_this="Ask this instead",
    again="Ask again",
    copy="Copy",
    copied="Copied",
    not_copied="The browser did not allow it",
    copy_plain="As plain text",
    copy_markdown="As Markdown",
    copy_html="With footnotes (HTML)",
    link="Link",
    link_copied="Link copied",
    rests_on="What it rests on",
    helpful="Good answer",
    unhelpful="Bad answer",
    thanks="Thank you",
    comment="What was good or wrong? (may stay empty)",
    send_comment="Send",
    declined="These documents do not answer the question.",
    missing="What is missing",
    nearest="The nearest passages, which do not answer it",
    nothing_near="Nothing in these documents comes near the question.",
    disagree="The sources disagree: {about}",
    proved="Proved",
    proved_in_part="Proved in part",
    not_proved="Not proved",
    not_here="Not in these documents",
    proved_meaning="Every sentence was checked against the passages it cites.",
    in_part_meaning="Some of it is not told by the documents; see what is missing or marked.",
    not_proved_meaning="No passage supports these sentences.",
    not_here_meaning="What is missing is named below.",
    by="by",
    passages=("one passage", "{n} passages"),
    from_documents=("from one document", "from {n} documents"),
    unsupported="not proved",
    unchecked="not checked",
    asked_only="Asked only in what was ticked or filtered.",
    earlier="Show earlier questions",
    seconds="s",
    gone="This page no longer has that answer. Ask again.",
    new_conversation="New conversation",
    wording="Worded by",
    wording_choice="What words the answers",
    own_words="the sources",
    worded_by="worded by {model}",
    no_models="No language model is set up, and none was found on this machine.",
    looking="Looking on this machine",
    search_conversations="Search conversations",
    no_conversations="No conversations yet. Whatever you ask is kept here, for you alone.",
    erase="Erase",
    erase_sure="Erase “{title}” with all its answers? This cannot be undone.",
    erased="The conversation is erased.",
    export="Export",
    printable="Printable page",
    answers=("one answer", "{n} answers"),
    untitled="Conversation",
    passages_title="Passages that prove the answer",
    no_passages="Ask something, then follow a number: the words that prove the sentence are shown here.",
    aside_passages="That reply is not about your documents, so there is nothing to prove.",
    back="All passages",
    previous="Previous citation",
    next="Next citation",
    citation_of="Citation {n} of {total}",
    this_answer="Citations of this answer",
    open_original="Open the original",
    correct="Correct details",
    corrected="Saved. It stays corrected when the document is replaced.",
    ask_only="Ask only this",
    remove="Delete",
    remove_sure="Delete “{title}”?",
    remove_more="It will be in no new answer, and its quotes in earlier answers are deleted. This cannot be undone.",
    removed="“{title}” is deleted.",
    keep="Keep it",
    pages_view="Pages",
    text_view="Text",
    page="page",
    page_picture="Page {n} of {title}",
    pages="pages",
    slide="slide",
    sheet="sheet",
    recognised="read from a picture",
    text_before="Show the text before",
    text_after="Show the text after",
    changed="This document has changed since the answer. You see it as it was cited.",
    no_version="This document has changed since the answer, and the version that was cited is no longer kept.",
    deleted="This document has been deleted.",
    same_words="The same words are also in",
    ask_about="Ask about this",
    about_question="What is said about “{words}”?",
    passage="passage",
    loading="Opening",
    look="Pictures",
    timeline="Timeline",
    map="Map",
    coverage="What it rests on",
    timeline_more="Each dot is a document on its day. Filled with a ring: this answer cites it. Choose one to open it.",
    map_more="Documents that are alike stand close together. Choose one to open it.",
    coverage_more="Each row is a source, each column a sentence of the answer: a dot where the sentence rests on it.",
    no_dates="None of these documents has a date.",
    too_few="A map needs at least three documents.",
    no_coverage="Ask something first: this shows which sources the answer rests on.",
    no_publisher="no publisher",
    cited_here="cited by this answer",
    other_documents="other documents",
    statement="Sentence",
    map_near="near to each other: about the same things",
    shortcuts="Shortcuts",
    keys=(
        ("/", "write a question"),
        ("Enter", "ask; Shift and Enter: a new line"),
        ("Esc", "stop, close, or go back to the number"),
        ("j  k", "next and previous citation"),
        ("1 … 9", "open that citation of the last answer"),
        ("s", "search the documents"),
        ("g", "sources, conversation, reader in turn"),
        ("n", "new conversation"),
        ("u", "add documents"),
        ("+  −", "larger and smaller text"),
        ("d", "light or dark"),
        ("?", "this help"),
    ),
)  # fmt: skip

GERMAN = Texts(
    language="de",
    own_name="Deutsch",
    months=(
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli",
        "August", "September", "Oktober", "November", "Dezember",
    ),
    decimal=",",
    thousands=".",
    day="{day}. {month}",
    promise="Antworten aus Ihren Dokumenten, mit Beleg",
    sources="Quellen",
    conversation="Gespräch",
    reader="Leser",
    theme="Hell oder dunkel",
    larger="Größere Schrift",
    smaller="Kleinere Schrift",
    choose_language="English",
    help="Hilfe und Tasten",
    close="Schließen",
    skip="Zur Frage",
    dossier="Dossier",
    new_dossier="Neues Dossier",
    create="Anlegen",
    cancel="Abbrechen",
    save="Speichern",
    rename="Umbenennen",
    rename_dossier="Dieses Dossier umbenennen",
    delete="Löschen",
    delete_dossier="Dieses Dossier löschen",
    delete_dossier_sure="„{name}“ mit allem darin löschen? Das lässt sich nicht rückgängig machen.",
    dossier_actions="Neu, umbenennen oder löschen",
    dossier_name="Name",
    documents_tab="Dokumente",
    conversations_tab="Gespräche",
    search_documents="In der Liste suchen",
    sort_by="Reihenfolge",
    sort_added="Eingang",
    sort_newest="Neueste",
    sort_oldest="Älteste",
    sort_title="Titel",
    sort_publisher="Herausgeber",
    sort_longest="Längste",
    filter="Filter",
    all_publishers="Alle Herausgeber",
    publisher="Herausgeber",
    author="Verfasser",
    title="Titel",
    published="Erschienen (2024, 2024-05 oder 2024-05-17)",
    published_from="Von",
    published_to="Bis",
    undated="Auch ohne Datum",
    only_these="Nur diese fragen",
    all_asked="Alle Dokumente werden gefragt.",
    some_asked=("Nur ein angekreuztes Dokument wird gefragt.", "Nur {n} angekreuzte Dokumente werden gefragt."),
    filtered_asked="Nur Dokumente, die der Filter durchlässt, werden gefragt.",
    ask_all="Wieder alle fragen",
    tick_shown="Alle gezeigten ankreuzen",
    documents=("ein Dokument", "{n} Dokumente"),
    of_documents="{n} von {total} Dokumenten",
    characters="Zeichen",
    letters="Zeichen",
    show_more="Mehr zeigen",
    no_documents="Noch keine Dokumente. Legen Sie Dateien irgendwo auf dieser Seite ab, oder wählen Sie sie oben aus.",
    nothing_found="Kein Dokument passt.",
    no_date="ohne Datum",
    tick="„{title}“ fragen",
    dated_by_name="Datum aus dem Namen der Datei",
    dated_by_text="Datum aus dem Text",
    add="Dokumente hinzufügen",
    drop="Dateien oder Ordner hier ablegen",
    choose_files="Dateien wählen",
    choose_folder="Ordner wählen",
    by_address="Per Adresse",
    address_hint="https:// … eine Seite, ein Feed oder eine Sitemap",
    fetch="Hinzufügen",
    waiting="wartet",
    sending="wird gesendet",
    reading="wird gelesen",
    added="hinzugefügt",
    replaced="ersetzt",
    unchanged="schon hier, unverändert",
    retry="Noch einmal",
    replace_it="Ersetzen",
    keep_both="Beide behalten",
    unreachable="Der Server war nicht zu erreichen.",
    refused="Der Server hat die Datei abgelehnt.",
    lost="Der Server hat das Hochladen verloren.",
    adding_was="Das Hinzufügen endete: {state}.",
    uploads_summary="{done} von {total} hinzugefügt",
    clear_done="Liste leeren",
    expected="etwa {time}, {size} Speicherplatz",
    expecting="Das dauert wohl {expected}.",
    no_room="Diese Dateien brauchen etwa {size} Speicherplatz; frei sind {free}.",
    nevertheless="Trotzdem hinzufügen",
    sync="Mit einem Ordner des Servers gleich halten",
    sync_hint="/ordner/auf/dem/server",
    sync_it="Abgleichen",
    sync_more="Fügt Dokumente dieses Ordners hinzu, ersetzt und entfernt sie; andere bleiben.",
    sync_anyway="Trotzdem abgleichen",
    synced="{added} hinzugefügt, {replaced} ersetzt, {moved} verschoben, {removed} entfernt, {failed} gescheitert",
    job_failed="gescheitert",
    job_cancelled="abgebrochen",
    ask="Fragen Sie Ihre Dokumente",
    question="Frage",
    send="Fragen",
    stop="Anhalten",
    welcome="Was möchten Sie wissen?",
    welcome_more=(
        "Jeder Satz einer Antwort trägt eine Nummer; sie führt zu den Worten, die ihn belegen. "
        "Was die Dokumente nicht sagen, bleibt unbeantwortet."
    ),
    welcome_empty="Beginnen Sie mit Ihren Dokumenten",
    empty_more=(
        "Legen Sie Artikel, Berichte oder Notizen irgendwo auf dieser Seite ab. Dann fragen Sie: Jeder Satz einer "
        "Antwort zeigt die Worte, die ihn belegen."
    ),
    try_these="Fragen, auf die diese Dokumente antworten",
    go_on="Weiter ginge es mit",
    searching="Suche",
    reading_now="Lese {titles}",
    and_more=" und {n} weitere",
    stopped="Sie haben diese Antwort angehalten.",
    broken="In Dossier ist etwas schiefgegangen. Das Protokoll des Servers weiß mehr; Ihre Dokumente sind sicher.",
    understood="Verstanden als:",
    edit="Ändern",
    edit_question="Frage ändern",
    search_this="Stattdessen so fragen",
    again="Noch einmal fragen",
    copy="Kopieren",
    copied="Kopiert",
    not_copied="Der Browser hat es nicht erlaubt",
    copy_plain="Als reiner Text",
    copy_markdown="Als Markdown",
    copy_html="Mit Fußnoten (HTML)",
    link="Adresse",
    link_copied="Adresse kopiert",
    rests_on="Worauf sie beruht",
    helpful="Gute Antwort",
    unhelpful="Schlechte Antwort",
    thanks="Danke",
    comment="Was war gut oder falsch? (darf leer bleiben)",
    send_comment="Senden",
    declined="Diese Dokumente beantworten die Frage nicht.",
    missing="Was fehlt",
    nearest="Die nächsten Stellen, die sie nicht beantworten",
    nothing_near="Nichts in diesen Dokumenten kommt der Frage nahe.",
    disagree="Die Quellen sind uneins: {about}",
    proved="Belegt",
    proved_in_part="Zum Teil belegt",
    not_proved="Nicht belegt",
    not_here="Nicht in diesen Dokumenten",
    proved_meaning="Jeder Satz wurde an den Stellen geprüft, die er nennt.",
    in_part_meaning="Manches sagen die Dokumente nicht; siehe was fehlt oder gekennzeichnet ist.",
    not_proved_meaning="Keine Stelle stützt diese Sätze.",
    not_here_meaning="Was fehlt, steht darunter.",
    by="durch",
    passages=("eine Stelle", "{n} Stellen"),
    from_documents=("aus einem Dokument", "aus {n} Dokumenten"),
    unsupported="nicht belegt",
    unchecked="nicht geprüft",
    asked_only="Nur in dem gesucht, was angekreuzt oder gefiltert war.",
    earlier="Frühere Fragen zeigen",
    seconds="s",
    gone="Diese Seite hat die Antwort nicht mehr. Fragen Sie noch einmal.",
    new_conversation="Neues Gespräch",
    wording="Formuliert von",
    wording_choice="Was die Antworten formuliert",
    own_words="den Quellen",
    worded_by="formuliert von {model}",
    no_models="Kein Sprachmodell ist eingerichtet, und auf diesem Rechner wurde keines gefunden.",
    looking="Suche auf diesem Rechner",
    search_conversations="Gespräche durchsuchen",
    no_conversations="Noch keine Gespräche. Was Sie fragen, wird hier aufbewahrt, nur für Sie.",
    erase="Löschen",
    erase_sure="„{title}“ mit allen Antworten löschen? Das lässt sich nicht rückgängig machen.",
    erased="Das Gespräch ist gelöscht.",
    export="Ausgeben",
    printable="Druckseite",
    answers=("eine Antwort", "{n} Antworten"),
    untitled="Gespräch",
    passages_title="Stellen, die die Antwort belegen",
    no_passages="Fragen Sie etwas und folgen Sie einer Nummer: Hier stehen dann die Worte, die den Satz belegen.",
    aside_passages="Diese Antwort handelt nicht von Ihren Dokumenten, also gibt es nichts zu belegen.",
    back="Alle Stellen",
    previous="Vorige Stelle",
    next="Nächste Stelle",
    citation_of="Stelle {n} von {total}",
    this_answer="Stellen dieser Antwort",
    open_original="Original öffnen",
    correct="Angaben berichtigen",
    corrected="Gespeichert. Es bleibt berichtigt, auch wenn das Dokument ersetzt wird.",
    ask_only="Nur dieses fragen",
    remove="Löschen",
    remove_sure="„{title}“ löschen?",
    remove_more=(
        "Es kommt in keiner neuen Antwort mehr vor, und was frühere Antworten daraus anführen, wird gelöscht. "
        "Das lässt sich nicht rückgängig machen."
    ),
    removed="„{title}“ ist gelöscht.",
    keep="Behalten",
    pages_view="Seiten",
    text_view="Text",
    page="Seite",
    page_picture="Seite {n} von {title}",
    pages="Seiten",
    slide="Folie",
    sheet="Blatt",
    recognised="aus einem Bild gelesen",
    text_before="Den Text davor zeigen",
    text_after="Den Text danach zeigen",
    changed="Dieses Dokument hat sich seit der Antwort geändert. Sie sehen es so, wie es angeführt wurde.",
    no_version="Dieses Dokument hat sich seit der Antwort geändert; die angeführte Fassung ist nicht mehr da.",
    deleted="Dieses Dokument wurde gelöscht.",
    same_words="Dieselben Worte stehen auch in",
    ask_about="Danach fragen",
    about_question="Was wird über „{words}“ gesagt?",
    passage="Stelle",
    loading="Öffne",
    look="Bilder",
    timeline="Zeitlinie",
    map="Karte",
    coverage="Worauf sie beruht",
    timeline_more="Jeder Punkt ist ein Dokument an seinem Tag. Mit Ring: diese Antwort führt es an. Wählen öffnet es.",
    map_more="Ähnliche Dokumente stehen nah beieinander. Wählen öffnet sie.",
    coverage_more="Jede Zeile ist eine Quelle, jede Spalte ein Satz der Antwort: ein Punkt, wo er auf ihr beruht.",
    no_dates="Keines dieser Dokumente hat ein Datum.",
    too_few="Eine Karte braucht mindestens drei Dokumente.",
    no_coverage="Fragen Sie zuerst etwas: Hier steht dann, auf welchen Quellen die Antwort beruht.",
    no_publisher="ohne Herausgeber",
    cited_here="von dieser Antwort angeführt",
    other_documents="andere Dokumente",
    statement="Satz",
    map_near="nah beieinander: handeln vom selben",
    shortcuts="Tasten",
    keys=(
        ("/", "eine Frage schreiben"),
        ("Eingabe", "fragen; mit Umschalt: neue Zeile"),
        ("Esc", "anhalten, schließen oder zurück zur Nummer"),
        ("j  k", "nächste und vorige Stelle"),
        ("1 … 9", "diese Stelle der letzten Antwort öffnen"),
        ("s", "Dokumente durchsuchen"),
        ("g", "Quellen, Gespräch, Leser der Reihe nach"),
        ("n", "neues Gespräch"),
        ("u", "Dokumente hinzufügen"),
        ("+  −", "größere und kleinere Schrift"),
        ("d", "hell oder dunkel"),
        ("?", "diese Hilfe"),
    ),
)  # fmt: skip

LANGUAGES: Mapping[str, Texts] = {texts.language: texts for texts in (ENGLISH, GERMAN)}


def of_request(headers: Iterable[tuple[str, str]]) -> Texts:
    """Choose the language that someone set in the page, else the first of the browser's that we speak."""
    wished: list[str] = []
    for name, value in headers:
        if name.lower() == "cookie":
            wished = [*_chosen(value), *wished]
        elif name.lower() == "accept-language":
            wished += [part.partition(";")[0].strip()[:2].lower() for part in value.split(",")]
    return next((LANGUAGES[language] for language in wished if language in LANGUAGES), ENGLISH)


def _chosen(cookies: str) -> list[str]:
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return []
    return [morsel.value] if morsel else []
