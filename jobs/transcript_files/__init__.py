"""Publishers' own transcripts (`<podcast:transcript>`), read: one file per format, `read` tells which one it is.

Whatever the format, the result is a `jobs.published.PublisherTranscript`: cues with times on the publisher's clock.
"""
