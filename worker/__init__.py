"""The processes: settings and, where there is a broker, the tasks that run jobs."""
