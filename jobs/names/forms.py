"""The forms of every language that is listed.

What is said or printed in another language is not read; `podcast:person` is, whatever the language.
"""

from __future__ import annotations

from jobs.names.form import Forms
from jobs.names.languages import de, en, es, fr, it, pt

FORMS = {"en": en.FORMS, "de": de.FORMS, "fr": fr.FORMS, "es": es.FORMS, "pt": pt.FORMS, "it": it.FORMS}
"""By language, without region."""


def forms_of(language: str | None) -> Forms | None:
    """Return the forms of a language, given as a BCP 47 code; none if it is not listed."""
    return FORMS.get((language or "").partition("-")[0].casefold())
