"""Trivet's console inside the Airflow UI: pages that show what happened, and a frame for the actions on it.

    app.py          the FastAPI app: login, same origin, errors as pages; lists the rooms below
    visit.py        one request: who asks, in which language, on which deployment; renders templates
    rights.py       Airflow's user -> what she may do (the rules are `trivet.flow.console.access`)
    actions.py      declares a POST route: right, confirming page, audit name, message; start there to add one
    words.py        English is the key; zh.json says it in Chinese, codes.json names codes in both
    draw.py         sparks, bars and ranges as inline SVG
    overview.py deliveries.py person.py cases.py mappings.py connections.py agreement.py audit.py batch.py    a page each

A page asks `trivet.flow` and renders a template; no script runs but for the one link that leaves the frame (`batch.html`).
What is data and no word of ours stands in an element with `translate="no"`: a test reads the rest for untranslated words.
"""

from trivet.airflow.web.app import app

__all__ = ["app"]
