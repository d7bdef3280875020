"""Speech engines behind two protocols; the only rooms that import speech libraries, and lazily."""
