"""The example episode, the tiny Whisper that reads it, and the scripts that made both."""
