"""Full text search over all transcripts: words, chapters, speakers, shows and dates.

query.py      what people type → Query, or QueryInvalid
tokens.py     text → what is looked up, in any script
passages.py   Transcript → passages, and how they are packed
sqlite.py     the index in a SQLite file of its own        postgres.py   … in the ledger's PostgreSQL
fts5.py       what SQLite's tables are asked            sqlite_ranking.py   … and what comes back, ranked
index.py      what both can do, and `search` over either
moments.py    passage → moment: the sentence, the hits in it, the second to play from
keeping.py    the index kept in step with the ledger
"""
