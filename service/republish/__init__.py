"""Shows given on as feeds that other players read, with their transcripts, chapters and people."""
