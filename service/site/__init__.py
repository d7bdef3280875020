"""A whole archive as a folder of pages that open from a disk: no server, no network.

links.py      where things are in the folder
index.py      what its search looks up, in files that pages can load without a server
folder.py     files that are written only where they changed, and removed once nothing leads to them
making.py     all of it together
"""
