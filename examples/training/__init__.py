"""Training of the tiny Whisper on sentences that espeak-ng speaks."""
