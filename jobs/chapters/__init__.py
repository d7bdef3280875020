"""Chapters: one file per source that publishes them, one that chooses, one that puts them onto the file's timeline.

Where readers in the wild disagree, the decision and its reason stand at the top of the file that makes it:

- what a row, a title and an address are, and what is done with doubles and disorder: `marks`;
- which tag of a file counts, and what is hidden in it: `embedded`, `embedded_id3`, `embedded_mp4`, `embedded_vorbis`;
- how broken a chapters file may be: `podcast_json`, `psc`;
- what in show notes is a list, a row, a time and a title: `show_notes` and the files that it names;
- which source is used, and when titles and links of another may help: `choose`;
- what is made where nothing was published: `generated`, `topics`, `topic_words`, `topic_titles`;
- where a chapter begins in the file: `anchor`, `snap`, `topic_starts`, `place`.
"""
