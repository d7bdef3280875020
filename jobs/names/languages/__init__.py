"""The forms of each language, one file a language; `jobs.names.forms` says what they mean."""
