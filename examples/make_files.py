"""Makes the two binary documents of the example dossier, a report (PDF) and a statement (DOCX), from the text below.

    python examples/make_files.py [FOLDER]

The folder is examples/documents unless another is given. Dates and identifiers in the files are fixed, so that the same
versions of the libraries make the same bytes every time.
"""

from __future__ import annotations

import datetime
import io
import pathlib
import sys
import zipfile

import docx
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate

REPORT_NAME = "2025-01-20_interim-report.pdf"
REPORT_TITLE = "Interim Report of the Commission of Inquiry into the Ternsay Bridge"
REPORT_DATE = "D:20250120090000Z"
REPORT = """
# Interim Report

Presented to the City Council of Skarrow on 20 January 2025 by the Commission of Inquiry into the Ternsay Bridge:
Ysolde Marn, judge (retired), chair; Professor Idris Kemble, structural engineer; Freya Oldcastle, auditor.

## 1. Mandate and work

1.1 The Commission was set up by the City Council on 1 October 2024. It is to establish how the contract for the new
bridge was awarded, how its cost was reported, and what was done with warnings about the steel.

1.2 It has held 19 sittings, heard 34 witnesses and read some 11,600 pages. The City gave it every paper that it asked
for and could find. Varnholt Bridgeworks answered in writing only.

1.3 The accident of 17 September 2024 is the subject of proceedings by the Labour Inspectorate. The Commission has not
examined it and makes no finding on it.

## 2. The tender

2.1 The invitation to bid of 17 April 2023 stated that price would count for 60 per cent of the marks and quality for
40 per cent. Three bids were received. They were opened on 19 June 2023 in the presence of a notary.

2.2 On 21 June 2023 the scoring sheet was replaced by another, in which price counts for 70 per cent and quality for
30 per cent. The bidders were not told. The sheet bears neither a name nor initials.

2.3 The Commission has repeated the calculation. Under the weights that had been announced, Castell & Brane would have
received 84.2 points and Varnholt Bridgeworks 83.2 points. Under the weights that were used, Varnholt Bridgeworks led
by three tenths of a point.

2.4 Who gave the instruction could not be established. The former director of the Harbour Crossings Agency speaks of a
wish "from city hall". The deputy mayor for works states that she learned of the change from the press. Neither
statement can be verified, because no minutes were kept of the meetings of 20, 21 and 22 June 2023.

2.5 The Commission has found no evidence that money or any other advantage was given or promised to anyone. It makes
no finding of corruption.

## 3. The memo on the steel

3.1 A memo dated 27 November 2023 warned that 19 of 52 certificates for steel plate could not be traced. It was
entered in the Agency's register on 28 November 2023 under number 1187.

3.2 The electronic copy was first opened on the director's account on 29 November 2023 at 08:12. It was then open for
eleven minutes. The former director does not remember reading it on that day.

3.3 Between that date and the council's vote of 23 April 2024 the Agency met the deputy mayor for works fourteen times.
The memo is on none of the agendas. The council voted without knowledge of it.

3.4 The Commission has had plates from the suspect deliveries tested. Of 60 samples, 58 met the specification. Two fell
short of the required toughness; both came from plates that were not built in.

## 4. Reporting of cost

4.1 The council had asked for a report on cost every three months. Between July 2023 and December 2024 six were due.
Two were delivered.

4.2 On 5 March 2024 councillors were told in a written answer that the project's reserve of 27 million crowns was
"untouched". The Agency's books show that it had been spent by 16 February 2024.

4.3 The Commission found no sign that the city treasurer knew of this. Her requests for figures are on file; most of
them went unanswered.

## 5. Interim conclusions

5.1 The tender was not conducted under the rules that had been announced. The council was twice asked to decide on
incomplete papers. The Commission attributes this to the absence of rules rather than to a plan.

5.2 It does not recommend that the contract be terminated. With the towers standing and the span complete, the risks of
a change of builder now exceed those of going on.

## 6. Recommendations

(1) Every change to a tender is to be signed, dated and sent to all bidders on the same day.

(2) Minutes are to be kept of each meeting at which a contract is discussed.

(3) Changes to contracts worth more than one million crowns are to be published within 14 days.

(4) Inspectors of welds and materials are to report to the council and to the Agency at the same time.

(5) The Agency's cost reports are to be countersigned by the city treasurer.

(6) A written warning about safety is to be answered in writing within ten working days.

(7) Members of scoring panels are to be named once a contract has been signed.

(8) Agreements on pay with departing directors are to be void without the consent of the finance committee.

(9) The director of the Agency is to be appointed by the council, for five years.

## 7. What remains

7.1 The Commission will next hear the main contractor's project manager and the supplier Brennick Plate. It intends to
present its final report by 30 June 2025.
"""

STATEMENT_NAME = "2024-12-19_city-statement.docx"
STATEMENT_TITLE = "Ternsay bridge: revised cost and timetable"
STATEMENT_AUTHOR = "City of Skarrow, Press Office"
STATEMENT_TIME = datetime.datetime(2024, 12, 19, 9, 0, 0)
STATEMENT = """
# Ternsay bridge: revised cost and timetable

Statement by the City of Skarrow, 19 December 2024

The City of Skarrow today laid a revised cost and a revised timetable for the Ternsay bridge before the council's
finance committee. Both have been checked by the city treasurer and by the acting director of the Harbour Crossings
Agency.

## Cost

The bridge is now expected to cost 534 million crowns when it is complete. That is 54 million more than the council
approved in April. Of this, 23 million is for the repair of welds, 17 million for the standstill of the site in autumn,
and 14 million for inspection and legal advice.

The City does not accept that citizens should bear all of these costs. It reserves the right to recover them from the
contractor, in court if it must.

Higher figures have been published elsewhere. They add interest, the foot ferry and the upkeep of the old swing bridge,
which belong to other budgets and would not end if the bridge were abandoned.

## Timetable

The bridge will open to traffic in October 2026. The date of March 2026 given in the spring can no longer be met,
because the centre span may not be lifted before the repair of its welds has been passed by the State Bridges
Authority.

Work on site was resumed on 4 November after all lifting clamps and both warning systems had been replaced.

## What the acting director says

"I would rather give one date that holds than three that do not," said Senna Vaile, acting director of the Harbour
Crossings Agency. "October 2026 has four months of slack in it. I intend to hand some of them back."

## What happens next

The council will debate the additional 54 million crowns on 25 February 2025. No money beyond the 480 million already
approved will be committed before then. The foot ferry remains free of charge until the bridge opens.
"""


def blocks(text: str) -> list[tuple[str, str]]:
    """The text's paragraphs in order, each with its mark: "#" title, "##" heading, "" paragraph."""
    found = []
    for block in text.strip().split("\n\n"):
        line = " ".join(block.split())
        mark = line[: len(line) - len(line.lstrip("#"))]
        found.append((mark, line[len(mark) :].strip()))
    return found


def furniture(canvas: Canvas, template: SimpleDocTemplate) -> None:
    """Draws the running header and footer of one page."""
    width, height = A4
    canvas.setDateFormatter(lambda *_: REPORT_DATE)
    canvas.setFont("Helvetica", 8.5)
    canvas.drawString(25 * mm, height - 15 * mm, "Commission of Inquiry into the Ternsay Bridge")
    canvas.drawRightString(width - 25 * mm, height - 15 * mm, "Interim Report")
    canvas.line(25 * mm, height - 17 * mm, width - 25 * mm, height - 17 * mm)
    canvas.drawString(25 * mm, 13 * mm, "City of Skarrow, 20 January 2025")
    canvas.drawRightString(width - 25 * mm, 13 * mm, f"Page {template.page}")


def report() -> bytes:
    """The commission's report as a PDF file."""
    body = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=15, spaceAfter=7, alignment=TA_JUSTIFY)
    heading = ParagraphStyle(
        "heading", fontName="Helvetica-Bold", fontSize=12.5, leading=16, spaceBefore=9, spaceAfter=5, keepWithNext=1
    )
    title = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=20, leading=26, spaceAfter=12)
    styles = {"#": title, "##": heading, "": body}
    file = io.BytesIO()
    template = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=25 * mm,
        rightMargin=25 * mm,
        topMargin=25 * mm,
        bottomMargin=22 * mm,
        title=REPORT_TITLE,
        author="Commission of Inquiry into the Ternsay Bridge",
        subject="How the contract was awarded, how its cost was reported, and what was done with warnings",
        invariant=1,
        pageCompression=0,
    )
    flow = [Paragraph(text.replace("&", "&amp;"), styles[mark]) for mark, text in blocks(REPORT)]
    template.build(flow, onFirstPage=furniture, onLaterPages=furniture)
    return file.getvalue()


def statement() -> bytes:
    """The city's statement as a Word file."""
    document = docx.Document()
    for mark, text in blocks(STATEMENT):
        document.add_paragraph(text, style={"#": "Title", "##": "Heading 1", "": "Normal"}[mark])
    core = document.core_properties
    core.title, core.author, core.last_modified_by = STATEMENT_TITLE, STATEMENT_AUTHOR, STATEMENT_AUTHOR
    core.created = core.modified = STATEMENT_TIME
    core.comments, core.language, core.revision = "", "en-GB", 1
    written, fixed = io.BytesIO(), io.BytesIO()
    document.save(written)
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(fixed, "w") as archive:
        for name in parts.namelist():
            part = zipfile.ZipInfo(name, STATEMENT_TIME.timetuple()[:6])  # python-docx would write the time of day
            part.create_system = 3  # Unix, on every system
            archive.writestr(part, parts.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def make(folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes both files into the folder and returns their paths."""
    made = {REPORT_NAME: report(), STATEMENT_NAME: statement()}
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in made]


if __name__ == "__main__":
    make(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "documents")
